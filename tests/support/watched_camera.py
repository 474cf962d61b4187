"""An E2ESystem with a feed for who looks live."""

from random import Random

from tests.support.site_parts import RecordingLog, Watcher, make_camera

from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.pipeline.e2e_system import E2ESystem, Parts
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.live_feed import CameraFeed
from haetae.sources.reconnect import ReconnectPolicy
from haetae.testing.clock import FakeClock
from haetae.testing.scripted_model import ScriptedModel
from haetae.vad.gate import Gate
from haetae.vad.normality import Normality


class WatchedCamera:
    """`open_source()` gives the next connection; `look(self)` is called on the camera's thread before each picture is judged."""

    def __init__(self, tmp_path, open_source, *, zones=(), look=lambda _camera: None, feed=None, clock=None):
        self.clock = clock or FakeClock()
        self.feed = feed or CameraFeed(new_id(), self.clock)
        self.camera = make_camera(learning_s=1.0, zones=zones)
        layout, observer, log = StorageLayout(tmp_path), Watcher(), RecordingLog()

        def raw(_window):
            look(self)
            return 0.0

        model = ScriptedModel(raw)
        self.system = E2ESystem(
            self.camera,
            Parts(
                model=model,
                open_source=open_source,
                make_normality=lambda seconds: Normality.new(model, false_alarms_per_day=1.0, learning_s=seconds),
                make_recorder=lambda: IncidentRecorder(
                    self.camera.id,
                    log=log,
                    layout=layout,
                    make_clips=lambda on_clip: ClipRecorder(self.camera.id, layout, on_clip),
                    observer=observer,
                ),
                gate=Gate(),
                reconnect=ReconnectPolicy(self.clock, Random(1), first_s=0.05),
                observer=observer,
                clock=self.clock,
                learned=lambda _normality: None,
                persistent=True,
                feed=self.feed,
            ),
        )
