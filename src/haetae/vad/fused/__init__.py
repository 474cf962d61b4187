"""The model `fused`: `motion` and a trained model together."""

from haetae.vad.fused.model import FusedModel

__all__ = ["FusedModel"]
