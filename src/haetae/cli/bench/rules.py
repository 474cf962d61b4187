"""`haetae bench rules`: precision and recall of the hypothesis rules, on a rendered site and on labelled clips."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2

from haetae import __version__
from haetae.cli.bench.vad import machine
from haetae.simulate.site import Seeds, SiteSpec
from haetae.simulate.site_cache import KeptCamera
from haetae.training.rule_figures import KINDS, clip_figures, figures, tally
from haetae.training.rule_runs import RuleRun, RuleSite, clips_of, run_clip, run_rule_site
from haetae.vad.rules.naming import LEAST_PRECISION, LEAST_TO_OPEN, may_name, may_open

LEARN_H, TEST_H = 1.0 / 6.0, 0.65
CAMERAS, INCIDENTS = 8, 208
NORMAL_CAMERAS, NORMAL_H = 4, 3.0
"""Further cameras on which nothing happens, and how long each is listened to: false alarms are rare, so their rate needs hours."""

Told = Callable[[str], None]


def bench_rules(
    *,
    seeds: str,
    cameras: int,
    incidents: int,
    normal: int,
    cache: Path | None,
    out: Path | None,
    clips: Path | None,
    jobs: int,
    told: Told,
) -> dict[str, Any]:
    """The figures of all rules. `normal` is how many further cameras see nothing but normal life; `clips` holds folders fight, no_fight
    and fall. Raises ConfigError, MediaError."""
    cv2.setNumThreads(1)
    spec = SiteSpec(Seeds(seeds), cameras=cameras, learn_h=LEARN_H, test_h=TEST_H, incidents=incidents, day_h=24.0)
    built = spec.build()
    if normal:
        built += replace(spec, cameras=normal, test_h=NORMAL_H, incidents=0, first=cameras).build()
    with tempfile.TemporaryDirectory(prefix="haetae-rules-") as scratch:
        site = tuple(KeptCamera(camera, cache) for camera in built) if cache is not None else built
        runs = run_rule_site(site, RuleSite(out or Path(scratch)), jobs=jobs, told=lambda name, count: told(f"{name}: frame {count}"))
    return {
        "haetae": __version__,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "site": {
            "seeds": seeds,
            "cameras": cameras,
            "incidents": sum(len(run.incidents) for run in runs),
            "learn_h": LEARN_H,
            "test_h": _hours(runs[:cameras]),
            "normal_cameras": normal,
            "normal_h": _hours(runs[cameras:]),
        },
        "rules": {name: figures(each) for name, each in tally(site, runs).items()},
        "clips": {} if clips is None else _clips(clips, told),
    }


def _hours(runs: Sequence[RuleRun]) -> float:
    return round(sum(run.seconds for run in runs) / 3600.0, 2)


def _clips(folder: Path, told: Told) -> dict[str, Any]:
    heard: dict[str, list[set[str]]] = {}
    for name in ("fight", "no_fight", "fall"):
        told(f"clips: {name}")
        heard[name] = [run_clip(path) for path in clips_of(folder / name)]
    falls = [clip for path, clip in zip(clips_of(folder / "fall"), heard["fall"], strict=True) if "fall" in path.stem]
    others = [clip for path, clip in zip(clips_of(folder / "fall"), heard["fall"], strict=True) if "fall" not in path.stem]
    return {
        "fight_rule_v1": clip_figures("fight_rule_v1", heard["fight"], heard["no_fight"]),
        "fall_rule_v2": clip_figures("fall_rule_v2", falls, [*others, *heard["no_fight"]]),
    }


def as_table(result: dict[str, Any]) -> dict[str, Any]:
    """src/haetae/vad/rules/measured.json: of the same run, what tells which rules may name an event."""
    kept = ("incidents", "found", "alarms", "right", "precision", "precision_ci")
    return {
        "at": result["at"],
        "site": result["site"],
        "rules": {name: {key: row[key] for key in kept} for name, row in result["rules"].items()},
    }


def as_markdown(result: dict[str, Any]) -> str:
    """docs/reference/rules.md."""
    on, site = result["machine"], result["site"]
    lines = [
        "# Rules, measured",
        "",
        f"Made by `haetae bench rules` of Haetae {result['haetae']} on {result['at'][:10]}:",
        f"{on['cpu']}, {on['cores']} cores, Python {on['python']}.",
        "",
        f"A rendered site (seeds `{site['seeds']}`): {site['cameras']} cameras of 320x180 at 5 fps that learned for",
        f"{60 * site['learn_h']:.0f} min each, {site['incidents']} incidents in {site['test_h']:.1f} h. People are 15 to 40 px high,",
        "half of the incidents are at night or in rain. An alarm of a rule in an incident of its kind is right; in one of another",
        "kind, or in normal time, it is wrong. Alarms within 40 s of an incident, when its people come and go, count for nothing.",
        *(
            [f"Cameras on which nothing happens: {site['normal_cameras']} more, {site['normal_h']:.1f} h."]
            if site["normal_cameras"]
            else []
        ),
        "Intervals are Wilson's, those of rates Poisson's, 95 %. A rule *opens* an event by itself where the lower end of its",
        f"precision's interval is at least {LEAST_TO_OPEN:g}, or where it never alarmed; it *names* one (possible fire, possible fall)",
        f"where that end is at least {LEAST_PRECISION:g}.",
        "",
        "| rule | opens | names | found | recall | alarms: right, other kind, false, near | precision | false a day |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in result["rules"].items():
        alarms = f"{row['right']}, {row['other_incident']}, {row['false']}, {row['near']}"
        found = f"{row['found']} of {row['incidents']}"
        shares = (_shown(row["recall"], row["recall_ci"]), alarms, _shown(row["precision"], row["precision_ci"]))
        daily = _shown(row["false_per_day"], row["false_per_day_ci"], 1)
        allowed = " | ".join("yes" if may(row) else "no" for may in (may_open, may_name))
        lines.append(f"| {name} | {allowed} | {found} | {' | '.join(shares)} | {daily} |")
    if result["clips"]:
        lines += ["", *_clip_table(result["clips"])]
    missing = sorted({"intrusion_rule_v1"} - KINDS.keys())
    return "\n".join([*lines, "", f"Not measured: {', '.join(missing)} (a rendered site has neither zones nor schedules)."]) + "\n"


def _clip_table(clips: dict[str, Any]) -> list[str]:
    lines = [
        "Short clips of other cameras, each played twice and judged the second time by the rule's definition alone, for there is",
        "nothing to learn from:",
        "",
        "| rule | found | recall | alarms on other clips | precision |",
        "|---|---|---|---|---|",
    ]
    for name, row in clips.items():
        recall, precision = _shown(row["recall"], row["recall_ci"]), _shown(row["precision"], row["precision_ci"])
        lines.append(f"| {name} | {row['found']} of {row['clips']} | {recall} | {row['false']} of {row['other_clips']} | {precision} |")
    return lines


def _shown(value: float | None, interval: tuple[float, float] | None, digits: int = 2) -> str:
    if value is None:
        return "-"
    return f"{value:.{digits}f}" + (f" ({interval[0]:.{digits}f} to {interval[1]:.{digits}f})" if interval is not None else "")
