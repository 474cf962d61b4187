"""What an ONNX file is, whether it works here and how fast: looked at in a process of its own, as it may be hostile."""

from haetae.vad.inspect.guard import Limits, inspect_file

__all__ = ["Limits", "inspect_file"]
