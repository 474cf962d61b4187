"""The model `onnx`: any network that takes a clip and gives a score, described by a card."""

from haetae.vad.card.model import OnnxModel

__all__ = ["OnnxModel"]
