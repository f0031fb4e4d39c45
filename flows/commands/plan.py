"""`wetgate plan`: what a night would do."""

from dataclasses import asdict, replace
from pathlib import Path

import typer

from catalogs.catalog import read_catalog
from catalogs.origin import archive_root
from catalogs.store import existing_store
from flows import words
from flows.commands.options import (
    ArchiveOption,
    CatalogArgument,
    FpsOption,
    JsonOption,
    NoticeOption,
    PolicyOption,
    ProfileOption,
    RecipeOption,
    ScanOption,
    StoreOption,
)
from flows.night.choices import apply_choices, read_choices


def plan(
    catalog: CatalogArgument,
    store: StoreOption = Path("store"),
    recipe: RecipeOption = "conservative",
    archive: ArchiveOption = None,
    profile: ProfileOption = None,
    fps: FpsOption = None,
    scan: ScanOption = None,
    notice: NoticeOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a night would do, what it would hold and why; change nothing."""
    from flows.decisions.decided_words import plan_decided
    from flows.plan import plan_night
    from flows.registry.treatment import resolve_treatment
    from tasks.permit import find_policy, permit

    known = existing_store(store) if (store / "wetgate-store").is_file() else None
    choices = read_choices(fps or (), scan or ())
    resolved = resolve_treatment(recipe, store, ask=False)
    rules = find_policy(policy, store)
    read = apply_choices(read_catalog(catalog, profile), choices)
    read = permit(read, rules, resolved.treatment)
    read = replace(read, remarks=(*read.remarks, *resolved.remarks))
    if known:
        read = plan_decided(known, read, resolved.treatment, rules)
    planned = plan_night(
        read, archive_root(archive, catalog), resolved.treatment, known, store, notice, rules
    )
    typer.echo(words.as_json(asdict(planned)) if as_json else words.plan_text(planned))
    raise typer.Exit(1 if planned.held else 0)
