"""`predictor`: a small network foretells the next picture from the last ones; what moves or looks as never before is foretold badly."""

from haetae.domain.fact import FactKind
from haetae.vad.trained.model import Attribute
from haetae.vad.trained.picture_model import PictureModel


class PredictorModel(PictureModel):
    """Future prediction (after Liu et al., "Future frame prediction for anomaly detection", CVPR 2018), on pictures minus the background,
    by a U-Net of about 115,000 weights.
    """

    name = "predictor"
    version = 1
    attributes = (Attribute("prediction_error", FactKind.APPEARANCE, "px", 0.02, is_length=True),)
    frames = 5
    sees_newest = False
