"""Object detectors that the user brings, as ONNX networks: YOLOX, PicoDet and NanoDet, YOLO-type, DETR-like, and ones with suppression
built in."""

from haetae.vad.detector.boxes import Detections
from haetae.vad.detector.network import Detector, open_detector

__all__ = ["Detections", "Detector", "open_detector"]
