"""What the routes of cameras take."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from haetae.api.routers.schedule_schema import Input, ScheduleModel, to_schedule
from haetae.domain.camera import CameraConfig
from haetae.domain.camera_check import MAX_NAME, MAX_ZONES
from haetae.domain.zone import MAX_CORNERS, Zone, ZoneKind
from haetae.ids import new_id
from haetae.settings import ClipSettings

MAX_SOURCE = 2048
_BIG = 2.0**53

# What is allowed in each is decided by `check_camera`, which names the field and the fix; here only what could not get that far.
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME, examples=["Front gate"])]
SourceText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_SOURCE,
        pattern=r"^[^\x00]*$",
        description="rtsp://, rtsps://, http://, https://, a file, sim://... Write-only: it is shown with its password as ***",
        examples=["rtsp://user:password@192.168.7.20:554/stream1"],
    ),
]
Number = Annotated[float, Field(ge=-_BIG, le=_BIG, allow_inf_nan=False)]
_Word = Annotated[str, Field(max_length=MAX_SOURCE, pattern=r"^[^\x00]*$")]
_Whole = Annotated[int, Field(ge=-(2**53), le=2**53)]
Settings = Annotated[
    dict[Annotated[str, Field(max_length=64)], bool | _Whole | Number | _Word],
    Field(max_length=32, description="settings of the model; cameras with the same model and settings share one", examples=[{}]),
]
Coordinate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _not_a_truth_value(value: Any) -> Any:
    """`true` is no number, though Python takes it for 1."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return value


Seconds = Annotated[Number, BeforeValidator(_not_a_truth_value)]


class ZoneModel(Input):
    """A polygon in relative picture coordinates: [x, y] from the upper left [0, 0] to the lower right [1, 1]."""

    name: Name
    kind: ZoneKind = Field(description="include: only there can something alarm; exclude: nothing there can; privacy: blackened")
    polygon: Annotated[
        list[Annotated[list[Coordinate], Field(min_length=2, max_length=2)]], Field(min_length=3, max_length=MAX_CORNERS)
    ] = Field(examples=[[[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]]])


FlowName = Annotated[str, Field(min_length=1, max_length=64, examples=["playbook", "hierarchical"])]
Zones = Annotated[list[ZoneModel], Field(max_length=MAX_ZONES)]


class CameraCreate(Input):
    """A new camera. What is left out is as configured for the site."""

    name: Name
    source: SourceText
    enabled: bool = True
    vad_model: Annotated[str, Field(min_length=1, max_length=64)] = "motion"
    vad_settings: Settings = Field(default_factory=dict)
    analysed_fps: Seconds | None = Field(None, description="pictures looked at per second, 0.2 to 60; null: 5, or a file's own up to 10")
    false_alarms_per_day: Seconds = Field(1.0, description="above 0, at most 10000")
    learning_s: Seconds | None = Field(None, description="footage to learn from; null: 10 minutes, or a quarter of a file")
    offline_alert_s: Seconds = Field(30.0, description="how long the camera may be away before people are told, from 1")
    pre_roll_s: Seconds | None = Field(None, description="of clips, 0 to 60; null: as configured")
    post_roll_s: Seconds | None = Field(None, description="of clips, 0 to 60; null: as configured")
    flow: FlowName | None = Field(None, description="who plans the response to its events; null: as configured")
    zones: Zones = Field(default_factory=list)
    schedule: ScheduleModel | None = Field(None, description="null: always armed")

    def config(self, clips: ClipSettings) -> CameraConfig:
        """Raises ConfigError."""
        return CameraConfig(
            id=new_id(),
            name=self.name,
            source=self.source,
            enabled=self.enabled,
            vad_model=self.vad_model,
            vad_settings=tuple(sorted(self.vad_settings.items())),
            analysed_fps=self.analysed_fps,
            false_alarms_per_day=self.false_alarms_per_day,
            learning_s=self.learning_s,
            offline_alert_s=self.offline_alert_s,
            pre_roll_s=clips.pre_roll_s if self.pre_roll_s is None else self.pre_roll_s,
            post_roll_s=clips.post_roll_s if self.post_roll_s is None else self.post_roll_s,
            flow=self.flow,
            zones=to_zones(self.zones),
            schedule=to_schedule(self.schedule),
        )


class CameraChange(Input):
    """What is left out stays as it is. Zones, schedule, and whether the camera runs, have routes of their own."""

    name: Name | None = None
    source: SourceText | None = Field(None, description="a password that is still *** stays what it is, for the same user, host and port")
    vad_model: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(None, description="another model begins to learn anew")
    vad_settings: Settings | None = Field(None, description="all of them; without, another model has none")
    analysed_fps: Seconds | None = Field(None, description="null: by default")
    false_alarms_per_day: Seconds | None = None
    learning_s: Seconds | None = Field(None, description="null: by default")
    offline_alert_s: Seconds | None = None
    pre_roll_s: Seconds | None = None
    post_roll_s: Seconds | None = None
    flow: FlowName | None = Field(None, description="null: as configured")

    def fields(self) -> dict[str, Any]:
        """Fields of CameraConfig to be set, the source excepted. Null means a default for some, for the others nothing."""
        nullable = ("analysed_fps", "learning_s", "flow")
        given = {name: getattr(self, name) for name in self.model_fields_set if name != "source"}
        fields = {name: value for name, value in given.items() if value is not None or name in nullable}
        if "vad_settings" in fields:
            fields["vad_settings"] = tuple(sorted(fields["vad_settings"].items()))
        return fields


class SourceInput(Input):
    source: SourceText


class ZonesInput(Input):
    zones: Zones


class ScheduleInput(Input):
    schedule: ScheduleModel | None = Field(description="null: always armed")


def to_zones(zones: list[ZoneModel]) -> tuple[Zone, ...]:
    """Raises ConfigError."""
    return tuple(Zone(zone.name, zone.kind, tuple((corner[0], corner[1]) for corner in zone.polygon)) for zone in zones)


def read_zones(config: CameraConfig) -> list[ZoneModel]:
    return [ZoneModel(name=zone.name, kind=zone.kind, polygon=[list(corner) for corner in zone.polygon]) for zone in config.zones]
