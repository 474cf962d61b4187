"""Configuration: `haetae.toml`, then `HAETAE_*` over it. Unknown keys are refused, each error names the key and the fix.

A nested key is written `HAETAE_STORAGE__DIRECTORY`. Cameras, users and rules live in the database, not here.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from haetae.errors import ConfigError

ENV_PREFIX = "HAETAE_"
# Read by other parts (the tests, a packager), so not unknown.
_FOREIGN_ENV = {"HAETAE_TEST_DATA", "HAETAE_TEST_POSTGRES"}


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StorageSettings(_Section):
    """Where events, clips and learned states are kept."""

    directory: Path = Field(Path("haetae-data"), description="folder of the journal, the clips and the SQLite database")
    database_url: str | None = Field(None, description="SQLAlchemy URL; without it SQLite in `directory`")


class SourceSettings(_Section):
    """How sources are read."""

    connect_timeout_s: float = Field(10.0, gt=0, le=120)
    read_timeout_s: float = Field(10.0, gt=0, le=120)
    retry_cap_s: float = Field(60.0, ge=0.1, le=3600, description="longest wait between two tries to connect")
    late_after_s: float = Field(5.0, ge=0.2, le=60, description="how far a camera may fall behind before frames are dropped as late")
    decoding_processes: int | None = Field(
        None, ge=0, le=256, description="processes that read and decode for this one; None: none for a small site, else as its size asks"
    )


class ClipSettings(_Section):
    """What is recorded round an event."""

    pre_roll_s: float = Field(5.0, ge=0, le=60)
    post_roll_s: float = Field(5.0, ge=0, le=60)


class GateConfig(_Section):
    """When scores become an event; times in seconds."""

    merge_gap_s: float = Field(2.0, ge=1, le=60)
    max_duration_s: float = Field(120.0, ge=5, le=3600)


class SiteSettings(_Section):
    """What `haetae serve` runs."""

    name: str = Field("Haetae", min_length=1, max_length=64, description="what notices call this site")
    max_cameras: int = Field(16, ge=1, le=1024, description="enabled cameras that this box may run")
    time_zone: str = Field("", description="IANA name of the site's local time, for daily statistics; empty: the machine's own")
    reconcile_s: float = Field(2.0, ge=0.2, le=60, description="how often changes made by other processes are looked for")
    save_state_s: float = Field(600.0, ge=5, le=86400, description="how often what a camera has learned is saved")
    hang_s: float = Field(60.0, ge=5, le=3600, description="silence after which a camera's thread is given up and replaced")
    max_abandoned_threads: int = Field(8, ge=0, le=1024, description="threads that may hang for ever before no more are replaced")


class PoolSettings(_Section):
    """How models are shared by the cameras."""

    max_batch: int = Field(8, ge=1, le=256, description="most frames in one call of a model that takes batches")
    max_wait_ms: float = Field(15.0, ge=0, le=1000, description="longest wait for a batch to fill")
    stale_after_ms: float = Field(1000.0, ge=10, le=60000, description="a frame that waited longer is dropped and counted")
    idle_unload_s: float = Field(300.0, ge=0, description="a model that no camera uses is unloaded after this time")
    memory_mb: float | None = Field(None, gt=0, description="budget for models: GPU memory where one is used, else of the process")
    gpu: int = Field(0, ge=0, description="number of the GPU")


class RetentionSettings(_Section):
    """How long clips and pictures of events are kept. What is locked as evidence is never deleted."""

    days: float = Field(30.0, gt=0, le=36500, description="clips and pictures older than this are deleted")
    max_gb: float | None = Field(None, gt=0, description="most that clips and pictures may take; None: as much as the disk has")
    low_water: float = Field(0.95, gt=0, lt=1, description="when max_gb is reached, delete down to this share of it")
    min_free_gb: float = Field(5.0, ge=0, description="delete the oldest when less than this is free on the disk")
    target_free_gb: float = Field(7.0, ge=0, description="then delete until this much is free")
    stop_free_gb: float = Field(1.0, ge=0, description="record no clips while less than this is free; events are stored all the same")
    check_s: float = Field(5.0, ge=0.2, le=3600, description="how often the disk is looked at")


class MetricsSettings(_Section):
    """Prometheus metrics of `haetae serve`."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: int = Field(9464, ge=0, le=65535, description="0: any free port, which the log names")


class ApiSettings(_Section):
    """The web API and the console."""

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every network of the machine")
    port: int = Field(8000, ge=0, le=65535, description="0: any free port, which the log names")
    public_url: str = Field("", description="address that people use, for links in messages; empty: http(s)://host:port")
    tls_certificate: Path | None = Field(None, description="PEM file with the certificate and its chain; with tls_key, HTTPS is served")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key")
    trusted_proxies: tuple[str, ...] = Field((), description="addresses or networks whose X-Forwarded-For and -Proto are believed")
    cors_origins: tuple[str, ...] = Field(
        (), description="origins of other web pages that may call the API, such as https://portal.example"
    )
    max_body_mb: float = Field(2.0, gt=0, le=1024, description="a larger request is refused")
    request_timeout_s: float = Field(30.0, ge=1, le=600, description="a request whose body takes longer is refused")
    docs: bool = Field(True, description="serve the API's reference at /docs")
    metrics_token: str = Field("", description="bearer token for /metrics; without one it answers to the machine itself only")
    max_clients: int = Field(256, ge=1, le=10000, description="most WebSockets open at once")


class AccessSettings(_Section):
    """Who may log in, and for how long."""

    registration: Literal["closed", "invite", "open"] = Field("invite", description="open: anyone becomes a viewer without cameras")
    access_token_s: float = Field(900.0, ge=60, le=86400)
    refresh_token_s: float = Field(14 * 86400.0, ge=3600, le=366 * 86400, description="how long a log-in lasts without being used")
    ticket_s: float = Field(60.0, ge=5, le=3600, description="life of a link to a clip, a picture or a socket")
    setup_code_s: float = Field(86400.0, ge=300, le=7 * 86400)
    invite_s: float = Field(7 * 86400.0, ge=3600, le=90 * 86400)
    min_password_length: int = Field(12, ge=8, le=128)


class NotificationSettings(_Section):
    """How people are told. Rules, channels and groups live in the database."""

    enabled: bool = True
    dedup_s: float = Field(15.0, ge=0, le=3600, description="an alert of the same camera and type is held back for so long after one")
    digest_s: float = Field(60.0, ge=5, le=86400, description="what is not urgent is put together in one digest in so long")
    give_up_h: float = Field(24.0, gt=0, le=720, description="a notice that could not be delivered for so long is dead")
    keep_days: float = Field(90.0, ge=31, le=3650, description="how long it is kept who was told what")
    allow_loopback: bool = Field(False, description="channels may reach this machine itself (127.0.0.0/8, ::1)")
    allow_link_local: bool = Field(False, description="channels may reach 169.254.0.0/16 and fe80::/10")
    allowed_networks: tuple[str, ...] = Field((), description="when given, channels may reach only these; such as 192.168.7.0/24")


class VlmSettings(_Section):
    """Who looks at events. Without a model the facts speak for themselves (`evidence`)."""

    backend: str = Field("evidence", description="evidence: no model; openai: any server that speaks OpenAI's chat API")
    preset: Literal["", "ollama", "llama.cpp", "vllm", "transformers", "openai"] = Field("", description="what the server is")
    base_url: str = Field("", max_length=2048, description="such as http://127.0.0.1:11434/v1; empty: the preset's")
    model: str = Field("", max_length=256, description="such as qwen3-vl:2b")
    api_key: SecretStr = SecretStr("")
    language: Literal["en", "ko"] = Field("en", description="of descriptions")
    frames: int = Field(6, ge=1, le=12, description="pictures for one look, one enlargement beside them")
    frame_side: int = Field(512, ge=128, le=1536, description="longer side of a picture, in pixels")
    max_tokens: int = Field(400, ge=64, le=8192, description="of an answer")
    alert_deadline_s: float = Field(20.0, ge=1, le=600, description="for a first look at what is severe and still going on")
    deadline_s: float = Field(120.0, ge=1, le=3600, description="for a look at what is over")
    at_once: int = Field(1, ge=1, le=16, description="looks at the same time: one for each GPU")
    max_waiting: int = Field(64, ge=1, le=10000, description="events that wait for a look; of more, the least severe get none")
    calls_per_hour: int = Field(240, ge=0, le=100000, description="0: no limit")
    calls_per_day: int = Field(2000, ge=0, le=1000000, description="0: no limit")
    keep_verdict_s: float = Field(600.0, ge=0, le=86400, description="how long a verdict counts for the same sight; 0: each is looked at")
    keep_days: float = Field(90.0, ge=1, le=3650, description="how long it is kept how each verdict came about")
    allow_loopback: bool = Field(True, description="the server may run on this machine")
    allow_link_local: bool = Field(False, description="169.254.0.0/16 and fe80::/10, where cloud metadata answers too")
    allowed_networks: tuple[str, ...] = Field((), description="when given, the server must be in one of these")


class SearchSettings(_Section):
    """Search by meaning, through any server that speaks OpenAI's embeddings API. Without a model events are found by their words alone."""

    base_url: str = Field("", max_length=2048, description="such as http://127.0.0.1:11434/v1")
    model: str = Field("", max_length=256, description="such as bge-m3; empty: no search by meaning")
    api_key: SecretStr = SecretStr("")
    batch: int = Field(16, ge=1, le=256, description="events whose words are embedded with one request")
    deadline_s: float = Field(30.0, ge=1, le=600, description="for such a request")
    query_s: float = Field(1.5, ge=0.1, le=10, description="for what somebody looks for; then it is found by words alone")
    min_similarity: float = Field(0.35, ge=-1, le=1, description="cosine below which an event has nothing to do with what is looked for")
    allow_loopback: bool = Field(True, description="the server may run on this machine")
    allow_link_local: bool = Field(False, description="169.254.0.0/16 and fe80::/10, where cloud metadata answers too")
    allowed_networks: tuple[str, ...] = Field((), description="when given, the server must be in one of these")


class AgentSettings(_Section):
    """Who plans the response to an event. Without a model (`vlm`) the site's playbook plans alone."""

    default_flow: str = Field("playbook", max_length=64, description="playbook, sequential, hierarchical, collaborative")
    max_calls: int = Field(6, ge=1, le=64, description="of the model for one incident")
    max_tokens: int = Field(8000, ge=500, le=1000000, description="in and out, for one incident")
    answer_tokens: int = Field(400, ge=64, le=8192, description="of one answer")
    deadline_s: float = Field(45.0, ge=1, le=600, description="for one incident; then the playbook plans")
    at_once: int = Field(1, ge=1, le=16, description="incidents for which a model is asked at the same time")
    max_waiting: int = Field(64, ge=1, le=10000, description="incidents that wait for a model; of more the playbook plans some")
    keep_days: float = Field(365.0, ge=1, le=3650, description="how long it is kept how each plan came about")


R2Kind = Literal["siren", "door_lock", "announce", "emergency_call_draft"]


class ActingSettings(_Section):
    """What responses may do, how often for one camera, and who must say yes. Targets live in the database."""

    at_once: int = Field(8, ge=1, le=64, description="actions that run at the same time")
    approval_s: float = Field(600.0, ge=30, le=86400, description="how long people have to approve; then it is not done")
    two_people: tuple[R2Kind, ...] = Field((), description="kinds of actions that two different people must approve")
    notify_per_hour: int = Field(60, ge=0, le=100000)
    escalate_per_hour: int = Field(30, ge=0, le=100000)
    ptz_preset_per_hour: int = Field(120, ge=0, le=100000)
    call_webhook_per_hour: int = Field(120, ge=0, le=100000)
    open_ticket_per_hour: int = Field(20, ge=0, le=100000)


class AssistantSettings(_Section):
    """Who answers questions about the site. It asks the server of `vlm`, and takes its calls from the same budget."""

    use_model: bool = Field(True, description="ask the model where vlm.backend has one; false: parsed questions only")
    model: str = Field("", max_length=256, description="another model of the same server, that calls tools; empty: vlm.model")
    max_tokens: int = Field(800, ge=64, le=8192, description="of one answer of the model")
    tokens: int = Field(24000, ge=1000, le=1000000, description="of all that is sent and answered for one question")
    calls: int = Field(6, ge=1, le=32, description="of the model, for one question")
    deadline_s: float = Field(60.0, ge=1, le=600, description="for one question; then it is parsed")
    questions_per_minute: int = Field(20, ge=1, le=1000, description="of one person")
    at_once: int = Field(4, ge=1, le=64, description="questions that are being answered at the same time")


class SourcePolicySettings(_Section):
    """What cameras may be read from."""

    schemes: tuple[str, ...] = Field(("rtsp", "rtsps", "http", "https", "file", "sim", "device"), description="kinds of sources")
    allow_loopback: bool = Field(False, description="addresses of this machine itself (127.0.0.0/8, ::1)")
    allow_link_local: bool = Field(False, description="169.254.0.0/16 and fe80::/10, where cloud metadata answers too")
    allowed_networks: tuple[str, ...] = Field((), description="when given, only these; such as 192.168.7.0/24")
    folders: tuple[Path, ...] = Field((), description="folders from which files may be watched; on the command line any file may")


class LogSettings(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    style: Literal["text", "json"] = "text"


class SystemConfig(BaseSettings):
    """Everything that can be configured."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, nested_model_default_partial_update=True
    )

    storage: StorageSettings = StorageSettings()
    source: SourceSettings = SourceSettings()
    clips: ClipSettings = ClipSettings()
    gate: GateConfig = GateConfig()
    site: SiteSettings = SiteSettings()
    pool: PoolSettings = PoolSettings()
    retention: RetentionSettings = RetentionSettings()
    metrics: MetricsSettings = MetricsSettings()
    api: ApiSettings = ApiSettings()
    access: AccessSettings = AccessSettings()
    source_policy: SourcePolicySettings = SourcePolicySettings()
    notifications: NotificationSettings = NotificationSettings()
    vlm: VlmSettings = VlmSettings()
    search: SearchSettings = SearchSettings()
    agents: AgentSettings = AgentSettings()
    acting: ActingSettings = ActingSettings()
    assistant: AssistantSettings = AssistantSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # The file's content comes in as keyword arguments, so the environment goes before it.
        return env_settings, init_settings

    def database_url(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.storage.database_url or f"sqlite:///{self.storage.directory / 'haetae.db'}"


def load_config(path: Path | None = None, environment: Mapping[str, str] | None = None) -> SystemConfig:
    """Read `path` (or `haetae.toml` in the current folder where there is one) and the environment.

    Raises ConfigError that names the file or variable, the key and what is allowed.
    """
    env = os.environ if environment is None else environment
    _refuse_unknown_variables(env)
    file = path or Path("haetae.toml")
    values: dict[str, Any] = {}
    if path is not None or file.is_file():
        values = _read_toml(file)
    try:
        return SystemConfig(**values)
    except ValidationError as error:
        raise _explain(error, file if values else None) from None


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"no configuration file {file}", hint="Give the path of an existing TOML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {file}: {error}", hint="Check the path and its permissions") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}", hint="Correct that line") from None


def _known_keys() -> dict[str, list[str]]:
    """Section name -> its keys."""
    sections = {name: field.annotation for name, field in SystemConfig.model_fields.items()}
    return {
        name: sorted(section.model_fields)
        for name, section in sections.items()
        if isinstance(section, type) and issubclass(section, _Section)
    }


def _refuse_unknown_variables(env: Mapping[str, str]) -> None:
    known = {f"{ENV_PREFIX}{section}__{key}".upper() for section, keys in _known_keys().items() for key in keys}
    known |= {f"{ENV_PREFIX}{section}".upper() for section in _known_keys()}
    for name in env:
        if name.startswith(ENV_PREFIX) and name not in known and name not in _FOREIGN_ENV:
            close = get_close_matches(name, sorted(known), n=1)
            raise ConfigError(f"unknown environment variable {name}", hint=f"Did you mean {close[0]}?" if close else "Remove it")


def _explain(error: ValidationError, file: Path | None) -> ConfigError:
    """One line for the first fault: key, value, what is allowed."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    where = f"{file}, or its HAETAE_* variable: " if file else "HAETAE_* variables: "
    if first["type"] == "extra_forbidden":
        section, _, name = key.rpartition(".")
        names = _known_keys().get(section, sorted(_known_keys()))
        close = get_close_matches(name, names, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Known here: {', '.join(names)}"
        return ConfigError(f"{where}unknown key {key!r}", hint=hint)
    return ConfigError(f"{where}{key} = {first['input']!r} is refused", hint=str(first["msg"]))
