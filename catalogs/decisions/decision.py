"""Decisions: what a reviewer said of a restored shot or reel, and of which output exactly.

A `Draft` is what a person asks to be recorded, checked when built; a `Decision` is what the log
holds, with its number, its time and its place in the chain.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from pydantic import ConfigDict

from catalogs.decisions.codes import CODES
from catalogs.errors import DecisionError

Verb = Literal["accept", "keep original", "redo", "question", "sign off", "lock", "reopen"]

VERBS: tuple[str, ...] = get_args(Verb)
OF_REELS = ("sign off", "lock", "reopen")  # of a whole reel, never of a shot
CARRIED_OUT = ("keep original", "redo")  # the next run does them
LONGEST_COMMENT = 4000
LONGEST_NAME = 200

_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")  # Unicode, annex 9
_RECIPE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")

Place = tuple[str, int | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person says of an output.

    Attributes:
        person: who decides.
        verb: what is decided.
        reel_id: of the reel.
        start_frame: first frame of the shot, in the reel; None: of the whole reel.
        stop_frame: frame after its last.
        treatment_id: that the output was made by.
        output_sha256: `picture_sha256` of the restored shot, or the SHA-256 of the reel's
            `manifest.json`; another output makes the decision stale.
        codes: of defects, see `catalogs.decisions.codes`.
        comment: in the person's words.
        frame: that it is about, counted in the reel.
        recipe: of a redo: the name of a recipe of Wetgate or of the store, never a path.
        model: of a redo: `NAME@VERSION`.
        batch_id: night that it was looked at in; may be empty.
    """

    # A line of the log must hold these fields and no others.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    person: str
    verb: Verb
    reel_id: str
    treatment_id: str
    output_sha256: str
    start_frame: int | None = None
    stop_frame: int | None = None
    codes: tuple[str, ...] = ()
    comment: str = ""
    frame: int | None = None
    recipe: str = ""
    model: str = ""
    batch_id: str = ""

    @property
    def is_of_reel(self) -> bool:
        """True when it is of the whole reel."""
        return self.start_frame is None

    @property
    def place(self) -> Place:
        """The shot or reel that it is of."""
        return (self.reel_id, self.start_frame, self.stop_frame)

    @property
    def subject(self) -> str:
        """The same as events and reports call it."""
        if self.start_frame is None or self.stop_frame is None:
            return self.reel_id
        return f"{self.reel_id}/{self.start_frame:07d}-{self.stop_frame:07d}"


@dataclass(frozen=True, kw_only=True)
class Draft(Said):
    """A decision that is asked for.

    Raises:
        DecisionError: it does not hold together; says what is missing.
    """

    def __post_init__(self) -> None:
        _check_texts(self)
        _check_place(self)
        _check_meaning(self)


@dataclass(frozen=True, kw_only=True)
class Decision(Said):
    """A decision as the log holds it.

    Attributes:
        sequence: number in the log, from 1.
        decided_at: UTC, ISO 8601, to the second.
        before: `sha256` of the line before; 64 zeros for the first.
        sha256: of this line's other fields, as they are written.
    """

    sequence: int
    decided_at: str
    before: str
    sha256: str = ""

    @property
    def sentence(self) -> str:
        """`decision 12, keep original by A. Name`, for events and reports."""
        return f"decision {self.sequence}, {self.verb} by {self.person}"


def _check_texts(draft: Draft) -> None:
    if not any(map(str.isalpha, draft.person)):
        raise DecisionError("no person is named; sign in, or give --as NAME")
    for name in ("person", "reel_id", "treatment_id", "recipe", "model", "batch_id"):
        _check_text(name, getattr(draft, name), LONGEST_NAME, "")
    _check_text("comment", draft.comment, LONGEST_COMMENT, "\n\t")
    if not draft.reel_id:
        raise DecisionError("no reel is named; choose one")
    if not _SHA256.fullmatch(draft.output_sha256):
        raise DecisionError("the output is not named by its SHA-256; load the page again")
    if unknown := [code for code in draft.codes if code not in CODES]:
        raise DecisionError(f"no code {', '.join(unknown)}; choose from the list")
    if len(set(draft.codes)) != len(draft.codes):
        raise DecisionError("a code stands twice; name each once")


def _check_text(name: str, text: str, longest: int, allowed: str) -> None:
    if len(text) > longest:
        raise DecisionError(f"{name} has {len(text)} characters; {longest} are the most")
    if any(map(_is_control, set(text) - set(allowed))):
        raise DecisionError(f"{name} holds control characters; take them out")


def _is_control(character: str) -> bool:
    """True of what makes a text read otherwise than it is written: overrides, hidden breaks."""
    turns = unicodedata.bidirectional(character) in _TURNS
    return turns or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _check_place(draft: Draft) -> None:
    start, stop, frame = draft.start_frame, draft.stop_frame, draft.frame
    if draft.verb not in VERBS:
        raise DecisionError(f"{draft.verb!r} cannot be decided; use one of: {', '.join(VERBS)}")
    if (start is None) != (stop is None):
        raise DecisionError("a shot has a first frame and a frame after its last; give both")
    if start is None or stop is None:
        if draft.verb in CARRIED_OUT:
            raise DecisionError(f"{draft.verb} is of a shot; name its frames")
        if frame is not None and frame < 0:
            raise DecisionError(f"frame {frame} is not in the reel")
        return
    if draft.verb in OF_REELS:
        raise DecisionError(f"{draft.verb} is of a whole reel; leave the shot out")
    if not 0 <= start < stop:
        raise DecisionError(f"frames {start} to {stop} are no shot")
    if frame is not None and not start <= frame < stop:
        raise DecisionError(f"frame {frame} is not in the shot, frames {start} to {stop - 1}")


def _check_meaning(draft: Draft) -> None:
    asks = bool(draft.recipe or draft.model)
    if draft.verb == "redo" and not asks:
        raise DecisionError("redo needs a recipe or a model; name what it is to be redone with")
    if draft.verb != "redo" and asks:
        raise DecisionError(f"{draft.verb} takes no recipe or model; use redo")
    if draft.recipe and not _RECIPE.fullmatch(draft.recipe):
        raise DecisionError(f"recipe {draft.recipe!r} is no name of a recipe; choose from the list")
    if draft.model and not re.fullmatch(r"[^@\s]+@[^@\s]+", draft.model):
        raise DecisionError(f"model {draft.model!r}: write NAME@VERSION")
    if draft.verb in ("question", "reopen") and not draft.comment.strip():
        raise DecisionError(f"{draft.verb} needs a comment; say why")
