"""`wetgate retire`: disk space back from versions of reels that no longer stand.

Exit status 0 when it is done, 1 when a reel had to be left as it is, 2 for wrong usage.
"""

from pathlib import Path
from typing import Annotated

import typer

from catalogs.errors import VerificationError
from catalogs.ledger import Ledger
from catalogs.records import Reel
from catalogs.rows import event_row, known_reels
from catalogs.store import Store, existing_store
from catalogs.store_lock import hold_store
from flows.commands.options import StoreOption


def retire(
    reels: Annotated[
        list[str] | None,
        typer.Argument(metavar="REEL", help="reel_id or identifier; all reels if none."),
    ] = None,
    store: StoreOption = Path("store"),
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go; remove nothing.")
    ] = False,
) -> None:
    """Remove versions of reels that no longer stand; what stands stays, and the record."""
    from flows.fixity.due import unknown_reels
    from flows.night.batch import new_batch_id

    opened = existing_store(store)
    if not dry_run and not any(map(str.isalpha, by)):
        raise typer.BadParameter("say who decides, or ask with --dry-run", param_hint="--by")
    if unknown := unknown_reels(opened, reels or ()):
        raise typer.BadParameter(f"never ingested: {', '.join(unknown)}", param_hint="REEL")
    known = known_reels(opened.ledger()).values()
    chosen = [r for r in known if not reels or {r.reel_id, r.catalog.identifier} & set(reels)]
    ledger = opened.ledger(new_batch_id())
    with hold_store(opened):
        sizes = [_retired(opened, ledger, reel, "" if dry_run else by) for reel in chosen]
    gone = sum(size for size in sizes if size is not None)
    typer.echo(f"{gone / 1e9:.2f} GB {'would be' if dry_run else 'were'} given back")
    raise typer.Exit(1 if None in sizes else 0)


def _retired(store: Store, ledger: Ledger, reel: Reel, person: str) -> int | None:
    """Bytes that a reel gave back, or would where no person says so; None where it is left."""
    from tasks.reprocess.retire import plan_retiring
    from tasks.reprocess.retire import retire as retire_reel

    try:
        what = plan_retiring(store, reel)
        if what.is_nothing:
            return 0
        said = (
            f"{len(what.versions)} versions, {len(what.shots)} shots, "
            f"{what.byte_count / 1e9:.2f} GB; {what.stays.name} stays"
        )
        if person:
            retire_reel(store, ledger, what)
            row = event_row("retirement", what.reel_id, "success", said, person)
            ledger.append("events", ledger.batch_id, [row])
        typer.echo(f"{what.reel_id}: {said}")
    except VerificationError as error:
        typer.echo(str(error))
        return None
    return what.byte_count
