"""Every file of an image sequence looked at before work begins.

Traps this stands against: a frame that is missing, empty or cut short ends ffmpeg's
reading with status 0; a frame of another size or depth is scaled without a word.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from catalogs.errors import SourceError
from catalogs.sequence import ImageSequence
from tasks.media.dpx import dpx_facts
from tasks.media.dpx_timecode import Timecode, timecode_breaks
from tasks.media.sequence_files import FrameFacts
from tasks.media.tiff import tiff_facts

OnFile = Callable[[int], None]

_READERS = {"dpx": dpx_facts, "tiff": tiff_facts}


@dataclass
class _Findings:
    """What came up, kind by kind, and in which files (or how many)."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def add_fault(self, name: str, text: str) -> None:
        """Faults are of one kind where only their numbers differ."""
        kind = re.sub(r"[0-9]+", "#", text)
        self.said.setdefault(kind, text)
        self.faults.setdefault(kind, []).append(name)

    def add_note(self, name: str, text: str) -> None:
        self.notes.setdefault(text, []).append(name)


def check_sequence(
    folder: Path, sequence: ImageSequence, on_file: OnFile | None = None
) -> tuple[ImageSequence, tuple[str, ...]]:
    """Check the header and the size of every file against the first file's.

    Args:
        folder: where the files are.
        sequence: as `find_sequence` listed it.
        on_file: called with the number of files checked so far.

    Returns:
        The sequence with what its headers say, and what a report must disclose.

    Raises:
        SourceError: files are missing, empty, cut short, of no kind that is read, or do not
            agree; every kind of fault is named, with its first few files.
    """
    read_facts = _READERS[sequence.kind]
    findings = _Findings()
    first: FrameFacts | None = None
    timecodes: list[Timecode | None] = []
    for done, path in enumerate(sequence.files(folder), start=1):
        try:
            facts = read_facts(path)
        except SourceError as error:
            findings.add_fault(path.name, str(error).removeprefix(f"{path.name}: "))
            timecodes.append(None)
        else:
            first = first or facts
            _compare(path.name, facts, first, findings)
            timecodes.append(facts.timecode)
        if on_file:
            on_file(done)
    _raise_faults(folder, len(sequence), findings)
    if first is None:
        raise SourceError(f"{folder.name}: holds no file; name the folder of the frames")
    known = replace(
        sequence,
        transfer=first.transfer,
        colorimetric=first.colorimetric,
        film_rate=first.film_rate,
        television_rate=first.television_rate,
        timecode=None if _is_unset(timecodes) else str(timecodes[0]),
        device=first.device,
    )
    notes = [_counted(names, len(sequence), text) for text, names in findings.notes.items()]
    return known, (*notes, *_timecode_notes(known, timecodes))


def _compare(name: str, facts: FrameFacts, first: FrameFacts, findings: _Findings) -> None:
    """Differences in how samples are to be read are faults, others are disclosed."""
    if facts.agreed != first.agreed:
        for (what, value), (_, expected) in zip(facts.agreed, first.agreed, strict=True):
            if value != expected:
                findings.add_fault(
                    name,
                    f"{what} is {value} where the first file's is {expected}; "
                    "put scans of one kind in one folder",
                )
    for note in facts.notes:
        findings.add_note(name, note)
    if (facts.film_rate, facts.television_rate) != (first.film_rate, first.television_rate):
        findings.add_note(name, "the header states another frame rate than the first file's")
    if facts.device != first.device:
        findings.add_note(name, "the header names another device than the first file's")


def _raise_faults(folder: Path, count: int, findings: _Findings) -> None:
    if not findings.faults:
        return
    told = [_counted(names, count, findings.said[kind]) for kind, names in findings.faults.items()]
    more = f"\n  and {len(told) - 8} more kinds of fault" if len(told) > 8 else ""
    raise SourceError(f"{folder.name}: " + "\n  ".join(told[:8]) + more)


def _counted(names: list[str], count: int, text: str) -> str:
    if len(names) == count:
        return f"all {count} files: {text}" if count > 1 else f"{names[0]}: {text}"
    more = ", ..." if len(names) > 3 else ""
    return f"{len(names)} of {count} files ({', '.join(names[:3])}{more}): {text}"


def _is_unset(timecodes: list[Timecode | None]) -> bool:
    """True without a timecode in the first file, or where every file says zero."""
    zero = all(code is not None and not any(code) for code in timecodes)
    return timecodes[0] is None or (zero and len(timecodes) > 1)


def _timecode_notes(sequence: ImageSequence, timecodes: list[Timecode | None]) -> tuple[str, ...]:
    if _is_unset(timecodes):
        return ()
    present = [code for code in timecodes if code is not None]
    if len(present) < len(timecodes):
        missing = len(timecodes) - len(present)
        return (f"{missing} of {len(timecodes)} files hold no timecode; the first file does",)
    numbers = list(sequence.numbers())
    rates = (sequence.television_rate, sequence.film_rate)
    breaks = timecode_breaks(present, numbers, rates)
    if not breaks:
        return ()
    at = breaks[0]
    return (
        f"the timecode does not run on at {len(breaks)} of {len(present)} files, first at "
        f"{sequence.name(numbers[at])}: {present[at - 1]} is followed by {present[at]}",
    )
