"""A whole site in this process, on a folder of its own."""

from tests.support.waiting import wait_until

from haetae.clock import SystemClock
from haetae.compose.site import Site
from haetae.database.camera_store import CameraStore
from haetae.database.opening import writing
from haetae.domain.camera import CameraConfig
from haetae.ids import new_id
from haetae.media.blobs import StorageLayout
from haetae.pipeline.observer import NoObserver
from haetae.settings import MetricsSettings, SiteSettings, SourcePolicySettings, SourceSettings, StorageSettings, SystemConfig
from haetae.simulate.spec import SceneSpec
from haetae.simulate.video import write_video
from haetae.sources.base import SourceOptions
from haetae.training.footage import learn_footage
from haetae.vad.base import create_model
from haetae.vault import Vault

ANALYSED_FPS = 5.0


def site_config(folder, *, max_cameras=20, database_url=None, **site):
    """Quick to notice and to try again, and without metrics."""
    return SystemConfig(
        storage=StorageSettings(directory=folder, database_url=database_url),
        source=SourceSettings(connect_timeout_s=3.0, read_timeout_s=2.0, retry_cap_s=0.2),
        site=SiteSettings(max_cameras=max_cameras, reconcile_s=0.2, **site),
        metrics=MetricsSettings(enabled=False),
        source_policy=SourcePolicySettings(allow_loopback=True),
    )


def store_cameras(config, cameras):
    """Put cameras into the site's database, which is made where there is none."""
    with writing(config.database_url()) as sessions:
        vault = Vault.open(config.storage.directory)
        store = CameraStore(sessions, SystemClock(), max_cameras=config.site.max_cameras, vault=vault)
        for camera in cameras:
            store.add(camera)


def add_camera(config, name, source, *, state=None, **settings):
    """A camera in the site's database, with what it learned before."""
    camera = CameraConfig(new_id(), name, str(source), analysed_fps=ANALYSED_FPS, **settings)
    if state is not None:
        layout = StorageLayout(config.storage.directory)
        path = layout.path(layout.state(camera.id, camera.vad_model))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(state.read_bytes())
    store_cameras(config, [camera])
    return camera


def render(path, *, scene="plaza", seconds=20.0, seed=1, **spec):
    """A small rendered scene, cheap to decode."""
    write_video(SceneSpec(scene=scene, seed=seed, seconds=seconds, fps=10.0, size=(320, 180), **spec), path)
    return path


def learn(video, path):
    """What a camera learns of `video`, saved at `path`."""
    options = SourceOptions(analysed_fps=ANALYSED_FPS)
    learn_footage(create_model("motion"), [str(video)], options, SystemClock(), false_alarms_per_day=1.0).save(path)
    return path


class Scores:
    """The scores of each camera, by frame number."""

    def __init__(self):
        self.by_camera = {}

    def __call__(self, camera):
        scores = self.by_camera.setdefault(camera.name, {})

        class Listener(NoObserver):
            def scored(self, score):
                scores[score.frame_number] = score.raw

        return Listener()


class RunningSite:
    """`with RunningSite(config) as running:` starts it and closes it."""

    def __init__(self, config, watchers=()):
        self.config = config
        self.site = Site(config, watchers=watchers)

    def __enter__(self):
        self.site.start()
        return self

    def __exit__(self, *_error):
        self.site.close()

    def status(self, camera):
        return next(status for status in self.site.status.cameras if status.camera_id == camera.id)

    def wait(self, camera, condition, what, deadline_s=30.0):
        wait_until(lambda: condition(self.status(camera)), f"{camera.name}: {what}; is {self.status(camera)}", deadline_s=deadline_s)
