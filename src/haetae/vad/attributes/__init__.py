"""The model `attributes`: judges each object that a user's detector finds, and each moving thing that it misses, beside `motion`."""

from haetae.vad.attributes.model import AttributesModel

__all__ = ["AttributesModel"]
