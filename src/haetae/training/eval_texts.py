"""What the page about an evaluation says: names of the figures, and where the data says little."""

from haetae.training.evaluate import Report

DAY_S = 86_400.0
FEWEST_EVENTS, FEWEST_CLIPS = 20, 10

# key of `Report.as_json` -> name, what to know of it; the order is that of the page.
HONEST = {
    "micro_auc": ("Micro AUC", "all frames of all clips on one scale, no future frame used"),
    "micro_auc_ci": ("Micro AUC, 95 % interval", "bootstrap over clips: the frames of a clip are no independent evidence"),
    "macro_auc": ("Macro AUC", "mean of the clips' own; hides a scale that shifts from clip to clip"),
    "ap": ("Average precision", "depends on how much of the footage is abnormal"),
    "rbdc": ("RBDC", "whether the regions are found where they are (IoU from 0.1 on)"),
    "tbdc": ("TBDC", "the same for tracks"),
    "regions_missing": ("Why no RBDC and TBDC", ""),
    "event_recall": ("Event recall", "labelled events that an incident was raised for, at the calibration's alarm level"),
    "event_recall_at_one_false_alarm": (
        "Event recall at one false alarm",
        "the best of all alarm levels with no more; chosen on the test clips, so an upper bound",
    ),
    "events": ("Labelled events", "spans less than 1 s apart are one"),
    "false_alarms": ("False alarms", "incidents that belong to no labelled event"),
    "false_alarms_per_hour": ("False alarms per hour", "of normal time"),
    "false_alarms_per_hour_ci": ("False alarms per hour, 95 % interval", "Poisson"),
    "normal_s": ("Normal time, s", "of the test clips"),
    "delay_s_median": ("Delay, median, s", "from the onset of a found event to the gate's opening; missed events do not count"),
    "delay_s_p90": ("Delay, 90 % of the found events, s", ""),
    "false_alarms_per_day_allowed": ("Allowed false alarms per day", "what the alarm level was set for"),
    "threshold": ("Alarm level, raw", "from the training clips alone"),
    "frames": ("Frames scored", ""),
    "micro_auc_judged": ("Micro AUC, judged frames", "without the frames that the model had too little before to judge them by"),
    "unjudged_frames": ("Frames not judged", "the first ones of each clip; everywhere else they count with the score 0"),
}
COST = {
    "ms_per_frame": ("Milliseconds per frame", "scoring, without decoding"),
    "fit_s": ("Learning, s", "decoding of the training clips and the training of a network included"),
    "peak_rss_mb": ("Peak memory, MB", "of the whole process"),
}
FLATTERED = {
    "legacy_micro_auc": (
        "Legacy micro AUC",
        "FLATTERED: each clip on its own scale and smoothed with future frames. Only to compare with papers",
    ),
}
APART = ("dataset", "model", "baselines")
"""Shown elsewhere than in the table."""

BASELINES = {
    "random": "random numbers",
    "frame_index": "the frame's number",
    "frame_difference": "greatest difference to the last frame",
    "largest_speed": "greatest speed in the picture, nothing learned",
}


def warnings(report: Report) -> list[str]:
    """One sentence for each way in which the data says little."""
    found, figures = [], report.incidents
    if figures.normal_s <= 0:
        found.append("No normal time in the test clips: nothing can be said about false alarms.")
    elif figures.normal_s < DAY_S:
        found.append(
            f"{_length(figures.normal_s)} of normal time, less than 24 h: no claim about false alarms per day. "
            f"{figures.false_alarms} false alarms here go with up to {_most_per_day(report):,.0f} a day."
        )
    if not figures.events:
        found.append("No labelled event: nothing can be said about what is found.")
    elif figures.events < FEWEST_EVENTS:
        found.append(
            f"{figures.events} labelled event(s), fewer than {FEWEST_EVENTS}: one more or less moves the event recall by "
            f"{100 / figures.events:.0f} points."
        )
    if len(report.clips) < FEWEST_CLIPS:
        found.append(f"{len(report.clips)} test clip(s), fewer than {FEWEST_CLIPS}: the bootstrap interval is too narrow.")
    rival = _rival(report)
    if rival is not None:
        found.append(
            f"The baseline {rival[0]} reaches a micro AUC of {rival[1]:.3f} without learning: this data set hardly tells models apart."
        )
    return found


def _rival(report: Report) -> tuple[str, float] | None:
    """The best baseline, where the model is not clearly better than it."""
    known = [(name, auc) for name, auc in report.baselines.items() if auc is not None]
    if not known or report.micro_auc is None:
        return None
    best = max(known, key=lambda each: each[1])
    low = report.micro_auc if report.micro_auc_ci is None else report.micro_auc_ci[0]
    return best if best[1] >= low else None


def _most_per_day(report: Report) -> float:
    interval = report.incidents.false_alarms_per_hour_interval
    return 0.0 if interval is None else 24.0 * interval[1]


def _length(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
