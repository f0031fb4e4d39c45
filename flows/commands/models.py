"""`wetgate models ...`: the registry of models.

Exit status 0 when it is done, 1 when registry, file or store does not allow it, 2 for wrong usage.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogs.model_shelf import Standing
from catalogs.model_version import ModelVersion
from catalogs.store import Store, existing_store, open_store
from flows.commands.options import FootageOption, JsonOption, StoreOption, WorkersOption
from flows.services.mlflow_client import short_patience, store_with_models

if TYPE_CHECKING:
    from flows.registry.registry import Registry
    from tasks.selftest.run import Listener

models_app = typer.Typer(
    name="models", no_args_is_help=True, help="Versions of models: register, promote, roll back."
)

ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides.")]


@models_app.command("list")
def list_models(store: StoreOption = Path("store"), as_json: JsonOption = False) -> None:
    """Show every version, which is champion, and under which licence."""
    opened = store_with_models(store)
    versions, remarks = _known(opened)
    standings = {v.name: opened.shelf.standing(v.name) for v in versions}
    if as_json:
        said = [_facts(version, standings[version.name]) for version in versions]
        typer.echo(json.dumps({"models": said, "remarks": remarks}, ensure_ascii=False))
        return
    for remark in remarks:
        typer.echo(f"remark: {remark}")
    for version in versions:
        typer.echo(_line(version, standings[version.name]))
    if not versions:
        typer.echo("no model is registered yet")


@models_app.command("register")
def register_model(
    name: Annotated[str, typer.Argument(help="The model's name; a new version if it is known.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who registers it.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="A recipe, or a checkpoint's weights; those that come with Wetgate if not given.",
        ),
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, as their publisher states it.")
    ] = None,
    training: Annotated[str | None, typer.Option(help="What it was trained on, in words.")] = None,
    invents: Annotated[
        bool,
        typer.Option(
            "--invents/--invents-nothing", help="Whether it may make picture no frame shows."
        ),
    ] = True,
    does: Annotated[
        list[str] | None,
        typer.Option(metavar="STEP", help="Step whose work a network does, or nothing; repeat."),
    ] = None,
    architecture: Annotated[
        str | None, typer.Option(help="The network; found by its weights if not given.")
    ] = None,
    benchmark: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A table of results.")
    ] = None,
    store: StoreOption = Path("store"),
) -> None:
    """Register a model's version; it becomes the challenger."""
    from tasks.registry.register import Statement, offer, pace_of
    from tasks.registry.shipped import add_recipe, offer_shipped

    if file is None:
        if licence or training or does or architecture or benchmark or not invents:
            raise typer.BadParameter("options that describe a file need one; name it after NAME")
        offered = offer_shipped(name, by)
    elif licence and training:
        statement = Statement(licence, training, invents, by, tuple(does or ()))
        offered = offer(name, file, statement, architecture, benchmark)
    else:
        raise typer.BadParameter("a file needs --licence and --training: say what is known of it")
    _quiet()
    from flows.registry.promotion import register

    opened = open_store(store)
    version = register(opened, offered)
    typer.echo(f"registered {_line(version, Standing(challenger=version.version))}")
    if file is None:
        typer.echo(add_recipe(opened))
    pace = pace_of(offered)
    if pace is not None:
        typer.echo(pace_text(pace))


@models_app.command("gate")
def gate_model(
    version: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="Or NAME@challenger.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the report goes.")],
    data: FootageOption = Path("../shared/data"),
    recipe: Annotated[
        str | None,
        typer.Option(help="Recipe that names the model, for both; the model alone if not given."),
    ] = None,
    against: Annotated[
        str, typer.Option(help="Recipe to compare with where the model has no champion yet.")
    ] = "conservative",
    clips: Annotated[
        int | None, typer.Option(min=1, help="At most so many; no gate passes with few.")
    ] = None,
    workers: WorkersOption = None,
    store: StoreOption = Path("store"),
) -> None:
    """Restore the film set with a version and with the champion, and say which is better."""
    _quiet()
    from flows.registry.film_gate import contest, hold_contest, outcome_text
    from flows.registry.gate_record import keep_gate
    from flows.selftest.selftest import cache_folder
    from tasks.selftest.film_set import Setting

    if not out.parent.is_dir():
        raise typer.BadParameter(f"{out.parent} is no folder", param_hint="--out")
    opened = existing_store(store)
    who = contest(opened, version, recipe, against)
    setting = Setting(data, cache_folder(), workers or os.cpu_count() or 1, clips)
    outcome = hold_contest(opened, who, setting, _announced)
    keep_gate(opened, outcome.gate, out)
    typer.echo(outcome_text(outcome))
    raise typer.Exit(0 if outcome.gate.passed else 1)


@models_app.command("promote")
def promote_model(
    version: Annotated[str, typer.Argument(metavar="NAME@VERSION", help="Or NAME@challenger.")],
    by: ByOption,
    gate: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Report of `wetgate models gate`, or of `wetgate compare --gate`.",
        ),
    ] = None,
    because: Annotated[str, typer.Option(help="Why without, or against, a report.")] = "",
    store: StoreOption = Path("store"),
) -> None:
    """Make a version the champion, which recipes find as NAME@champion."""
    _quiet()
    from flows.registry.promotion import promote

    name = version.partition("@")[0]
    standing = promote(existing_store(store), version, by, gate, because.strip())
    typer.echo(f"{name}@{standing.champion} is the champion")


@models_app.command("rollback")
def roll_back_model(
    name: Annotated[str, typer.Argument(help="The model's name.")],
    by: ByOption,
    because: Annotated[str, typer.Option(help="A word on the reason.")] = "",
    store: StoreOption = Path("store"),
) -> None:
    """Make the champion before this one the champion again."""
    _quiet()
    from flows.registry.promotion import rollback

    standing = rollback(existing_store(store), name, by, because.strip())
    typer.echo(f"{name}@{standing.champion} is the champion again")


def pace_text(megapixel_seconds: float) -> str:
    """What to expect of a night, said before one is begun."""
    seconds = megapixel_seconds * 1920 * 1080 / 1e6
    long = f"{seconds:.2g} s" if seconds < 100 else f"{seconds / 60:.0f} min"
    return f"tried: a frame of 1920x1080 takes it about {long} of one core here"


@contextmanager
def _announced(label: str) -> Iterator["Listener"]:
    """Progress under the name of what is being restored and measured."""
    from flows.selftest.progress import suite_progress

    typer.echo(f"{label}:")
    with suite_progress() as progress:
        yield progress.listener()


def _known(store: Store) -> tuple[list[ModelVersion], list[str]]:
    """Every version, from the registry or, where it does not answer, from the shelf; remarks."""
    _quiet()
    from flows.registry.registry import Registry

    try:
        with short_patience():
            return _registered(Registry(store))
    except Exception as error:  # whatever MLflow raises
        first = str(error).partition("\n")[0]
        return list(store.shelf.versions()), [f"the registry could not be asked ({first})"]


def _registered(registry: "Registry") -> tuple[list[ModelVersion], list[str]]:
    versions: list[ModelVersion] = []
    remarks: list[str] = []
    for name in registry.names():
        registry.standing(name)  # noted on the shelf
        found, problems = registry.versions(name)
        versions += found
        remarks += problems
    return versions, remarks


def _roles(version: ModelVersion, standing: Standing) -> list[str]:
    roles = {"champion": standing.champion, "challenger": standing.challenger}
    return [role for role, number in roles.items() if number == version.version]


def _facts(version: ModelVersion, standing: Standing) -> dict[str, object]:
    facts = asdict(version) | {"aliases": _roles(version, standing)}
    return facts | {"noncommercial": version.is_noncommercial}


def _line(version: ModelVersion, standing: Standing) -> str:
    roles = "".join(f" [{role}]" for role in _roles(version, standing))
    limits = ", not for commercial use" if version.is_noncommercial else ""
    invents = "may invent picture" if version.invents else "invents nothing"
    does = f"does {', '.join(version.does)}, " if version.does else ""
    return (
        f"{version.reference}{roles}  {version.architecture}, {does}{invents}, sha256 "
        f"{version.content_sha256[:12]}, licence: {version.licence}{limits}; by "
        f"{version.registered_by} on {version.registered_at[:10]}"
    )


def _quiet() -> None:
    from flows.services.services import quiet_settings

    quiet_settings()
