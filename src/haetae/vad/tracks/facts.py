"""What tracks come to, as facts in natural units."""

from collections.abc import Iterator, Sequence

from haetae.domain.fact import Fact, FactKind
from haetae.vad.tracks.follow import Track
from haetae.vad.tracks.usual import Measure, Usual

SOURCE = "tracks"
YOUNGEST_S = 0.6
"""A track of less is a flash: nothing is said of it."""

COUNTED_S = 1.0
TRUSTED_S = 4.0
"""A track that was followed for so long is trusted fully."""

_HEIGHTS, _SPEEDS = "body heights", "body heights/s"


def track_facts(tracks: Sequence[Track], moving: int, usual: Usual, t_s: float) -> Iterator[Fact]:
    """Of the tracks that an event is about, the greatest of each kind, with the class that a detector held it for, and how many things were
    `moving` at `t_s`."""
    if moving:
        yield _fact(FactKind.COUNT, float(moving), "objects", (t_s - COUNTED_S, t_s), Measure.COUNT, usual, tracks)
    known = [track for track in tracks if track.age_s >= YOUNGEST_S]
    if not known:
        return
    fastest = max(known, key=lambda track: track.fastest)
    tallest = max(known, key=lambda track: track.blob.height / track.body)
    longest = max(known, key=lambda track: track.last_s - track.home_s)
    farthest = max(known, key=lambda track: track.path)
    flattest = min(known, key=lambda track: track.ratio)
    yield from (
        _of(FactKind.SPEED, fastest, fastest.fastest, _SPEEDS, Measure.SPEED, usual),
        _of(FactKind.SIZE, tallest, tallest.blob.height / tallest.body, _HEIGHTS, Measure.SIZE, usual),
        _of(FactKind.DWELL, longest, longest.last_s - longest.home_s, "s", Measure.DWELL, usual),
        _of(FactKind.PATH, farthest, farthest.path, _HEIGHTS, Measure.PATH, usual),
        _of(FactKind.POSTURE_RATIO, flattest, flattest.ratio, "", Measure.POSTURE, usual),
        _of(FactKind.FLICKER, fastest, max(track.blob.change for track in known), "grey levels", Measure.CHANGE, usual),
    )
    stays: dict[str, Track] = {}
    for track in known:
        for zone in track.zones:
            if zone not in stays or track.zones[zone] > stays[zone].zones[zone]:
                stays[zone] = track
    for zone, track in sorted(stays.items(), key=lambda stay: -stay[1].zones[stay[0]])[:2]:
        span = (track.last_s - track.zones[zone], track.last_s)
        yield Fact(f"{SOURCE}.zone", FactKind.ZONE, track.zones[zone], "s", *span, source=SOURCE, subject=zone, track_ids=(track.id,))


def learn_track(track: Track, usual: Usual) -> None:
    """Count a track of normal footage, now that it has ended."""
    if track.age_s < YOUNGEST_S or not track.samples:
        return
    usual.learn(Measure.SPEED, track.fastest)
    usual.learn(Measure.SIZE, max(sample.height for sample in track.samples) / track.body)
    usual.learn(Measure.DWELL, track.last_s - track.home_s)
    usual.learn(Measure.PATH, track.path)
    usual.learn(Measure.POSTURE, min(sample.height / max(1.0, sample.width) for sample in track.samples))
    usual.learn(Measure.CHANGE, max(sample.change for sample in track.samples))


def _of(kind: FactKind, track: Track, value: float, unit: str, measure: Measure, usual: Usual) -> Fact:
    return _fact(kind, value, unit, (track.born_s, track.last_s), measure, usual, (track,), track.name)


def _fact(
    kind: FactKind,
    value: float,
    unit: str,
    span: tuple[float, float],
    measure: Measure,
    usual: Usual,
    tracks: Sequence[Track],
    subject: str = "",
) -> Fact:
    quality = min(1.0, max((track.age_s for track in tracks), default=0.0) / TRUSTED_S)
    return Fact(
        f"{SOURCE}.{kind}",
        kind,
        value,
        unit,
        *span,
        usual=usual.usual(measure),
        rarity=usual.rarity(measure, value),
        quality=quality,
        source=SOURCE,
        subject=subject,
        track_ids=tuple(track.id for track in tracks[:8]),
    )
