"""Bag: a restored reel with all that belongs to it, as a BagIt bag.

Made by the Library of Congress's own program, bagit-python, which declares BagIt 0.97; RFC
8493 (BagIt 1.0) describes the same bag.

    data/<derivative>.mkv, .mkv.qctools.xml.gz, .access.mp4, .change.mkv, manifest.json
    data/metadata/premis.xml, shots.otio, shots.csv, catalog.csv, shots.edl where possible
    data/report/            the report of the night that assembled the reel
    data/logs/<reel>.log

A bag is built beside its final place and moved there when it validated: a bag that is there
was valid. The films and their sidecar are hard links where store and bag share a file system:
they take no space, but who writes into such a file in the bag changes the store's as well, so
copy a bag before changing it. The rest is copied, because later nights go on writing it.
"""

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

import bagit  # type: ignore[import-untyped]

from catalogs.durable import partial_path, sync_folder
from catalogs.errors import StoreError, VerificationError
from catalogs.exports.bag_info import bag_info
from catalogs.exports.recorded import APPROVAL
from catalogs.exports.subject import RestoredReel
from catalogs.store import Store
from tasks.export.formats import ExportKind, export_content, list_text
from tasks.manifest import MANIFEST
from tasks.sidecar import is_sidecar

ALGORITHMS = ["sha256", "sha512"]


def bag_folder(subject: RestoredReel, folder: Path) -> Path:
    """Where the bag of a reel goes; its name is the derivative's identifier."""
    return folder / subject.derivative_id / f"{subject.derivative_id}.bag"


def write_bag(
    store: Store, subject: RestoredReel, folder: Path, organization: str = "", force: bool = False
) -> tuple[Path, bool]:
    """Write the bag of a reel, unless a valid one of the same files is there.

    Args:
        store: where the reel is.
        subject: the reel, gathered and verified.
        folder: the bag goes to `<folder>/<derivative>/<derivative>.bag`.
        organization: for Source-Organization; left out when empty.
        force: replace even a valid bag.

    Returns:
        The bag, and whether it was written now.

    Raises:
        StoreError: a valid bag of other films is there.
        VerificationError: the bag does not validate.
    """
    target = bag_folder(subject, folder)
    if not force and _is_current(target, subject):
        return target, False
    if not force:
        _refuse_other_films(target, subject)
    partial = partial_path(target)
    try:
        _collect(store, subject, partial)
        _close(subject, partial, organization)
        _replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target, True


def check_bag(folder: Path) -> None:
    """Read a bag to its last byte.

    Raises:
        VerificationError: names what is missing, too many or changed.
    """
    _quiet()
    try:
        bagit.Bag(str(folder)).validate()
    except (bagit.BagError, OSError) as error:
        raise VerificationError(f"{folder}: not a valid bag: {error}") from error


def _is_current(target: Path, subject: RestoredReel) -> bool:
    """True when the bag is valid, of the same films, and names every approval."""
    try:
        check_bag(target)
        entries = bagit.Bag(str(target)).payload_entries()
        premis = (target / "data" / "metadata" / "premis.xml").read_text(encoding="utf-8")
    except (VerificationError, OSError):
        return False
    return all(
        entries.get(f"data/{file.name}", {}).get("sha256") == file.sha256 for file in subject.files
    ) and all(e.record_id in premis for e in subject.events if e.event == APPROVAL)


def _refuse_other_films(target: Path, subject: RestoredReel) -> None:
    """A valid bag of films that the store has replaced is not thrown away by the way."""
    try:
        check_bag(target)
        entries = bagit.Bag(str(target)).payload_entries()
    except (VerificationError, OSError):
        return
    for file in (file for file in subject.files if not is_sidecar(file.name)):
        bagged = entries.get(f"data/{file.name}", {}).get("sha256")
        if bagged != file.sha256:
            raise StoreError(
                f"{target}: is a valid bag of another version of {file.name} (sha256 {bagged}, the "
                f"store has {file.sha256}); move it away, or replace it with --force"
            )


def _collect(store: Store, subject: RestoredReel, payload: Path) -> None:
    reel_id = subject.reel.reel_id
    reel_folder = store.reel_folder(reel_id, subject.derivative_id.removeprefix(f"{reel_id}."))
    (payload / "metadata").mkdir(parents=True)
    for file in subject.files:
        _link(reel_folder / file.name, payload / file.name)
    shutil.copyfile(reel_folder / MANIFEST, payload / MANIFEST)
    for name, content in _metadata(subject).items():
        (payload / "metadata" / name).write_bytes(content)
    report = store.report_folder(subject.batch_id)
    if subject.batch_id and report.is_dir():
        shutil.copytree(report, payload / "report")
    log = store.log_file(reel_id)
    if log.is_file():
        (payload / "logs").mkdir()
        shutil.copyfile(log, payload / "logs" / log.name)


def _metadata(subject: RestoredReel) -> dict[str, bytes]:
    kinds: tuple[ExportKind, ...] = ("premis", "otio", "csv")
    files = dict(export_content(kind, subject) for kind in kinds)
    files["shots.csv"] = list_text("csv", subject.reel, subject.listed_shots).encode()
    with suppress(VerificationError):  # an EDL cannot say every list; the others can
        files["shots.edl"] = export_content("edl", subject)[1]
    return files


def _link(source: Path, target: Path) -> None:
    """One file under two names, or a copy where the file system has no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _close(subject: RestoredReel, folder: Path, organization: str) -> None:
    """Turn a folder into a bag, and read it again against its manifests."""
    _quiet()
    try:
        bagit.make_bag(str(folder), bag_info(subject, organization), checksums=ALGORITHMS)
    except bagit.BagError as error:
        raise VerificationError(f"{folder}: cannot be bagged: {error}") from error
    check_bag(folder)
    entries = bagit.Bag(str(folder)).payload_entries()
    for file in subject.files:
        found = entries[f"data/{file.name}"]["sha256"]
        if found != file.sha256:
            raise VerificationError(
                f"{file.name}: changed while it was bagged: planned {file.sha256}, found {found}"
            )


def _quiet() -> None:
    """Bagit logs what it also raises."""
    logging.getLogger("bagit").setLevel(logging.CRITICAL)


def _replace(partial: Path, target: Path) -> None:
    for path in partial.rglob("*"):
        if path.is_dir():
            sync_folder(path)
    if target.exists():
        old = partial_path(target)
        target.rename(old)
        partial.rename(target)
        shutil.rmtree(old)
    else:
        partial.rename(target)
    sync_folder(target.parent)
