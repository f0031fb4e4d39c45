"""Image sequences in a folder: which files belong to one, and which numbers are missing.

Listing reads names only. `check_sequence` (in `sequence_check`, exported here) opens every
file and is to be called before work, because ffmpeg ends a sequence at the first file that
it cannot open, with status 0.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalogs.errors import SourceError
from catalogs.sequence import ImageSequence, Runs
from tasks.media.sequence_check import check_sequence

__all__ = ["check_sequence", "find_sequence", "split_pattern", "unexpected_gaps"]

_KINDS: dict[str, Literal["dpx", "tiff"]] = {".dpx": "dpx", ".tif": "tiff", ".tiff": "tiff"}

# Pictures that do not belong between the frames of a sequence; other files may lie there.
_OTHER_PICTURES = {
    ".ari", ".avif", ".bmp", ".cin", ".dng", ".exr", ".gif", ".j2c", ".j2k", ".jp2", ".jpeg",
    ".jpg", ".jxl", ".png", ".pnm", ".ppm", ".psd", ".tga", ".webp",
}  # fmt: skip

_NUMBERED = re.compile(r"(?P<prefix>.*?)(?P<number>[0-9]+)(?P<suffix>\.[^.]*)", re.DOTALL)
_PATTERN = re.compile(
    r"(?P<prefix>.*?)(%(0(?P<digits>[0-9]+))?d|(?P<hashes>#+))(?P<suffix>\.[^.]*)"
)
_LARGEST_NUMBER = 2**31 - 1  # ffmpeg counts files in a C int


@dataclass(frozen=True)
class _Wanted:
    """What a catalog's pattern asks for; None where it leaves it open."""

    prefix: str
    suffix: str
    digits: int | None = None
    first: int | None = None


def split_pattern(path: Path) -> tuple[Path, str] | None:
    """Take a catalog's path apart where it names files of a sequence in a folder.

    The name is a pattern (`scan_%07d.dpx`, `scan_#######.dpx`) or that of the first file.

    Returns:
        The folder, and the name as `find_sequence` takes it; None where the path is a
        folder, or its name is not that of a DPX or TIFF file.
    """
    if path.suffix.lower() not in _KINDS or path.is_dir():
        return None
    return path.parent, path.name


def find_sequence(folder: Path, name_hint: str = "") -> ImageSequence:
    """List the files of the one sequence in a folder, or of the one that a name tells.

    Hidden files, folders and files that are no pictures are passed over; without a hint
    any picture that is not of the sequence is an error, and with one, any whose name is
    the sequence's but for the way its number is written.

    Raises:
        SourceError: no sequence, more than one, numbers that are ambiguous, or a file that
            is not a regular file in the folder itself.
    """
    wanted = _parse_hint(name_hint) if name_hint else None
    found: dict[tuple[str, str], dict[str, os.DirEntry[str]]] = {}
    for entry in _pictures(folder):
        parts = _NUMBERED.fullmatch(entry.name)
        key = (parts["prefix"], parts["suffix"]) if parts else (entry.name, "")
        if wanted is None or key == (wanted.prefix, wanted.suffix):
            found.setdefault(key, {})[entry.name] = entry
    if not found:
        what = f"no file of {name_hint}" if name_hint else "no DPX or TIFF file"
        raise SourceError(f"{folder.name}: holds {what}; name the folder of the frames")
    if len(found) > 1 or ("", "") in found:
        some = [min(names) for names in found.values()]
        raise SourceError(
            f"{folder.name}: holds pictures of {len(found)} sequences: {_some(some)}; move what "
            "does not belong there, or name one by a pattern such as scan_%07d.dpx"
        )
    ((prefix, suffix), entries) = found.popitem()
    _refuse_names(folder, prefix, suffix, entries)
    return _numbered(folder, prefix, suffix, list(entries), wanted)


def unexpected_gaps(sequence: ImageSequence, allowed: Runs) -> Runs:
    """Numbers missing between the first file and the last, less those that are `allowed`."""
    left = [(low, high) for low, high in sequence.gaps if low <= high]
    for first, last in allowed:
        kept = []
        for low, high in left:
            kept += [(low, min(high, first - 1)), (max(low, last + 1), high)]
        left = sorted({(low, high) for low, high in kept if low <= high})
    return tuple(left)


def _pictures(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [
                entry
                for entry in entries
                if not entry.name.startswith(".")
                and Path(entry.name).suffix.lower() in _KINDS.keys() | _OTHER_PICTURES
            ]
    except OSError as error:
        why = error.strerror
        raise SourceError(f"{folder.name}: cannot be listed ({why}); name a folder") from error


def _parse_hint(hint: str) -> _Wanted:
    if parts := _PATTERN.fullmatch(hint):
        digits = len(parts["hashes"]) if parts["hashes"] else int(parts["digits"] or 0)
        return _Wanted(parts["prefix"], parts["suffix"], digits or None)
    if parts := _NUMBERED.fullmatch(hint):
        number = int(parts["number"])
        return _Wanted(parts["prefix"], parts["suffix"], len(parts["number"]), number)
    raise SourceError(f"{hint}: holds no number; name a folder, or a pattern as scan_%07d.dpx")


def _refuse_names(
    folder: Path, prefix: str, suffix: str, entries: dict[str, os.DirEntry[str]]
) -> None:
    if suffix.lower() not in _KINDS:
        some = _some(entries)
        raise SourceError(f"{folder.name}: holds {some}, no numbered DPX or TIFF; convert them")
    if "%" in prefix or not prefix.isprintable():
        raise SourceError(
            f"{folder.name}: names begin with {prefix!r}, which ffmpeg would misread; rename them"
        )
    linked = [name for name, entry in entries.items() if entry.is_symlink()]
    if linked:
        raise SourceError(f"{folder.name}: {_some(linked)}: symlinks; put the files themselves")
    odd = [name for name, entry in entries.items() if not entry.is_file(follow_symlinks=False)]
    if odd:
        raise SourceError(f"{folder.name}: {_some(odd)}: not regular files; move them away")


def _numbered(
    folder: Path, prefix: str, suffix: str, names: Sequence[str], wanted: _Wanted | None
) -> ImageSequence:
    """The sequence of these names, every one of which must be what its number gives."""
    written = [name[len(prefix) : len(name) - len(suffix)] for name in names]
    shortest = min(map(len, written))
    digits = min(shortest, wanted.digits or shortest) if wanted else shortest
    odd = [
        name
        for name, text in zip(names, written, strict=True)
        if text != f"{int(text):0{digits}d}" or int(text) > _LARGEST_NUMBER
    ]
    if wanted is not None and wanted.digits is not None and wanted.first is None:
        odd += [n for n, text in zip(names, written, strict=True) if len(text) < wanted.digits]
    if odd:
        raise SourceError(
            f"{folder.name}: {_some(odd)}: numbers are written in more than one way, or too long; "
            f"rename them all as {prefix}{min(map(int, written)):07d}{suffix}"
        )
    sequence = ImageSequence(
        _KINDS[suffix.lower()], prefix, suffix, digits, _runs_of(map(int, written))
    )
    if wanted is not None and wanted.first not in (None, sequence.runs[0][0]):
        raise SourceError(
            f"{folder.name}: number {wanted.first} is not the first file; name "
            f"{sequence.name(sequence.runs[0][0])}, or a pattern as {prefix}%0{digits}d{suffix}"
        )
    return sequence


def _runs_of(numbers: Iterable[int]) -> Runs:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return tuple(runs)


def _some(names: Iterable[str]) -> str:
    """The first few names, and how many more."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 3} more" if len(ordered) > 3 else ""
    return ", ".join(ordered[:3]) + more
