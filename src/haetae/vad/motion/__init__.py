"""The default model, `motion`."""

from haetae.vad.motion.model import MotionModel

__all__ = ["MotionModel"]
