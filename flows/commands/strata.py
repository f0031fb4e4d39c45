"""`wetgate strata`: its options, and how it ends.

Exit status 0 when it ran, 1 when a shot could not be read, 2 for wrong usage.
"""

import json
import sys
from contextlib import nullcontext, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogs.errors import StoreError
from catalogs.store import Store, existing_store
from flows.commands.options import JsonOption, StoreOption, WorkersOption

if TYPE_CHECKING:
    from flows.strata.strata import StrataSummary

MOST_SAID = 10  # sentences of a kind on the terminal; the file has all


def strata(
    store: StoreOption = Path("store"),
    tags: Annotated[
        Path | None,
        typer.Option(help="Side file of your own tags; STORE/tags.csv, if it is there."),
    ] = None,
    batch: Annotated[str | None, typer.Option(help="Only shots that this night restored.")] = None,
    reel: Annotated[
        str | None, typer.Option(help="Only this reel_id, or the reels of this identifier.")
    ] = None,
    treatment: Annotated[
        str | None,
        typer.Option(help="Only under this treatment: the beginning of its id or its label."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the files go; STORE/strata.")
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare how restoration serves every kind of shot and every face."""
    if batch and reel:
        raise typer.BadParameter("give the night or the reel", param_hint="--batch --reel")
    from flows.services.services import quiet_settings

    quiet_settings()
    from flows.strata.strata import Wish, run_strata

    opened = existing_store(store)
    wish = Wish(
        tags, _reel_ids(opened, reel), _known_batch(opened, batch),
        _known_treatment(opened, treatment), out, workers,
    )  # fmt: skip
    with redirect_stdout(sys.stderr) if as_json else nullcontext():
        summary = run_strata(opened, wish)
    typer.echo(summary_json(summary) if as_json else summary_text(summary))
    raise typer.Exit(1 if summary.failed else 0)


def summary_text(summary: "StrataSummary") -> str:
    """What was found, short: the disparities, what is possible, and where the rest is."""
    from tasks.strata.report import counted
    from tasks.strata.report import summary as counts

    findings = summary.findings
    lines = [f"could not be read: {failed}" for failed in summary.failed]
    lines += [f"remark: {remark}" for remark in findings.remarks]
    lines.append(f"{counted(summary.computed, 'shot')} read now. {counts(findings)}")
    for verdict in ("disparity found", "possible"):
        found = findings.of(verdict)
        lines += [comparison.sentence for comparison in found[:MOST_SAID]]
        if len(found) > MOST_SAID:
            lines.append(f"... and {len(found) - MOST_SAID} more: {verdict}")
    return "\n".join([*lines, *(str(file) for file in summary.files)])


def summary_json(summary: "StrataSummary") -> str:
    """The same for programs, with every disparity that was found or is possible."""
    findings = summary.findings
    said = {
        "shots": findings.shots, "reels": findings.reels, "people": findings.people,
        "computed": summary.computed, "failed": summary.failed, "remarks": findings.remarks,
        "counts": findings.counts,
        "found": [asdict(c) for c in findings.of("disparity found")],
        "possible": [asdict(c) for c in findings.of("possible")],
        "files": [str(file) for file in summary.files],
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def _reel_ids(store: Store, name: str | None) -> frozenset[str] | None:
    from catalogs.rows import known_reels

    if name is None:
        return None
    known = known_reels(store.ledger()).values()
    found = frozenset(r.reel_id for r in known if name in (r.reel_id, r.catalog.identifier))
    if not found:
        raise typer.BadParameter(f"never ingested: {name}", param_hint="--reel")
    return found


def _known_batch(store: Store, name: str | None) -> str | None:
    from flows.words import known_batch

    if name is None:
        return None
    try:
        return known_batch(store, name)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--batch") from error


def _known_treatment(store: Store, name: str | None) -> str | None:
    from tasks.strata.treatments import find_treatment

    if name is None:
        return None
    try:
        return find_treatment(store.ledger(), name)
    except StoreError as error:
        raise typer.BadParameter(str(error), param_hint="--treatment") from error
