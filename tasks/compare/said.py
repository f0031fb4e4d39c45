"""Said: what a comparison came to, for people and for programs."""

import json
import math
from dataclasses import asdict
from typing import Any

from tasks.compare.difference import Difference
from tasks.compare.treatments import EVERYTHING, Compared

MOST_SAID = 20  # shots in words; the JSON has all
SHORT = ("the same", "not measurable")  # words of metrics that are named, no more


def compared_text(found: Compared) -> str:
    """What was found, short: differences that can be said, shots that became worse, the gate."""
    lines = [f"{found.shots} shots were restored both ways, and differently"]
    if any(found.kept):
        lines.append(f"the original was kept of {found.kept[1]} more, before of {found.kept[0]}")
    if found.judged_anew:
        lines.append(f"{found.judged_anew} of them are judged anew, by the thresholds of today")
    said = [d for d in found.differences if d.stratum == EVERYTHING or d.word == "worse"]
    lines += [_line(difference) for difference in said if difference.word not in SHORT]
    for word in SHORT:
        if of_word := [d.metric for d in said if d.word == word]:
            lines.append(f"{word} on these shots: {', '.join(of_word)}")
    for shot in found.worse[:MOST_SAID]:
        lines.append(
            f"worse: {shot.shot}  {shot.metric} {shot.before:.4g} to {shot.after:.4g}, "
            f"{shot.verdict_before} to {shot.verdict_after}"
        )
    if len(found.worse) > MOST_SAID:
        lines.append(f"... and {len(found.worse) - MOST_SAID} more, with --json")
    lines += [f"gate: {reason}" for reason in found.reasons]
    lines.append("the gate is passed" if found.passed else "the gate is not passed")
    return "\n".join(lines)


def compared_json(found: Compared) -> str:
    """The same for programs, every stratum and every shot."""
    return json.dumps(
        _plain(asdict(found) | {"shots": found.shots, "passed": found.passed}), ensure_ascii=False
    )


def _plain(value: Any) -> Any:
    """A value without numbers that JSON has none for."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _line(found: Difference) -> str:
    flags = ""
    if found.flagged_before or found.flagged_after:
        flags = f"; flags {found.flagged_before} to {found.flagged_after}"
    return (
        f"{found.metric:8} {found.word:20} {found.before:.4g} to {found.after:.4g} {found.unit}, "
        f"difference {found.low:+.3g} to {found.high:+.3g} (95 %), {found.shots} shots, "
        f"by {found.resampled}"
        f"{flags}  [{found.stratum}]"
    )
