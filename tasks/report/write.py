"""The report's files: HTML that can be mailed as one file, Markdown, and the pictures."""

import base64
import errno
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from catalogs.decisions.outcomes import EVENT
from catalogs.durable import partial_path, sync_folder
from catalogs.errors import StoreError
from catalogs.publications import read_publications
from catalogs.store import Store
from tasks.report.attention import attention
from tasks.report.changes import AMPLIFIED, MOST_CHANGE_FRAMES
from tasks.report.choose import ChosenShot, choose_shots
from tasks.report.flags import flagged_rows
from tasks.report.lines import ReelLine, reel_line
from tasks.report.night import Night, read_night
from tasks.report.pictures import ShotPictures, picture_shot
from tasks.report.steps import step_lines
from tasks.report.words import headline, work_done

MOST_EVENTS = 500
MOST_DETAILED = 50  # reels whose metrics and steps are listed; a night may have thousands
_REMARKS = ("catalog remark", "operator choice", "policy")


@dataclass(frozen=True)
class Panel:
    """A shot that is shown."""

    title: str
    reason: str
    pictures: ShotPictures
    names: tuple[str, ...]


def write_report(store: Store, batch_id: str) -> Path:
    """Write the report of one night, replacing an older one of it.

    Args:
        store: only its ledger and files, and the sources they name, are read.
        batch_id: the night.

    Returns:
        Path of `report.html`; `report.md` and `pictures/` stand beside it.

    Raises:
        StoreError: the ledger cannot be read, or `batch_id` is not a name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", batch_id):
        raise StoreError(f"{batch_id!r} is not the name of a night; `wetgate status` lists them")
    night = read_night(store, batch_id)
    target = store.report_folder(batch_id)
    partial = partial_path(target)  # its own: another may be writing a report of this night
    (partial / "pictures").mkdir(parents=True)
    try:
        _write_files(partial, store, night)
        _replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target / "report.html"


def _replace(partial: Path, target: Path) -> None:
    """Put a report in its place instead of an older one, or of one that appears meanwhile."""
    while True:
        old = partial_path(target)
        with suppress(FileNotFoundError):
            target.rename(old)
        try:
            partial.rename(target)
            return sync_folder(target.parent)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)


def _write_files(folder: Path, store: Store, night: Night) -> None:
    chosen = choose_shots(night)
    panels = [_panel(folder, store, number, shot) for number, shot in enumerate(chosen, 1)]
    copies = read_publications(store.ledger())
    reels = [reel_line(store, reel, copies) for reel in night.reels]
    facts = {
        "night": night,
        "headline": headline(night),
        "work_done": work_done(night),
        "attention": attention(night),
        "reels": reels,
        "detailed": _detailed(store, night, reels),
        "panels": panels,
        "amplified": AMPLIFIED,
        "most_change_frames": MOST_CHANGE_FRAMES,
        "remarks": [e for e in night.events if e["event"] in _REMARKS],
        "decisions": [e for e in night.events if e["event"] == EVENT and e["outcome"] != "begun"],
        "event_counts": sorted(_event_counts(night).items()),
        "events": night.events[:MOST_EVENTS],
        "store": str(store.root),
    }
    for name in ("report.html", "report.md"):
        text = _templates().get_template(f"{name}.j2").render(facts)
        (folder / name).write_text(text, encoding="utf-8")


def _detailed(store: Store, night: Night, lines: Sequence[ReelLine]) -> list[ReelLine]:
    """The reels that are told in full: those with most flags first, then this night's own."""
    ranked = sorted(
        zip(lines, night.reels, strict=True),
        key=lambda both: (not both[0].metrics, -len(flagged_rows(both[1])), both[1].earlier),
    )
    shown = {line.reel_id for line, _ in ranked[:MOST_DETAILED]}
    return [
        replace(line, steps=step_lines(store, reel))
        for line, reel in zip(lines, night.reels, strict=True)
        if line.reel_id in shown
    ]


def _panel(folder: Path, store: Store, number: int, chosen: ChosenShot) -> Panel:
    pictures = picture_shot(store, chosen)
    names = []
    for picture in (*pictures.whole, *pictures.detail):
        name = f"{number:02d}-{picture.name}.png" if picture.png else ""
        if picture.png:
            (folder / "pictures" / name).write_bytes(picture.png)
        names.append(name)
    shot, reel = chosen.shot, chosen.reel
    title = (
        f"{reel.reel_id}, shot {int(shot['shot_index']) + 1} "
        f"(frames {shot['start_frame']} to {int(shot['stop_frame']) - 1})"
    )
    return Panel(title, chosen.reason, pictures, tuple(names))


def _event_counts(night: Night) -> Counter[tuple[str, str]]:
    return Counter((str(e["event"]), str(e["outcome"])) for e in night.events)


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["base64"] = lambda png: base64.b64encode(png).decode()
    environment.filters["clock"] = lambda time: f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""
    return environment


def _cell(value: object) -> str:
    """Text that Markdown shows as it is, also within a table."""
    text = re.sub(r"([\\`*_{}\[\]<>#|&~])", r"\\\1", str(value))
    return " ".join(text.split())
