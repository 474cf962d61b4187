"""`memae`: rebuilds the last pictures out of remembered pieces of normal footage; what has no such pieces is rebuilt badly."""

from haetae.domain.fact import FactKind
from haetae.vad.trained.model import Attribute
from haetae.vad.trained.picture_model import PictureModel


class MemaeModel(PictureModel):
    """MemAE (Gong et al., "Memorizing normality to detect anomaly: memory-augmented deep autoencoder for unsupervised anomaly detection",
    ICCV 2019), on pictures minus the background. Judged by how the newest picture of a clip is rebuilt.
    """

    name = "memae"
    version = 2
    attributes = (Attribute("rebuilding_error", FactKind.APPEARANCE, "px", 0.02, is_length=True),)
    frames = 6
    sees_newest = True
