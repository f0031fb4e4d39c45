"""`wetgate compare`: what another treatment made better and worse.

Exit status 0 when nothing became worse, 1 when something did, when nothing differs, or when it
cannot be said, 2 for wrong usage.
"""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.store import existing_store
from flows.commands.options import JsonOption, StoreOption


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="A treatment or a batch.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The one that is compared with it.")],
    store: StoreOption = Path("store"),
    gate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the report that `wetgate models promote` asks."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what B made better and worse than A, on the shots that both restored."""
    from flows.registry.gate_record import keep_gate
    from flows.registry.yardstick import yardstick
    from tasks.compare.paired import compare_sides, differing, find_side, reported_side
    from tasks.compare.said import compared_json, compared_text
    from tasks.measure import shipped_calibration
    from tasks.registry.gate import gate_of

    opened = existing_store(store)
    ledger = opened.ledger()
    sides = differing(find_side(ledger, before), find_side(ledger, after))
    found = compare_sides(ledger, sides, shipped_calibration())
    if gate is not None:
        reported = (
            reported_side(ledger, sides.before, opened.shelf),
            reported_side(ledger, sides.after, opened.shelf),
        )
        keep_gate(opened, gate_of(reported, "shots of a store", found, yardstick()), gate)
    typer.echo(compared_json(found) if as_json else compared_text(found))
    raise typer.Exit(0 if found.passed else 1)
