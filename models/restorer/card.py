"""The card of a restorer: what it is, what it was trained on, what it does and what it does not.

    python -m models.restorer.card restorer.safetensors [--figures FILE] > restorer.md

All but the figures comes from the file of weights itself; FILE is what `benchmarks/network.py`
printed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from models.restorer.config import TASKS
from models.restorer.weights import load_restorer, notes_of, sha256_of

LIMITS = (
    "A frame that is destroyed whole has no flow of its own; the step `missing` must come first.",
    "Weave stays; the step `stabilise` must come first.",
    "Damage of training is simulated, on film of 360 to 480 lines; on larger scans dirt and grain "
    "are larger than what was seen.",
    "The clips of training were compressed by their makers; finer texture was not seen.",
    "What no frame shows is made up; a reel that it altered is declared generative.",
)


def card_of(path: Path, figures: str = "") -> str:
    """The card of a file of weights, Markdown.

    Args:
        path: of the weights.
        figures: text of a benchmark, set as it is.

    Raises:
        VerificationError: the file is no restorer.
    """
    restorer = load_restorer(path)
    notes = notes_of(path)
    parts = [
        f"# {path.stem}",
        _facts(restorer.parameter_count, notes, sha256_of(path)),
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
    }
    return "| | |\n|---|---|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows.items())


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
    options = parser.parse_args()
    figures = options.figures.read_text(encoding="utf-8") if options.figures else ""
    print(card_of(options.weights, figures), end="")


if __name__ == "__main__":
    main()
