"""`mnad`: foretells the next picture through a memory of a few prototypes; what no prototype resembles is foretold badly."""

from haetae.domain.fact import FactKind
from haetae.vad.trained.model import Attribute
from haetae.vad.trained.picture_model import PictureModel


class MnadModel(PictureModel):
    """MNAD, its prediction variant (Park et al., "Learning memory-guided normality for anomaly detection", CVPR 2020), on pictures minus
    the background, without a skip connection round the memory and without changing it after training: both let what is abnormal through.
    """

    name = "mnad"
    version = 1
    attributes = (Attribute("prediction_error", FactKind.APPEARANCE, "px", 0.02, is_length=True),)
    frames = 5
    sees_newest = False
