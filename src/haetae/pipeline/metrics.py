"""Prometheus metrics of a running site. docs/reference/metrics.md lists them.

What the site counts anyway is read from its SiteStatus when somebody scrapes, so a frame costs nothing; only durations are observed where
they happen. No label holds a camera's address, so no password of one can get into a metric.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from haetae.domain.action import ActStatus
from haetae.domain.camera import CameraState, CameraStatus
from haetae.domain.incident import RespondStatus
from haetae.domain.search import EmbeddingStatus, SearchStatus
from haetae.domain.site import LogStatus, ModelStatus, NoticeStatus, SiteStatus, StorageStatus
from haetae.domain.triage import LookStatus
from haetae.pipeline.metrics_server import MetricsServer
from haetae.pipeline.observer import NoObserver, Stage
from haetae.telemetry import redact_url

_MB = 2**20
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_CAMERA_STAGES = (Stage.VAD, Stage.CAPTURE_TO_SCORE, Stage.SCORE_TO_EVENT)

_Labels: TypeAlias = tuple[str, ...]
_Sample: TypeAlias = tuple[_Labels, float | None]
"""The values of the labels, and the sample's; None where there is nothing to say."""
_Family = TypeVar("_Family", GaugeMetricFamily, CounterMetricFamily)


class SiteMetrics:
    """The metrics of one site. `status` is called for each scrape, on the thread of whoever scrapes; all methods may be called on any."""

    def __init__(self, status: Callable[[], SiteStatus]) -> None:
        """Does not call `status` yet."""
        self._stages = Histogram(
            "haetae_stage_seconds", "How long a part of the way took.", ("camera", "stage"), buckets=_BUCKETS_S, registry=None
        )
        self._stored = Histogram(
            "haetae_event_stored_seconds", "From accepting an event to its commit in the database.", buckets=_BUCKETS_S, registry=None
        )
        # A registry of its own: a process may hold two sites (the tests do), and nothing else's metrics belong here.
        self._registry = CollectorRegistry()
        self._registry.register(_SiteCollector(status, (self._stages, self._stored)))

    def for_camera(self, camera_id: UUID, name: str = "") -> "CameraTimes":  # noqa: ARG002 (names change; the status has the one in force)
        """The observer of one camera; asked again for the same camera, it goes on where the one before was."""
        children = {stage: self._stages.labels(str(camera_id), stage.value) for stage in _CAMERA_STAGES}
        return CameraTimes({**children, Stage.EVENT_TO_STORED: self._stored})

    def forget_camera(self, camera_id: UUID) -> None:
        """The camera was removed: its durations are no longer shown. What its observer still hears changes nothing."""
        self._stages.remove_by_labels({"camera": str(camera_id)})

    def event_stored(self, seconds: float) -> None:
        """An event came into the database `seconds` after it was accepted."""
        self._stored.observe(seconds)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics and their content type, in the format that the HTTP header `accept` asks for. Raises what `status` raises."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def start_http(self, host: str, port: int) -> MetricsServer:
        """Serve `/metrics`; port 0 takes any free one. Raises ConfigError where that cannot be."""
        return MetricsServer(self.render, host, port)


class CameraTimes(NoObserver):
    """Observes the durations of one camera; a few microseconds each."""

    def __init__(self, histograms: dict[Stage, Histogram]) -> None:
        self._histograms = histograms

    def timed(self, stage: Stage, seconds: float) -> None:
        self._histograms[stage].observe(seconds)


class _SiteCollector(Collector):
    """Turns a SiteStatus into metrics when asked, and adds the durations."""

    def __init__(self, status: Callable[[], SiteStatus], durations: tuple[Histogram, ...]) -> None:
        self._status = status
        self._durations = durations

    def describe(self) -> Iterable[Metric]:
        # Without this, registering would ask for the status of a site that is not there yet.
        return ()

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        yield from _site(status)
        yield from _cameras(status.cameras)
        yield from _log(status.log)
        yield from _notices(status.notices)
        yield from _looks(status.looks)
        yield from _searches(status.searches, status.embeddings)
        yield from _responses(status.responses, status.acts)
        yield from _models(status.models)
        yield from _storage(status.storage)
        for histogram in self._durations:
            for family in histogram.collect():
                # When a series began: one more for each camera and stage, that nobody asked for.
                family.samples = [sample for sample in family.samples if not sample.name.endswith("_created")]
                yield family


def _site(status: SiteStatus) -> Iterator[Metric]:
    build = InfoMetricFamily("haetae_build", "The Haetae that runs.")
    build.add_metric((), {"version": status.version, "python": platform.python_version()})
    yield build
    yield _one("haetae_start_time_seconds", "Unix time of the start.", status.started_at.timestamp())
    yield _one("haetae_cameras_limit", "Cameras that may run at most.", status.max_cameras)
    yield _one("haetae_threads_abandoned", "Threads that were given up because they hang.", status.abandoned_threads)
    yield _one("haetae_process_resident_bytes", "Memory of the process, and of those that decode for it.", status.rss_mb * _MB)
    yield _one("haetae_process_threads", "Threads of the process.", status.threads)
    yield _one("haetae_process_open_files", "Open file descriptors of the process.", status.open_files)
    yield _gauges(
        "haetae_model_budget_bytes",
        "Memory for models, of the GPU where one is used, else of the process.",
        ("kind",),
        (((kind.removesuffix("_mb"),), mb * _MB) for kind, mb in status.memory.items()),
    )


def _cameras(cameras: tuple[CameraStatus, ...]) -> Iterator[Metric]:
    info = InfoMetricFamily("haetae_camera", "The name of a camera, which may change.", labels=("camera",))
    for camera in cameras:
        info.add_metric((str(camera.camera_id),), {"name": redact_url(camera.name)})
    yield info
    yield _gauges(
        "haetae_camera_state",
        "1 for the state that the camera is in, 0 for the others.",
        ("camera", "state"),
        (((str(camera.camera_id), state.value), camera.state is state) for camera in cameras for state in CameraState),
    )
    yield _counters(
        "haetae_frames_dropped_total",
        "Frames lost, by reason.",
        ("camera", "reason"),
        (((str(camera.camera_id), reason), count) for camera in cameras for reason, count in camera.frames.dropped.items()),
    )

    def each(value: Callable[[CameraStatus], float | None]) -> Iterator[_Sample]:
        return (((str(camera.camera_id),), value(camera)) for camera in cameras)

    label = ("camera",)
    yield _gauges("haetae_camera_state_timestamp_seconds", "Unix time of its last change of state.", label, each(lambda c: _unix(c.since)))
    yield _gauges("haetae_camera_armed", "0 while its schedule keeps it from raising events.", label, each(lambda c: c.armed))
    yield _gauges("haetae_camera_fps", "Frames per second that the camera delivers.", label, each(lambda c: c.fps))
    yield _gauges("haetae_camera_score", "The newest score, 0 to 1; 0.5 is the camera's alarm level.", label, each(lambda c: c.score))
    yield _gauges("haetae_camera_learning_ratio", "How far the learning is, 0 to 1.", label, each(lambda c: c.learning))
    yield _gauges("haetae_camera_latency_seconds", "From capture to score, lately.", label, each(lambda c: c.latency_s))
    yield _gauges(
        "haetae_camera_last_frame_timestamp_seconds", "Unix time of the last frame.", label, each(lambda c: _unix(c.last_frame_at))
    )
    yield _counters("haetae_frames_read_total", "Frames that came from the source.", label, each(lambda c: c.frames.read))
    yield _counters("haetae_frames_analysed_total", "Frames that were scored or learned from.", label, each(lambda c: c.frames.analysed))
    yield _counters("haetae_frames_skipped_total", "Frames left out on purpose by the sampler.", label, each(lambda c: c.frames.skipped))
    yield _counters("haetae_events_total", "Events opened.", label, each(lambda c: c.events))
    yield _counters("haetae_reconnects_total", "Connections made again after a loss.", label, each(lambda c: c.reconnects))
    yield _counters("haetae_threads_replaced_total", "Threads that hung and were given up.", label, each(lambda c: c.replaced_threads))


def _log(log: LogStatus) -> Iterator[Metric]:
    yield _total("haetae_log_accepted_total", "Revisions of events accepted by the event log.", log.accepted)
    yield _total("haetae_log_replayed_total", "Revisions found in the journal at the start.", log.replayed)
    yield _total("haetae_log_stored_total", "Revisions stored in the database.", log.stored)
    yield _total("haetae_log_dead_total", "Revisions that the database refused for good.", log.dead)
    yield _one("haetae_log_waiting", "Revisions in the journal that wait for the database.", log.waiting)
    yield _one("haetae_log_failing", "1 while the disk or the database refuses.", log.last_error is not None)


def _notices(notices: NoticeStatus) -> Iterator[Metric]:
    yield _total("haetae_notices_sent_total", "Messages to people that the other side accepted.", notices.sent)
    yield _total("haetae_notices_failed_total", "Tries to send one that failed.", notices.failed)
    yield _total("haetae_notices_dead_total", "Messages that were given up.", notices.dead)
    yield _one("haetae_notices_last_sent_timestamp_seconds", "Unix time of the last one; absent before it.", _unix(notices.last_sent_at))
    yield _one("haetae_notices_failing", "1 while the database keeps them from being sent.", bool(notices.database_error))


def _looks(looks: LookStatus) -> Iterator[Metric]:
    yield _one("haetae_looks_waiting", "Events that wait to be looked at.", looks.waiting)
    yield _total("haetae_events_described_total", "Times that an event's facts were put into words.", looks.described)
    yield _total("haetae_looks_total", "Looks of a model at an event.", looks.looked)
    yield _total("haetae_looks_failed_total", "Of them, those that a fault ended.", looks.failed)
    yield _total("haetae_look_seconds_total", "What all looks took together.", looks.latency_s)
    shed = (((reason,), count) for reason, count in looks.shed.items())
    yield _counters("haetae_looks_shed_total", "Events that got no look because too many waited, by reason.", ("reason",), shed)
    yield _one("haetae_looks_model_away", "1 while the model cannot be asked.", looks.state == "away")


def _searches(searches: SearchStatus, embeddings: EmbeddingStatus) -> Iterator[Metric]:
    found = ((("meaning",), searches.by_meaning), (("words",), searches.by_words))
    yield _counters("haetae_searches_total", "Lists by relevance, by what they went by.", ("by",), found)
    yield _total("haetae_search_seconds_total", "What all of them took together.", searches.seconds)
    yield _one("haetae_search_index_events", "Events whose meaning is in memory.", searches.indexed)
    yield _one("haetae_search_index_bytes", "Memory that this takes.", searches.index_bytes)
    yield _one("haetae_embeddings_waiting", "Events whose words are to be embedded, as far as is known.", embeddings.waiting)
    yield _total("haetae_embeddings_total", "Events whose words were embedded.", embeddings.embedded)
    yield _total("haetae_embeddings_failed_total", "Requests to the embedding server that failed.", embeddings.failed)
    yield _total("haetae_embeddings_refused_total", "Events whose words the server would not take.", embeddings.refused)
    yield _one("haetae_embeddings_model_away", "1 while the embedding server cannot be asked.", embeddings.state == "away")


def _responses(responses: RespondStatus, acts: ActStatus) -> Iterator[Metric]:
    yield _one("haetae_responses_waiting", "Incidents whose response is to be planned.", responses.waiting)
    yield _total("haetae_responses_planned_total", "Plans that were made.", responses.planned)
    yield _total("haetae_responses_by_model_total", "Of them, those that a model made.", responses.by_model)
    yield _total("haetae_responses_fell_back_total", "Of them, those that the playbook made in place of a flow.", responses.fell_back)
    yield _total("haetae_responses_failed_total", "Plannings that a fault ended; they are tried again.", responses.failed)
    yield _total("haetae_response_calls_total", "Times that a model was asked for a plan.", responses.calls)
    yield _total("haetae_response_tokens_total", "Tokens that this took.", responses.tokens)
    yield _one("haetae_approvals_waiting", "Questions that no person has answered.", acts.approvals_waiting)
    yield _one("haetae_actions_running", "Actions under way.", acts.running)
    ended = (((state,), count) for state, count in acts.ended.items())
    yield _counters("haetae_actions_total", "Actions that ended, by state.", ("state",), ended)


def _models(models: tuple[ModelStatus, ...]) -> Iterator[Metric]:
    def each(value: Callable[[ModelStatus], float]) -> Iterator[_Sample]:
        return (((model.name,), value(model)) for model in models)

    label = ("model",)
    yield _gauges("haetae_model_cameras", "Cameras that share the model.", label, each(lambda m: m.cameras))
    yield _gauges("haetae_model_waiting", "Windows that wait for the model.", label, each(lambda m: m.waiting))
    yield _gauges("haetae_model_memory_bytes", "Memory that the model holds.", label, each(lambda m: m.memory_mb * _MB))
    yield _counters("haetae_model_scored_total", "Windows scored.", label, each(lambda m: m.scored))
    yield _counters("haetae_model_batches_total", "Calls of the model.", label, each(lambda m: m.batches))
    yield _counters(
        "haetae_model_dropped_total",
        "Windows that the model had no time for, by reason.",
        ("model", "reason"),
        (((model.name, reason), count) for model in models for reason, count in model.dropped.items()),
    )


def _storage(storage: StorageStatus) -> Iterator[Metric]:
    yield _one("haetae_storage_free_bytes", "Free on the disk of the storage folder.", storage.free_bytes)
    yield _one("haetae_storage_total_bytes", "Size of that disk.", storage.total_bytes)
    yield _one("haetae_storage_media_bytes", "Taken by clips and pictures of events.", storage.media_bytes)
    yield _one("haetae_storage_locked_bytes", "The part of them that is locked as evidence.", storage.locked_bytes)
    yield _one("haetae_storage_days_left", "Days until clips go before their age; absent while unknown.", storage.days_left)
    yield _one("haetae_storage_recording", "0 while clips are refused.", storage.recording)


def _unix(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _one(name: str, text: str, value: float | None) -> GaugeMetricFamily:
    return _gauges(name, text, (), [((), value)])


def _total(name: str, text: str, value: float) -> CounterMetricFamily:
    return _counters(name, text, (), [((), value)])


def _gauges(name: str, text: str, labels: _Labels, samples: Iterable[_Sample]) -> GaugeMetricFamily:
    return _fill(GaugeMetricFamily(name, text, labels=labels), samples)


def _counters(name: str, text: str, labels: _Labels, samples: Iterable[_Sample]) -> CounterMetricFamily:
    return _fill(CounterMetricFamily(name, text, labels=labels), samples)


def _fill(family: _Family, samples: Iterable[_Sample]) -> _Family:
    for values, value in samples:
        if value is not None:
            family.add_metric(values, float(value))
    return family
