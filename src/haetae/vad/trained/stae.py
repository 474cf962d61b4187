"""`stae`: rebuilds the last pictures through a narrow space-time code; what was not seen in training does not fit through it."""

from haetae.domain.fact import FactKind
from haetae.vad.trained.model import Attribute
from haetae.vad.trained.picture_model import PictureModel


class StaeModel(PictureModel):
    """STAE (Zhao et al., "Spatio-temporal autoencoder for video anomaly detection", ACM MM 2017), on pictures minus the background. Its
    prediction branch serves the training only, as in the paper; judged by how the newest picture of a clip is rebuilt.
    """

    name = "stae"
    version = 1
    attributes = (Attribute("rebuilding_error", FactKind.APPEARANCE, "px", 0.02, is_length=True),)
    frames = 6
    sees_newest = True
