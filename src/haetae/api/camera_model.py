"""Whether a camera's model is known, and takes the settings that it is given."""

import inspect
from collections.abc import Mapping
from typing import Any

from haetae.domain.camera import CameraConfig
from haetae.errors import ConfigError
from haetae.settings import SourcePolicySettings
from haetae.sources.policy import SourcePolicy
from haetae.vad.base import VAD_MODELS

FILES = ("path", "weights", "detector", "embedding", "labels", "card")
"""Settings of models that are files."""


def check_model(camera: CameraConfig, policy: SourcePolicySettings) -> None:
    """Raises ConfigError for an unknown model or a setting that it does not know or take, MissingExtra, ModelError for a file that is none.

    Files are allowed where videos are: in `source_policy.folders`. A model that says what memory it needs is not made for this: it may be
    large.
    """
    if camera.vad_model not in VAD_MODELS.names():
        raise ConfigError(f"unknown VAD model {camera.vad_model!r}", hint=f"Known: {', '.join(VAD_MODELS.names())}")
    settings = dict(camera.vad_settings)
    _check_files(settings, policy)
    model = VAD_MODELS.load(camera.vad_model)
    try:
        inspect.signature(model).bind(**settings)
        if estimate := getattr(model, "estimate_mb", None):
            estimate(**settings)
        else:
            model(**settings)
    except (TypeError, ValueError, OverflowError) as error:
        raise ConfigError(f"the model {camera.vad_model!r} refuses these settings: {error}", hint="Correct vad_settings") from None


def _check_files(settings: Mapping[str, Any], policy: SourcePolicySettings) -> None:
    for name, value in settings.items():
        if isinstance(value, str) and (name in FILES or name.endswith("_path") or "/" in value):
            try:
                if "://" in value:
                    raise ConfigError("it is an address, not the path of a file")
                SourcePolicy(policy).check(value, remote=True)
            except ConfigError as error:
                raise ConfigError(f"vad_settings.{name} is refused: {error.message}", hint=error.hint) from None
