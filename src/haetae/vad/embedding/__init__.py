"""The model `embedding`: how far the whole picture lies from everything seen while learning, by a network that the user brings."""

from haetae.vad.embedding.model import EmbeddingModel

__all__ = ["EmbeddingModel"]
