"""What was found, in words and as tables: `disparity.md`, `disparity.csv`, `strata.csv`.

Disparities found come first, then possible ones, then what was looked at and not found, and last
what has too few people for any verdict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from catalogs.exports.shot_csv import csv_text
from tasks.strata.classes import COLOUR, DECADE, ITA, NUMBERS, TAG
from tasks.strata.comparison import Comparison
from tasks.strata.disparity import as_table
from tasks.strata.subjects import Subject
from tasks.strata.verdicts import FEW, Verdict

ORDER: tuple[Verdict, ...] = (
    "disparity found", "possible", "no verdict", "no disparity found", "too few",
)  # fmt: skip
_HEADINGS: Mapping[Verdict, str] = {
    "disparity found": "Disparities found",
    "possible": "Possible disparities: too few people to say",
    "no verdict": "No verdict: 10 to 39 people, and nothing that would be a disparity",
    "no disparity found": "No disparity found, and what would have been",
}


@dataclass(frozen=True)
class Findings:
    """What one run found.

    Attributes:
        shots: that were compared.
        reels: they are of.
        people: that could be told apart.
        comparisons: of `find_disparities`.
        remarks: what limits this run, a sentence each.
    """

    shots: int
    reels: int
    people: int
    comparisons: tuple[Comparison, ...]
    remarks: tuple[str, ...] = field(default=())

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many comparisons there are of each verdict, in `ORDER`."""
        counted = Counter(comparison.verdict for comparison in self.comparisons)
        return {verdict: counted[verdict] for verdict in ORDER}

    def of(self, verdict: Verdict) -> list[Comparison]:
        """The comparisons of one verdict, the surest first."""
        chosen = [c for c in self.comparisons if c.verdict == verdict]
        return sorted(chosen, key=lambda c: 1.0 if c.probability is None else c.probability)


def variables(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Names of the strata there are, tags last."""
    tags = sorted({name for s in subjects for name in s.strata if name.startswith(TAG)})
    return (*(classes.name for classes in NUMBERS), ITA, COLOUR, DECADE, *tags)


def strata_csv(subjects: Sequence[Subject]) -> str:
    """One row a shot and person."""
    names = variables(subjects)
    header = ("reel_id", "identifier", "shot", "start_frame", "stop_frame", "person", "treatment",
              "frames_seen", *names, "ITA_degrees", "ITA_deviation_degrees")  # fmt: skip
    return csv_text(header, (_subject_row(subject, names) for subject in subjects))


def disparity_csv(findings: Findings) -> str:
    """One row a comparison, in the order of the report."""
    ordered = [found for verdict in ORDER for found in findings.of(verdict)]
    table = as_table(ordered)
    return csv_text(list(table.columns), _plain_rows(table))


def disparity_text(findings: Findings) -> str:
    """The whole report, Markdown."""
    lines = ["# Does restoration serve all strata alike?", "", summary(findings)]
    lines += ["", *(f"- {remark}" for remark in findings.remarks)] if findings.remarks else []
    for verdict, heading in _HEADINGS.items():
        found = findings.of(verdict)
        lines += ["", f"## {heading} ({len(found)})", ""]
        lines += [f"- {comparison.sentence}" for comparison in found] or ["None."]
    lines += ["", f"## Too few people ({findings.counts['too few']})", ""]
    lines += list(_too_few(findings)) or ["None."]
    lines += ["", "A disparity found is a question, not a cause: dark shots may also be the old "
              "ones. What the words mean is in docs/strata.md."]  # fmt: skip
    return "\n".join(lines) + "\n"


def summary(findings: Findings) -> str:
    """How much was compared and how many comparisons ended how, in two sentences."""
    counts = ", ".join(f"{verdict} {count}" for verdict, count in findings.counts.items())
    return (
        f"{counted(findings.shots, 'shot')} of {counted(findings.reels, 'reel')}, "
        f"{counted(findings.people, 'person')} told apart. Comparisons: {counts}."
    )


def counted(number: int, noun: str) -> str:
    """A number of things: "1 shot", "2 people"."""
    several = "people" if noun == "person" else f"{noun}s"
    return f"{number} {noun if number == 1 else several}"


def _too_few(findings: Findings) -> Iterator[str]:
    """One line a stratum: its metrics differ in which shots they could measure."""
    strata: dict[tuple[str, str], list[Comparison]] = {}
    for found in findings.of("too few"):
        strata.setdefault((found.variable, found.stratum), []).append(found)
    order = list(dict.fromkeys(variable for variable, _ in strata))
    for (variable, stratum), cells in sorted(strata.items(), key=lambda s: order.index(s[0][0])):
        people, rest = max((c.people, c.rest_people) for c in cells)
        shots = max(c.shots for c in cells)
        metrics = len({c.metric for c in cells})
        yield (
            f"- {variable} {stratum}: {counted(people, 'person')} in {counted(shots, 'shot')}, "
            f"the rest {counted(rest, 'person')}; {FEW} of each are needed "
            f"({counted(metrics, 'metric')})."
        )


def _subject_row(subject: Subject, names: Sequence[str]) -> dict[str, object]:
    shot, ita = subject.shot.shot, subject.ita
    return {
        "reel_id": shot.reel_id,
        "identifier": subject.shot.reel.catalog.identifier,
        "shot": shot.index + 1,
        "start_frame": shot.start_frame,
        "stop_frame": shot.stop_frame,
        "person": subject.person,
        "treatment": subject.shot.treatment,
        "frames_seen": subject.frames,
        **{name: subject.strata.get(name, "") for name in names},
        "ITA_degrees": None if ita is None else _rounded(ita.degrees),
        "ITA_deviation_degrees": None if ita is None else _rounded(ita.deviation),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _plain_rows(table: pd.DataFrame) -> Iterator[dict[str, object]]:
    for row in table.to_dict("records"):
        yield {str(name): None if pd.isna(value) else value for name, value in row.items()}
