"""Parts of a site in memory, for tests of the pipeline."""

import threading
from random import Random

from haetae.domain.camera import CameraConfig
from haetae.errors import StorageError
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.media.clip import ClipRecorder
from haetae.pipeline.camera_run import RunParts
from haetae.pipeline.e2e_system import E2ESystem, Parts
from haetae.pipeline.incident_recorder import IncidentRecorder
from haetae.pipeline.observer import NoObserver, Observers
from haetae.pipeline.score_curve import ScoreCurves
from haetae.pipeline.tally import Tally
from haetae.sources.reconnect import ReconnectPolicy
from haetae.testing.scripted_model import ScriptedModel
from haetae.vad.gate import Gate
from haetae.vad.normality import Normality


class RecordingLog:
    """An event log in memory that refuses when told to."""

    def __init__(self):
        self.events = []
        self.refusing = False
        self._lock = threading.Lock()

    def log_event(self, event):
        with self._lock:
            if self.refusing:
                raise StorageError("the disk is full")
            self.events.append(event)

    def latest(self):
        newest = {}
        for event in list(self.events):
            if event.id not in newest or newest[event.id].revision < event.revision:
                newest[event.id] = event
        return list(newest.values())


class Watcher(NoObserver):
    def __init__(self):
        self.states = []
        self.scores = []
        self.final = []
        self.stages = []

    def state_changed(self, status):
        self.states.append(status.state)

    def scored(self, score):
        self.scores.append(score.value)

    def event_recorded(self, event, *, final):
        if final:
            self.final.append(event)

    def timed(self, stage, seconds):
        self.stages.append((stage, seconds))


class MemoryStates:
    """What cameras learned, in memory."""

    def __init__(self):
        self.saved = {}

    def load(self, camera, model):
        return self.saved.get((camera.id, camera.vad_model))

    def save(self, camera, normality):
        self.saved[camera.id, camera.vad_model] = normality

    def set_aside(self, camera_id):
        self.saved = {key: normality for key, normality in self.saved.items() if key[0] != camera_id}


class OneModel:
    """A pool of one model that everybody gets, or the error that it raises; counts what is held."""

    def __init__(self, model=None):
        self.model = model or ScriptedModel()
        self.error = None
        self.held = 0
        self.asked = []

    def get_vad_model(self, name, **settings):
        self.asked.append((name, settings))
        if self.error is not None:
            raise self.error
        self.held += 1
        return _Lease(self)


class _Lease:
    def __init__(self, pool):
        self._pool = pool
        self.name, self.version, self.max_batch = pool.model.name, pool.model.version, 1

    def __getattr__(self, name):
        return getattr(self._pool.model, name)

    def release(self):
        self._pool.held -= 1


class CameraParts:
    """Builds RunParts for a camera whose connections are scripted sources; `open_source(camera)` gives the next one."""

    def __init__(self, tmp_path, clock, open_source, *, model=None, hang_s=60.0, learning_s=1.0):
        self.log = RecordingLog()
        self.observer = Watcher()
        self.clock = clock
        self.pool = OneModel(model)
        self.states = MemoryStates()
        self.tally = Tally()
        self.systems = []
        self._open_source = open_source
        self.layout = StorageLayout(tmp_path)
        self._learning_s = learning_s
        self.hang_s = hang_s

    def run_parts(self):
        return RunParts(
            models=self.pool,
            states=self.states,
            build_system=self._build,
            observer=self.observer,
            tally=self.tally,
            clock=self.clock,
            crash_backoff=ReconnectPolicy(self.clock, Random(1), first_s=5.0),
            hang_s=self.hang_s,
        )

    def _build(self, camera, parts):
        curves = ScoreCurves()
        system = E2ESystem(
            camera,
            Parts(
                model=parts.model,
                open_source=lambda: self._open_source(camera),
                make_normality=lambda _s: Normality.new(parts.model, false_alarms_per_day=1.0, learning_s=self._learning_s),
                make_recorder=lambda: self._recorder(camera, curves),
                gate=Gate(),
                reconnect=ReconnectPolicy(self.clock, Random(1)),
                observer=Observers(parts.observer, curves),
                clock=self.clock,
                learned=parts.learned,
                normality=parts.normality,
                tally=parts.tally,
                heartbeat=parts.heartbeat,
                persistent=True,
            ),
        )
        self.systems.append(system)
        return system

    def _recorder(self, camera, curves):
        return IncidentRecorder(
            camera.id,
            log=self.log,
            layout=self.layout,
            make_clips=lambda on_clip: ClipRecorder(camera.id, self.layout, on_clip),
            observer=self.observer,
            curves=curves,
        )


def make_camera(name="door", source="scripted://door", **settings):
    return CameraConfig(new_id(), name, source, **settings)
