"""A scene as a video file, with its labels beside it."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import av

from haetae.errors import ConfigError, MediaError
from haetae.simulate.encoder import add_h264, picture_of
from haetae.simulate.labels import LabelRecorder, labels_path
from haetae.simulate.render import render
from haetae.simulate.spec import SceneSpec

OnFrame = Callable[[int], None]
"""Called with the count of frames written so far."""


def write_video(spec: SceneSpec, path: Path, on_frame: OnFrame | None = None) -> Path:
    """Render a finite scene into `path` (MP4, MKV or MOV, H.264) and its labels beside it; returns the labels' path.

    Both files appear under their names only when they are complete; after an error neither does. Raises ConfigError for an endless
    scene or another ending, MediaError when the files cannot be written.
    """
    if spec.seconds is None:
        raise ConfigError("seconds: a file cannot hold an endless scene", hint="Give the scene a length.")
    if path.suffix.lower() not in (".mp4", ".mkv", ".mov"):
        raise ConfigError(f"output must end in .mp4, .mkv or .mov, not {path.name!r}", hint="Name it for example plaza.mp4.")
    beside = labels_path(path)
    frames = render(spec)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
            video, labels = Path(folder) / path.name, Path(folder) / beside.name
            recorder = LabelRecorder(spec)
            with av.open(str(video), "w") as container:
                stream = add_h264(container, spec.size, spec.fps)
                for frame in frames:
                    recorder.add(frame.number, frame.labels, frame.harmless)
                    container.mux(stream.encode(picture_of(frame.rgb, frame.number, stream.codec_context.time_base)))
                    if on_frame is not None:
                        on_frame(frame.number + 1)
                container.mux(stream.encode(None))
            labels.write_bytes(recorder.labels().to_json())
            for file in (video, labels):
                _sync(file)
            os.replace(labels, beside)
            os.replace(video, path)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"cannot write {path}: {error}", hint="Check the folder, its permissions and the free space.") from error
    return beside


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
