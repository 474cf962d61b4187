"""Parts of a camera's picture that are treated apart."""

from dataclasses import dataclass
from enum import StrEnum

from haetae.errors import ConfigError

MAX_CORNERS = 100


class ZoneKind(StrEnum):
    """`include`: where any such zone is drawn, only what happens in one of them can alarm. `exclude`: nothing there alarms.

    `privacy`: blackened before anything is analysed, stored as a picture or sent to a model.
    """

    INCLUDE = "include"
    EXCLUDE = "exclude"
    PRIVACY = "privacy"


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in relative picture coordinates, (x, y) in [0, 1], x to the right and y down, filled by the even-odd rule.

    Raises ConfigError for one that encloses nothing.
    """

    name: str
    kind: ZoneKind
    polygon: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        if not 3 <= len(self.polygon) <= MAX_CORNERS:
            raise ConfigError(f"zone {self.name!r} has {len(self.polygon)} corners", hint=f"A zone needs 3 to {MAX_CORNERS}")
        for x, y in self.polygon:
            if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
                hint = "Corners are relative: 0,0 is the upper left, 1,1 the lower right"
                raise ConfigError(f"zone {self.name!r} has a corner at ({x:g}, {y:g})", hint=hint)
        if len(set(self.polygon)) < 3:
            raise ConfigError(f"zone {self.name!r} encloses nothing", hint="Give at least three different corners")
