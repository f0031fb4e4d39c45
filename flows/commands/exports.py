"""`wetgate export ...`: what leaves the store.

Exit status 0 when all went out, 1 when a reel is not restored or not what it should be, 2
for wrong usage.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogs.errors import WetgateError
from catalogs.store import Store, existing_store
from flows.commands.options import StoreOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalogs.exports.subject import RestoredReel
    from catalogs.records import AssembledReel
    from tasks.export.formats import ExportKind

export_app = typer.Typer(
    name="export",
    no_args_is_help=True,
    help="Preservation packages of restored reels; every file is verified before it goes out.",
)

ReelsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[REEL]...", help="Reel ids or identifiers; every restored reel if none."
    ),
]
FolderOption = Annotated[
    Path | None, typer.Option("--to", help="Folder to write to; STORE/exports if not given.")
]
ApprovedOption = Annotated[
    str, typer.Option("--approved-by", metavar="NAME", help="Record who approved these reels.")
]


_TEXTS: "dict[ExportKind, str]" = {
    "premis": "PREMIS 3 XML: objects, events, and agents with versions and weights.",
    "otio": "The shot list as OpenTimelineIO, for every frame rate.",
    "edl": "The shot list as CMX 3600 EDL, for 24, 25 and 30 frames a second and their kin.",
}


def _text_command(kind: "ExportKind") -> "Callable[..., None]":
    """A command that writes one text a reel."""

    def write(
        reels: ReelsArgument = None,
        store: StoreOption = Path("store"),
        to: FolderOption = None,
        approved_by: ApprovedOption = "",
    ) -> None:
        _write(kind, existing_store(store), reels, to, approved_by)

    return write


for _kind, _help in _TEXTS.items():
    export_app.command(_kind, help=_help)(_text_command(_kind))


@export_app.command("csv")
def catalog_rows(
    reels: ReelsArgument = None,
    store: StoreOption = Path("store"),
    to: FolderOption = None,
    approved_by: ApprovedOption = "",
) -> None:
    """One row a derivative for the catalog system; all restored reels also as one table."""
    from tasks.export.formats import write_catalog

    opened = existing_store(store)
    subjects = _write("csv", opened, reels, to, approved_by)
    if not reels:
        typer.echo(write_catalog(subjects, _folder(opened, to)))


@export_app.command()
def bagit(
    reels: ReelsArgument = None,
    store: StoreOption = Path("store"),
    to: FolderOption = None,
    approved_by: ApprovedOption = "",
    organization: Annotated[
        str, typer.Option("--organization", help="Source-Organization of the bag.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a valid bag as well.")] = False,
) -> None:
    """A BagIt bag: films, change map, report, metadata and log."""
    from tasks.export.bag import write_bag

    opened = existing_store(store)

    def write(subject: "RestoredReel") -> None:
        path, written = write_bag(opened, subject, _folder(opened, to), organization, force)
        typer.echo(path if written else f"{path} is there and valid; --force replaces it")

    _each(opened, reels, approved_by, write)


@export_app.command()
def sequence(
    reels: ReelsArgument = None,
    store: StoreOption = Path("store"),
    to: FolderOption = None,
) -> None:
    """The restored frames as DPX or TIFF files, each with its source file's own headers."""
    from catalogs.rows import read_frame_index
    from flows.night.object_storage import ObjectStorage
    from flows.night.source_at_hand import copied
    from tasks.export.deliver import deliver_sequence

    opened = existing_store(store)

    def write(subject: "RestoredReel") -> None:
        if subject.reel.header.sequence is None and not reels:
            typer.echo(f"{subject.reel.reel_id}: its source is one file; left out")
            return
        index = read_frame_index(opened.ledger(), subject.reel.digest)
        assert index is not None  # a restored reel was ingested
        target = _folder(opened, to) / subject.derivative_id / f"{subject.derivative_id}.frames"
        with copied(subject.reel, ObjectStorage.of_environment().room(opened), last=True) as here:
            done = deliver_sequence(here, index, _built(opened, subject), target)
        typer.echo(f"{done.path} ({done.untouched_files} of {len(index)} files untouched)")

    _each(opened, reels, "", write)


@export_app.command()
def prores(
    reels: ReelsArgument = None,
    store: StoreOption = Path("store"),
    to: FolderOption = None,
) -> None:
    """A ProRes mezzanine for editing: 4444 for RGB and 4:4:4, else 422 HQ."""
    from tasks.export.deliver import deliver_mezzanine

    opened = existing_store(store)

    def write(subject: "RestoredReel") -> None:
        target = _folder(opened, to) / subject.derivative_id / f"{subject.derivative_id}.mov"
        typer.echo(deliver_mezzanine(subject.reel, _built(opened, subject), target).path)

    _each(opened, reels, "", write)


def _built(store: Store, subject: "RestoredReel") -> "AssembledReel":
    from tasks.manifest import assembled_files

    folder = store.reel_folder(subject.reel.reel_id, subject.treatment.label)
    return assembled_files(subject.reel, subject.treatment, folder)


def _write(
    kind: "ExportKind", store: Store, reels: list[str] | None, to: Path | None, approved_by: str
) -> "list[RestoredReel]":
    from tasks.export.formats import export_content, write_export

    written = []

    def write(subject: "RestoredReel") -> None:
        typer.echo(write_export(kind, subject, _folder(store, to)))
        written.append(subject)

    _each(store, reels, approved_by, write, lambda subject: export_content(kind, subject))
    return written


def _each(
    store: Store,
    reels: list[str] | None,
    approved_by: str,
    act: "Callable[[RestoredReel], None]",
    check: "Callable[[RestoredReel], object] | None" = None,
) -> None:
    """Gather, verify and export reel by reel; one that fails is said and the others go on.

    An approval is of reels that are named, and is recorded once `check` lets the reel out.
    """
    if approved_by.strip() and not reels:
        raise typer.BadParameter("name the reels that were approved", param_hint="--approved-by")
    from flows.night.software import software
    from tasks.export.formats import approve
    from tasks.export.gather import read_restored_reel, restored_reels

    failed = False
    chosen: list[str] = []
    for names in [[name] for name in reels or ()] or [[]]:
        try:
            chosen += restored_reels(store, names)
        except WetgateError as error:
            typer.echo(f"wetgate: {error}", err=True)
            failed = True
    for reel_id in dict.fromkeys(chosen):
        try:
            subject = read_restored_reel(store, reel_id, software())
            if check is not None:
                check(subject)
            if approved_by.strip():
                subject = approve(store, subject, approved_by.strip())
            act(subject)
        except (WetgateError, OSError) as error:
            typer.echo(f"wetgate: {error}", err=True)
            failed = True
    if failed:
        raise typer.Exit(1)


def _folder(store: Store, to: Path | None) -> Path:
    return to or store.root / "exports"
