"""The morning report: it says what the ledger records, shows it, and survives gaps."""

import hashlib
import tracemalloc
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import pytest

from catalogs.errors import StoreError
from catalogs.fixity import sha256_file
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import (
    CatalogReel,
    HeldRow,
    Measurement,
    Reel,
    RestoredShot,
    Shot,
    StepOutcome,
)
from catalogs.rows import (
    event_row,
    frame_rows,
    held_row,
    measurement_rows,
    reel_row,
    restored_row,
    shot_rows,
)
from catalogs.source import ColourTags, Content, FrameIndex, Header
from catalogs.store import Store, open_store
from flows.commands.status import night_standing
from tasks.media.check import index_frames
from tasks.media.probe import probe
from tasks.media.still import rgb_of
from tasks.media.write import ffv1_writer
from tasks.report import write
from tasks.report.attention import attention
from tasks.report.night import Night, read_night
from tasks.report.write import write_report

NIGHT = "20260101-night"
PICTURE = PictureFormat(32, 24, "gray")
FRAMES = 6
TITLE = 'Rêves & <b>"Nuits"</b> | 1910'
TREATMENT = Treatment("conservative", (TreatmentStep("dirt", 1, {"threshold": 0.08}),))
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Samples:
    """A source, what restoration made of it, and the change between them."""

    source: list[bytes]
    restored: list[bytes]
    change: list[bytes]


def samples() -> Samples:
    """Frame 4 has a white speck that restoration took away; the others are as they were."""
    clean = [np.full((24, 32), 60 + 5 * n, np.uint8) for n in range(FRAMES)]
    dirty = [frame.copy() for frame in clean]
    dirty[4][5:9, 10:14] = 250
    change = [(c.astype(int) - d + 128).astype(np.uint8) for c, d in zip(clean, dirty, strict=True)]
    return Samples(*([f.tobytes() for f in frames] for frames in (dirty, clean, change)))


def write_film(path: Path, frames: list[bytes]) -> None:
    header = Header(
        "matroska", "ffv1", PICTURE, None, Fraction(18), Fraction(1, 1000), Fraction(0),
        Fraction(1), False, ColourTags(range="pc"), None, (),
    )  # fmt: skip
    with ffv1_writer(path, header, Fraction(18)) as writer:
        for frame in frames:
            writer.write(frame)


def ingested(folder: Path) -> tuple[Reel, FrameIndex]:
    source = folder / "réel één.mkv"
    write_film(source, samples().source)
    header = probe(source)
    index = index_frames(source, header)
    catalog = CatalogReel("AFA 1", TITLE, 1, 2, source.name, 2, Fraction(18))
    content = Content(sha256_file(source), source.stat().st_size, 0, FRAMES, ())
    return Reel(catalog, source, header, content, Fraction(18), "catalog"), index


def restored(store: Store, reel: Reel, status: str = "restored") -> RestoredShot:
    shot = Shot(reel.reel_id, reel.digest, 0, 0, FRAMES)
    folder = store.shot_folder(reel.reel_id)
    write_film(folder / "shot.mkv", samples().restored)
    write_film(folder / "shot.change.mkv", samples().change)
    md5 = tuple(hashlib.md5(f, usedforsecurity=False).hexdigest() for f in samples().restored)
    step = StepOutcome("dirt", 1, "damage", 0.0035, ({"specks": 1.0}, {"specks": 3.0}))
    return RestoredShot(
        shot, TREATMENT.treatment_id, status, "" if status == "restored" else "the step failed",  # type: ignore[arg-type]
        str((folder / "shot.mkv").relative_to(store.root)), "",
        str((folder / "shot.change.mkv").relative_to(store.root)), "", md5, 0.0035, (step,), 3.0,
        "cpu",
    )  # fmt: skip


def end_night(store: Store, status: str, **counts: Any) -> None:
    row = {"catalog": "catalog.csv", "recipe": "conservative", "status": status, "software": "x 1",
           "treatment_id": TREATMENT.treatment_id, "reels_restored": 0, "reels_held": 0,
           "reels_failed": 0, "shots_restored": 0, "shots_computed": 0, "shots_original_kept": 0,
           "frames_computed": 0, "seconds": 12.0, **counts}  # fmt: skip
    store.ledger(NIGHT).append("batches", NIGHT, [row])


def record_reel(store: Store, folder: Path, status: str = "restored", *more: Measurement) -> Reel:
    """A reel of one shot, with everything the ledger keeps of it."""
    reel, index = ingested(folder)
    done = restored(store, reel, status)
    ledger = store.ledger(NIGHT)
    ledger.append("frames", reel.digest, frame_rows(reel.digest, index))
    ledger.append("shots", reel.reel_id, shot_rows([done.shot], "by hand"))
    ledger.append("restorations", reel.reel_id, [restored_row(done, "x 1")])
    measured = (
        Measurement("DIRT", 1.0, 0.25, "specks/frame", coverage=0.5, verdict="ok"),
        Measurement("FLK", None, None, "%", False, 0.0, "needs 5 frames"),
        *more,
    )
    ledger.append("measurements", reel.reel_id, measurement_rows(done, measured))
    derivative = f"{reel.reel_id}.{TREATMENT.label}"
    files = store.reel_folder(reel.reel_id, TREATMENT.label)
    files.mkdir(parents=True)
    (files / "manifest.json").write_text(
        '{"files": {}, "verified": ["frame hashes"], "steps": '
        '[{"name": "dirt", "version": 1, "parameters": {"threshold": 0.08}}]}'
    )
    ledger.append("reels", reel.reel_id, [reel_row(reel, "restored", TREATMENT, "", derivative)])
    return reel


def record_held(store: Store, reason: str) -> None:
    held = HeldRow("AFA-2", "AFA-2.r1", 3, reason, None, 1, 1)
    ledger = store.ledger(NIGHT)
    ledger.append("reels", held.reel_id, [held_row(held)])
    ledger.append("events", NIGHT, [event_row("hold", held.reel_id, "held", reason, "x 1")])


def record_before(store: Store, row: Mapping[str, Any]) -> None:
    """A row of a reel, as the night before recorded it."""
    dated = {**row, "recorded_at": datetime(2025, 12, 31, tzinfo=UTC)}
    store.ledger("20251231-night").append("reels", str(row["reel_id"]), [dated])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = open_store(tmp_path / "store")
    opened.ledger(NIGHT).append(
        "batches", NIGHT, [{"status": "running", "treatment_id": TREATMENT.treatment_id,
                            "recipe": "conservative", "catalog": "catalog.csv"}]
    )  # fmt: skip
    return opened


def texts(store: Store) -> Mapping[str, str]:
    page = write_report(store, NIGHT)
    markdown = page.with_suffix(".md")
    return {"html": page.read_text("utf-8"), "md": markdown.read_text("utf-8")}


def test_a_restored_and_a_held_reel_are_stated_counted_and_explained(
    store: Store, tmp_path: Path
) -> None:
    record_reel(store, tmp_path)
    record_held(store, "b.mkv: damaged: [mkv @ 0x55d1] [error] File ended; replace it with a copy")
    end_night(store, "finished", reels_restored=1, reels_held=1, shots_computed=1,
              frames_computed=6)  # fmt: skip
    for text in texts(store).values():
        assert "1 of 2 reels restored, 1 held, 0 failed." in text
        assert "1 shot restored; 0 kept their original picture." in text
        assert "12 s" in text
        assert "0.50 frames per second" in text
        assert "1 reel held: AFA-2.r1." in text
        assert "Replace it with a copy." in text
        assert "0x55d1" not in text.split("Events of the night")[0]
        assert text.index("AFA-2") < text.index("Rêves")


def test_titles_are_escaped(store: Store, tmp_path: Path) -> None:
    record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1)
    text = texts(store)
    assert "<b>" not in text["html"]
    assert "Rêves &amp; &lt;b&gt;" in text["html"]
    assert r"Rêves \& \<b\>" in text["md"]
    assert r"\| 1910" in text["md"]


def test_pictures_show_the_frame_that_changed_and_are_png(store: Store, tmp_path: Path) -> None:
    record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1)
    page = write_report(store, NIGHT)
    pictures = sorted((page.parent / "pictures").iterdir())
    assert [p.name for p in pictures if "detail" not in p.name] == [
        "01-after.png", "01-before.png", "01-change.png",
    ]  # fmt: skip
    assert all(p.read_bytes().startswith(PNG) for p in pictures)
    html = page.read_text("utf-8")
    assert html.count("data:image/png;base64,") == len(pictures) == 6
    assert "frame 4</h3>" in html
    assert "http" not in html
    for picture in pictures:
        assert f"(pictures/{picture.name})" in page.with_suffix(".md").read_text("utf-8")


def test_metrics_steps_and_checks_are_shown_with_what_is_not_measurable(
    store: Store, tmp_path: Path
) -> None:
    record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1)
    html = texts(store)["html"]
    assert "1 → 0.25" in html
    assert "lower is better" in html
    assert "1 (needs 5 frames)" in html
    assert "threshold 0.08" in html
    assert "specks 1 .. 3" in html
    assert "Verified in the written files: frame hashes." in html
    assert "Nothing needs attention." in html


EYE = Measurement("EYE", None, 1.4, "%", verdict="flag", threshold=0.9, worst_frame=3)


def test_a_flagged_shot_is_said_first_and_shown_where_it_is_worst(
    store: Store, tmp_path: Path
) -> None:
    record_reel(store, tmp_path, "restored", EYE)
    end_night(store, "finished", reels_restored=1)
    said = "1 shot flagged: shot 1 (EYE 1.4 % against 0.9, worst at its frame 3)."
    for text in texts(store).values():
        assert said in text
        assert "Nothing needs attention." not in text
    html = texts(store)["html"]
    assert "flagged: EYE 1.4 % against 0.9" in html
    assert "frame 3</h3>" in html


def test_what_is_only_worth_a_look_is_counted_and_needs_no_attention(
    store: Store, tmp_path: Path
) -> None:
    record_reel(store, tmp_path, "restored", replace(EYE, verdict="look"))
    end_night(store, "finished", reels_restored=1)
    html = texts(store)["html"]
    assert "Nothing needs attention." in html
    assert "0, 1 to look at" in html


def test_a_night_without_an_end_is_said_to_be_unfinished(store: Store, tmp_path: Path) -> None:
    record_reel(store, tmp_path)
    for text in texts(store).values():
        assert "The night did not finish: its end was never recorded." in text
        assert "How long it took and how fast it was is not recorded." in text


def test_what_later_nights_did_is_no_work_of_a_night_that_was_killed(
    store: Store, tmp_path: Path
) -> None:
    reel, _ = ingested(tmp_path)
    done = restored(store, reel)
    killed, later = store.ledger(NIGHT), store.ledger("20260102-night")
    record_before(store, reel_row(reel, "ingested", TREATMENT))
    killed.append("shots", reel.reel_id, shot_rows([done.shot], "by hand"))
    began = event_row("restoration", done.shot.shot_id, "begun", "", "x 1")
    killed.append("events", NIGHT, [began])
    later.append("batches", "20260102-night", [{"status": "running"}])
    later.append("restorations", reel.reel_id, [restored_row(done, "x 1")])
    measured = (Measurement("DIRT", 1.0, 0.25, "specks/frame"),)
    later.append("measurements", reel.reel_id, measurement_rows(done, measured))
    later.append("reels", reel.reel_id, [reel_row(reel, "restored", TREATMENT, "", "d")])
    night = read_night(store, NIGHT)
    (found,) = night.reels
    assert (night.status, night.ended) == ("running", None)
    assert (found.status, found.shots, found.measurements) == ("ingested", (), ())
    assert found.planned_shots == 1


def test_what_a_check_found_after_a_night_that_was_killed_is_not_in_its_report(
    store: Store, tmp_path: Path
) -> None:
    """A check has no row of a batch, and holds the store as a night does."""
    reel, _ = ingested(tmp_path)
    rows = [reel_row(reel, status, TREATMENT, "", "d") for status in ("restored", "failed")]  # type: ignore[arg-type]
    record_before(store, rows[0])
    event = event_row("found finished", reel.reel_id, "success", "", "x 1")
    store.ledger(NIGHT).append("events", NIGHT, [event])
    store.ledger("fixity-20260102").append("reels", reel.reel_id, rows[1:])
    assert [found.status for found in read_night(store, NIGHT).reels] == ["restored"]


def test_what_a_worker_of_an_earlier_killed_night_still_records_ends_no_later_night(
    store: Store, tmp_path: Path
) -> None:
    """Both nights were killed; a worker of the first outlived it, far into the second."""
    reel, _ = ingested(tmp_path)
    before, late = store.ledger("20251231-night"), reel_row(reel, "ingested", TREATMENT)
    began = {"status": "running", "recorded_at": datetime(2025, 12, 31, tzinfo=UTC)}
    before.append("batches", "20251231-night", [began])
    before.append("reels", "B-1.r1", [late | {"reel_id": "B-1.r1"}])
    record_reel(store, tmp_path)
    (found,) = read_night(store, NIGHT).reels
    assert (found.reel_id, found.status, len(found.shots)) == (reel.reel_id, "restored", 1)


def test_a_shot_that_a_later_night_computed_anew_stands_as_the_night_left_it(
    store: Store, tmp_path: Path
) -> None:
    reel = record_reel(store, tmp_path, "original kept")
    end_night(store, "finished", reels_restored=1)
    anew = restored_row(restored(store, reel), "x 2")
    store.ledger("20260102-night").append("restorations", reel.reel_id, [anew])
    (found,) = read_night(store, NIGHT).reels
    assert [shot["status"] for shot in found.shots] == ["original kept"]


def test_a_stopped_night_says_so(store: Store) -> None:
    end_night(store, "stopped")
    assert "The night was stopped before it was done." in texts(store)["html"]


def test_a_night_without_reels_and_an_unknown_night_are_reported(store: Store) -> None:
    end_night(store, "finished")
    assert "No reel is recorded for this night." in texts(store)["html"]
    page = write_report(store, "another-night")
    assert "The ledger holds nothing of a night named another-night." in page.read_text("utf-8")


def test_reels_finished_on_an_earlier_night_are_not_claimed_as_tonights(store: Store) -> None:
    end_night(store, "finished", reels_restored=3)
    html = texts(store)["html"]
    assert "3 of 3 reels restored" in html
    assert "3 restored reels had been finished on an earlier night" in html


def test_a_shot_that_kept_its_original_is_disclosed(store: Store, tmp_path: Path) -> None:
    record_reel(store, tmp_path, "original kept")
    end_night(store, "finished", reels_restored=1, shots_original_kept=1)
    html = texts(store)["html"]
    assert "0 shots restored; 1 kept their original picture." in html
    assert "1 shot kept the original picture." in html
    assert "kept its original picture: the step failed" in html


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("source", "the source is not at"),
        ("shot.mkv", "the restored shot is not at"),
        ("shot.change.mkv", "the change map is not at"),
        ("manifest.json", "1 file not there as recorded"),
    ],
)
def test_a_deleted_file_is_reported_and_nothing_crashes(
    store: Store, tmp_path: Path, gone: str, said: str
) -> None:
    reel = record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1)
    file = reel.source if gone == "source" else next(store.root.rglob(gone))
    file.unlink()
    assert said in texts(store)["html"]


def test_records_of_a_reel_that_cannot_be_read_cost_no_report(store: Store, tmp_path: Path) -> None:
    """It is said what is wrong; the other reels are told as ever."""
    reel = record_reel(store, tmp_path)
    record_held(store, "x.mkv: truncated")
    end_night(store, "finished", reels_restored=1, reels_held=1)
    damaged = store.tables / "restorations" / reel.reel_id / "x.parquet"
    damaged.write_bytes(b"damaged")
    page = texts(store)["html"]
    assert f"{reel.reel_id}: nothing can be said of its shots: {damaged}" in page
    assert "x.mkv: truncated" in page


def test_what_is_recorded_of_every_frame_is_not_kept_in_memory(
    store: Store, tmp_path: Path
) -> None:
    """A night may find thousands of reels finished, each of as many frames as this shot has."""
    reel, _ = ingested(tmp_path)
    short = restored(store, reel)
    shot = replace(short.shot, stop_frame=20_000)
    step = replace(short.steps[0], parameters=tuple({"specks": n % 100.0} for n in range(20_000)))
    done = replace(
        short, shot=shot, steps=(step,), frame_md5=tuple(f"{n:032x}" for n in range(20_000))
    )
    ledger = store.ledger(NIGHT)
    ledger.append("shots", reel.reel_id, shot_rows([shot], "by hand"))
    ledger.append("restorations", reel.reel_id, [restored_row(done, "x 1")])
    ledger.append("reels", reel.reel_id, [reel_row(reel, "restored", TREATMENT, "", "d")])
    tracemalloc.start()
    night = read_night(store, NIGHT)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [len(found.shots) for found in night.reels] == [1]
    assert held < 200_000
    assert "specks 0 .. 99" in texts(store)["html"]


def test_a_frame_that_is_not_the_recorded_one_is_not_shown(store: Store, tmp_path: Path) -> None:
    reel = record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1)
    write_film(store.shot_folder(reel.reel_id) / "shot.mkv", samples().source)
    assert "after: not shown: shot.mkv: frame 4 is not" in texts(store)["html"]


def test_counts_that_disagree_are_pointed_out(store: Store) -> None:
    record_held(store, "no such file; restore it")
    end_night(store, "finished", reels_held=4)
    assert "The night counted 4 reels held, its records show 1." in texts(store)["html"]


def test_a_second_report_replaces_the_first_and_leaves_no_partial(store: Store) -> None:
    first = write_report(store, NIGHT).parent
    (first / "stale.txt").write_text("old")
    assert write_report(store, NIGHT).parent == first
    assert not (first / "stale.txt").exists()
    assert [p.name for p in first.parent.iterdir()] == [NIGHT]


def test_reports_of_one_night_that_are_written_at_once_are_all_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`wetgate report` beside a night that ends; the last to finish is the report."""
    end_night(store, "finished")
    render, together = write._write_files, Barrier(3)

    def slow(folder: Path, *what: Any) -> None:
        together.wait(10)
        render(folder, *what)
        together.wait(10)

    monkeypatch.setattr(write, "_write_files", slow)
    with ThreadPoolExecutor(3) as pool:
        for _ in range(10):
            written = [pool.submit(write_report, store, NIGHT) for _ in range(3)]
            (page,) = {one.result() for one in written}
            assert page.is_file()
    assert [p.name for p in (store.root / "reports").iterdir()] == [NIGHT]


def test_a_name_that_leads_elsewhere_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="is not the name of a night"):
        write_report(store, "../tables")


@pytest.mark.parametrize(
    ("pixel_format", "colour", "codes", "expected"),
    [
        ("gray", ColourTags(), (255,), (255, 255, 255)),
        ("gray", ColourTags(range="tv"), (235,), (255, 255, 255)),
        ("yuv444p", ColourTags(range="tv", matrix="bt709"), (63, 102, 240), (255, 0, 0)),
        ("yuv444p", ColourTags(range="tv", matrix="smpte170m"), (81, 90, 240), (255, 0, 0)),
        ("yuv422p10le", ColourTags(range="tv"), (940, 512, 512), (255, 255, 255)),
        ("gbrp12le", ColourTags(), (0, 4095, 0), (0, 0, 255)),
    ],
)
def test_stills_follow_range_matrix_and_depth(
    pixel_format: str, colour: ColourTags, codes: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    picture = PictureFormat(4, 2, pixel_format)
    dtype = np.uint8 if picture.depth == 8 else np.dtype("<u2")
    frame = b"".join(
        np.full(shape, code, dtype).tobytes()
        for shape, code in zip(picture.plane_shapes, codes, strict=True)
    )
    found = rgb_of(frame, picture, colour)[0, 0].astype(int)
    assert np.abs(found - expected).max() <= 1, f"{found} is not {expected}"


@pytest.mark.parametrize(
    ("known", "recorded", "shown"),
    [
        ("restored", ("found finished", "success"), "restored on an earlier night"),
        ("ingested", ("restoration", "restored"), "not finished"),
    ],
)
def test_a_reel_without_a_row_of_the_night_is_found_by_its_events(
    store: Store, tmp_path: Path, known: str, recorded: tuple[str, str], shown: str
) -> None:
    reel, _ = ingested(tmp_path)
    derivative = f"{reel.reel_id}.{TREATMENT.label}" if known == "restored" else ""
    row = reel_row(reel, known, TREATMENT, "", derivative)  # type: ignore[arg-type]
    record_before(store, row)
    event = event_row(recorded[0], f"{reel.reel_id}/0000000-0000006", recorded[1], "", "x 1")
    store.ledger(NIGHT).append("events", NIGHT, [event])
    assert f'<td class="status">{shown}</td>' in texts(store)["html"]


@pytest.mark.parametrize("known", ["failed", "held"])
def test_a_reel_that_only_waits_for_its_storage_stays_what_it_was(
    store: Store, tmp_path: Path, known: str
) -> None:
    reel, _ = ingested(tmp_path)
    row = reel_row(reel, known, TREATMENT, "assemble: it does not verify")  # type: ignore[arg-type]
    record_before(store, row)
    why = f"{reel.reel_id} waits: storage /mnt is under maintenance"
    event = event_row("storage", reel.reel_id, "warning", why, "x 1")
    store.ledger(NIGHT).append("events", NIGHT, [event])
    end_night(store, "finished")
    night = read_night(store, NIGHT)
    assert [found.status for found in night.reels] == [known]
    assert attention(night) == [f"1 reel {known}: {reel.reel_id}.", f"{why}."]


def test_what_had_no_room_was_not_published_or_reached_nobody_needs_attention(
    store: Store,
) -> None:
    happened = (
        ("space", NIGHT, "warning", "there was no room for b.r1 about 40 GB"),
        ("notification", NIGHT, "failure", "notice 1: its server did not take it"),
        ("notification", NIGHT, "success", "notice 2: sent"),
        ("publication", "a.r1.x", "failure", "s3://b/a: refused"),
        ("publication", "c.r1.x", "success", "3 objects"),
    )
    rows = [event_row(*event, "x 1") for event in happened]
    store.ledger(NIGHT).append("events", NIGHT, rows)
    end_night(store, "finished")
    said = [
        "there was no room for b.r1 about 40 GB",
        "notice 1: its server did not take it",
        "a.r1.x was not published: s3://b/a: refused",
    ]
    assert attention(read_night(store, NIGHT)) == [f"{one}." for one in said]
    assert list(night_standing(store).said) == said


def test_a_metric_that_failed_is_named_and_the_shots_are_whole(
    store: Store, tmp_path: Path
) -> None:
    note = "failed: ZeroDivisionError: division by zero"
    bad = Measurement("DIRT", None, None, "%", measurable=False, note=note)
    record_reel(store, tmp_path, "restored", bad)
    end_night(store, "finished", reels_restored=1)
    for text in texts(store).values():
        assert f"DIRT {note} (1 shot); the shots are whole" in text


def test_of_very_many_reels_those_with_most_flags_are_told_in_full(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_reel(store, tmp_path)
    end_night(store, "finished", reels_restored=1, shots_restored=1)
    night = read_night(store, NIGHT)
    (reel,) = night.reels
    flagged = tuple({**m, "verdict": "flag", "after": 1.0} for m in reel.measurements)
    other = replace(reel, row={**reel.row, "reel_id": "WORSE.r1"}, measurements=flagged)
    two = replace(night, reels=(reel, other))

    def known(store: Store, batch_id: str) -> Night:
        return two

    monkeypatch.setattr(write, "read_night", known)
    assert all(text.count("Median, before") == 2 for text in texts(store).values())
    monkeypatch.setattr(write, "MOST_DETAILED", 1)
    for name, text in texts(store).items():
        assert "The 1 reels of 2 with most shots flagged are listed" in text
        assert text.count("Median, before") == 1
        head = "<h3>WORSE.r1" if name.endswith("html") else "### WORSE.r1"
        assert head in text
