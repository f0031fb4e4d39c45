"""The card of a restorer: what it is, what it was trained on, what it does and what it does not.

    python -m models.restorer.card restorer.safetensors [--figures FILE] [--note FILE] > card.md

All but the figures and the note comes from the file of weights itself; FILE of figures is what
`benchmarks/network.py` printed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from models.restorer.config import TASKS
from models.restorer.weights import load_restorer, notes_of, sha256_of

LIMITS = (
    "Weave stays; the step `stabilise` must come first.",
    "It starts from the engine: what the engine spoils outside masks, it mends only as far as the "
    "noise there explains.",
    "Masks open only where the engine's evidence allows it (`models/restorer/bounds.py`): hairs, "
    "dirt that stays, dirt where motion is not understood and scratches on a still picture stay.",
    "Damage of training is simulated, on film of 360 to 480 lines; on larger scans dirt and grain "
    "are larger than what was seen.",
    "The clips of training are few and were compressed by their makers; finer texture was not "
    "seen, and of faces hardly any.",
    "What no frame shows is made up; a reel that it altered is declared generative.",
)


def card_of(path: Path, figures: str = "", note: str = "") -> str:
    """The card of a file of weights, Markdown.

    Args:
        path: of the weights.
        figures: text of a benchmark, set as it is.
        note: what else there is to say of it, Markdown.

    Raises:
        VerificationError: the file is no restorer.
    """
    restorer = load_restorer(path)
    notes = notes_of(path)
    parts = [
        f"# {path.stem}",
        _facts(restorer.parameter_count, notes, sha256_of(path)),
        *([note.strip()] if note.strip() else []),
        "## Trained on",
        _clips(notes),
        "## Figures",
        f"```\n{figures.strip()}\n```" if figures.strip() else "None were measured.",
        "## Limits",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    return "\n\n".join(parts) + "\n"


def _facts(parameters: int, notes: Mapping[str, str], sha256: str) -> str:
    recipe = json.loads(notes.get("recipe", "{}"))
    rows = {
        "parameters": f"{parameters:,}",
        "tasks": ", ".join(TASKS),
        "SHA-256": f"`{sha256}`",
        "steps of training": notes.get("steps", "not known"),
        **{name.replace("_", " "): str(value) for name, value in recipe.items()},
        **_start(json.loads(notes.get("start", "{}"))),
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())


def _start(start: Mapping[str, str]) -> dict[str, str]:
    """What a training began with, and how that was trained."""
    if not start:
        return {}
    recipe = json.loads(start.get("recipe", "{}"))
    settings = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in recipe.items())
    return {
        "begun with": f"`{start['sha256']}`, {start.get('steps', 'unknown')} steps",
        "trained before with": settings or "not known",
    }


def _clips(notes: Mapping[str, str]) -> str:
    clips = json.loads(notes.get("clips", "[]"))
    if not clips:
        return "The file names no clips."
    rows = (f"| {name} | {licence.replace('|', ',')} |" for name, licence in clips)
    return "| clip | licence as its source states it |\n|---|---|\n" + "\n".join(rows)


def main() -> None:
    """Print the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("weights", type=Path)
    parser.add_argument("--figures", type=Path, help="what a benchmark printed")
    parser.add_argument("--note", type=Path, help="what else there is to say")
    options = parser.parse_args()
    note = options.note.read_text(encoding="utf-8") if options.note else ""
    figures = options.figures.read_text(encoding="utf-8") if options.figures else ""
    print(card_of(options.weights, figures, note), end="")


if __name__ == "__main__":
    main()
