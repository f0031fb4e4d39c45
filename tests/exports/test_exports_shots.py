"""The shot list: out and back exactly, and never believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogs.errors import CatalogError, StoreError, VerificationError
from catalogs.exports.shot_reading import MOST_BYTES, read_shot_list
from catalogs.exports.subject import ListedShot, RestoredReel
from catalogs.exports.timeline import EDL_RATES
from catalogs.records import Reel
from catalogs.shot_list import (
    check_cover,
    current_shots,
    holding_rows,
    ranges_of,
    record_correction,
)
from catalogs.store import Store
from catalogs.store_lock import hold_store
from tasks.correct import correct_shots, write_shot_list
from tasks.export.formats import ListKind, export_content, list_text

FinishReel = Callable[..., Reel]
Gather = Callable[[Reel], RestoredReel]
MakeRecord = Callable[..., Reel]

RANGES = ((0, 40), (40, 1841), (1841, 2000))
OTIO_RATES = [Fraction(r) for r in ("16", "18", "20", "24000/1001", "24", "25", "30000/1001")]


def listed(ranges: tuple[tuple[int, int], ...]) -> list[ListedShot]:
    return [ListedShot(start, stop) for start, stop in ranges]


def there_and_back(kind: ListKind, reel: Reel, ranges: tuple[tuple[int, int], ...]) -> object:
    text = list_text(kind, reel, listed(ranges))
    return read_shot_list(f"list.{kind}", text.encode(), reel)


@pytest.mark.parametrize("rate", OTIO_RATES, ids=str)
def test_otio_comes_back_exactly_at_every_rate(make_record: MakeRecord, rate: Fraction) -> None:
    assert there_and_back("otio", make_record(rate=rate), RANGES) == RANGES


@pytest.mark.parametrize("rate", EDL_RATES, ids=str)
def test_an_edl_comes_back_exactly_at_its_rates(make_record: MakeRecord, rate: Fraction) -> None:
    assert there_and_back("edl", make_record(rate=rate), RANGES) == RANGES


@pytest.mark.parametrize("kind", ["otio", "edl"])
@pytest.mark.parametrize(
    ("rate", "timecode"),
    [("25", "01:00:00:00"), ("30000/1001", "10:00:00;02"), ("30000/1001", "01:00:00:00")],
    ids=str,
)
def test_frames_are_counted_from_the_timecode(
    make_record: MakeRecord, kind: ListKind, rate: str, timecode: str
) -> None:
    reel = make_record(rate=Fraction(rate), timecode=timecode)
    assert there_and_back(kind, reel, RANGES) == RANGES
    if kind == "edl":
        assert timecode in list_text(kind, reel, listed(RANGES)).splitlines()[3]


def test_an_edl_counts_as_the_reel_does_and_says_so(make_record: MakeRecord) -> None:
    """An editing program that counts otherwise would cut at other frames."""

    def head(rate: Fraction, timecode: str | None) -> str:
        reel = make_record(rate=rate, timecode=timecode)
        return list_text("edl", reel, listed(RANGES)).splitlines()[1]

    assert {head(rate, None) for rate in EDL_RATES} == {"FCM: NON-DROP FRAME"}
    assert head(Fraction(30000, 1001), "01:00:00:00") == "FCM: NON-DROP FRAME"
    assert head(Fraction(30000, 1001), "01:00:00;00") == "FCM: DROP FRAME"


@pytest.mark.parametrize("rate", ["16", "18", "50"])
def test_no_edl_is_written_or_read_for_a_rate_it_cannot_express(
    make_record: MakeRecord, rate: str
) -> None:
    reel = make_record(rate=Fraction(rate))
    with pytest.raises(VerificationError, match=f"no {rate} frames a second.*export otio"):
        list_text("edl", reel, listed(RANGES))
    with pytest.raises(CatalogError, match=r"correct an \.otio"):
        read_shot_list("list.edl", b"TITLE: x\n", reel)


def test_no_edl_passes_midnight_or_a_thousand_events(make_record: MakeRecord) -> None:
    for rate, timecode, fits in (
        ("25", "23:58:39:24", True),
        ("25", "23:58:40:00", False),
        ("30000/1001", "23:58:53;07", True),
        ("30000/1001", "23:58:53;08", False),
        ("25", "25:00:00:00", False),
    ):
        reel = make_record(rate=Fraction(rate), timecode=timecode)
        if fits:
            assert there_and_back("edl", reel, RANGES) == RANGES
        else:
            with pytest.raises(VerificationError, match="passes midnight"):
                list_text("edl", reel, listed(RANGES))
    frames = tuple((n, n + 1) for n in range(1000))
    with pytest.raises(VerificationError, match="1000 shots, an EDL numbers 999"):
        list_text("edl", make_record(), listed(frames))


@pytest.mark.parametrize("kind", ["otio", "edl", "csv"])
def test_any_list_comes_back_exactly(make_record: MakeRecord, kind: ListKind) -> None:
    reel = make_record(rate=Fraction(30000, 1001))

    @settings(max_examples=20, deadline=None)
    @given(cuts=st.sets(st.integers(1, 1999), max_size=40))
    def holds(cuts: set[int]) -> None:
        ranges = tuple(pairwise((0, *sorted(cuts), 2000)))
        assert there_and_back(kind, reel, ranges) == ranges

    holds()


def test_the_timeline_names_status_master_and_source(
    finish_reel: FinishReel, gather: Gather
) -> None:
    subject = gather(finish_reel())
    name, content = export_content("otio", subject)
    assert name == "shots.otio"
    timeline = otio.adapters.read_from_string(content.decode(), "otio_json")
    clips = list(timeline.tracks[0])
    assert [len(clip.markers) for clip in clips] == [0, 1, 0]
    assert clips[1].markers[0].name == "original kept"
    assert clips[0].metadata["wetgate"]["changed_share"] == 0.25
    media = clips[0].media_references()
    assert media["DEFAULT_MEDIA"].target_url == subject.file("restored master").name
    assert media["source"].target_url == "box/a.mkv"
    assert timeline.metadata["wetgate"]["frame_rate"] == "25"


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        (((0, 40), (50, 2000)), "frames 40 to 49 are in no shot"),
        (((1, 2000),), "frame 0 is in no shot"),
        (((0, 1990),), "frames 1990 to 1999 are in no shot"),
        (((0, 50), (40, 2000)), "frames 40 to 49 are in more than one shot"),
        (((0, 2000), (40, 50)), "frames 40 to 49 are in more than one shot"),
        (((0, 1), *((n, n + 1) for n in range(2, 2000, 2))), "and 995 more"),
    ],
    ids=["gap", "no first", "no last", "overlap", "within", "many"],
)
def test_a_list_that_does_not_cover_is_refused_by_frame(
    ranges: tuple[tuple[int, int], ...], said: str
) -> None:
    with pytest.raises(CatalogError, match=said):
        check_cover(ranges, 2000)


def test_a_correction_holds_from_then_on_and_spares_what_did_not_change(
    finish_reel: FinishReel, store: Store
) -> None:
    reel, ledger = finish_reel(), store.ledger()
    before = current_shots(ledger, reel, "wetgate 1")
    corrected = ((0, 40), (40, 900), (900, 1841), (1841, 2000))
    assert record_correction(ledger, reel, corrected, "B. Ob", "a cut", "wetgate 1") == 2
    after = current_shots(ledger, reel, "wetgate 1")
    assert ranges_of(after) == corrected
    assert [shot.index for shot in after] == [0, 1, 2, 3]
    spared = {shot.key("t") for shot in before} & {shot.key("t") for shot in after}
    assert len(spared) == 2
    event = ledger.read("events", "corrections").iloc[-1]
    assert (event["event"], event["agent"]) == ("shot list correction", "B. Ob")
    assert event["detail"] == "4 shots, 2 of them new, as corrected 1 by B. Ob: a cut"


def test_the_newest_correction_holds_past_the_ninth(finish_reel: FinishReel, store: Store) -> None:
    reel, ledger = finish_reel(), store.ledger()
    for cut in range(100, 111):
        record_correction(ledger, reel, ((0, cut), (cut, 2000)), "B", "", "wetgate 1")
    assert ranges_of(current_shots(ledger, reel, "wetgate 2")) == ((0, 110), (110, 2000))
    held = holding_rows(ledger.newest("shots"))
    assert list(held.sort_values("start_frame")["stop_frame"]) == [110, 2000]


def test_without_a_correction_the_newest_detector_holds(
    finish_reel: FinishReel, store: Store
) -> None:
    reel = finish_reel()
    assert ranges_of(current_shots(store.ledger(), reel, "wetgate 1")) == RANGES
    assert current_shots(store.ledger(), reel, "wetgate 2") == ()
    assert len(holding_rows(store.ledger().newest("shots"))) == 3


def test_the_same_list_records_nothing(finish_reel: FinishReel, store: Store) -> None:
    reel, ledger = finish_reel(), store.ledger()
    assert record_correction(ledger, reel, RANGES, "B", "", "wetgate 1") == 0
    assert ledger.read("events", "corrections").empty


def test_two_corrections_at_one_moment_are_one(
    finish_reel: FinishReel, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel, ledger = finish_reel(), store.ledger()
    record_correction(ledger, reel, ((0, 2000),), "B", "", "wetgate 1")
    monkeypatch.setattr("catalogs.shot_list._corrections", lambda *_: [])
    with pytest.raises(StoreError, match="corrected at this moment"):
        record_correction(ledger, reel, ((0, 7), (7, 2000)), "C", "", "wetgate 1")


@pytest.mark.parametrize("kind", ["otio", "csv", "edl"])
def test_a_list_goes_out_is_corrected_and_comes_back(
    finish_reel: FinishReel, store: Store, kind: ListKind
) -> None:
    reel = finish_reel()
    path = store.root.parent / f"list.{kind}"
    assert write_shot_list(store, reel, kind, path) == 3
    assert correct_shots(store, reel, path, "B") == 0
    joined = listed(((0, 1841), (1841, 2000)))
    path.write_text(list_text(kind, reel, joined))
    assert correct_shots(store, reel, path, "B") == 1
    with hold_store(store), pytest.raises(StoreError, match="another night or check is running"):
        correct_shots(store, reel, path, "B")


def test_old_spreadsheets_end_lines_by_carriage_returns(make_record: MakeRecord) -> None:
    text = "start_frame,stop_frame\r0,40\r40,2000\r"
    assert read_shot_list("l.csv", text.encode(), make_record()) == ((0, 40), (40, 2000))


def test_spreadsheets_may_write_semicolons_and_a_byte_order_mark(make_record: MakeRecord) -> None:
    text = "\ufeffstart_frame;stop_frame\r\n40;2000\r\n0;40\r\n;\r\n"
    assert read_shot_list("l.csv", text.encode(), make_record()) == ((0, 40), (40, 2000))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("l.txt", "x", r"an \.otio, \.edl or \.csv file"),
        ("l.csv", "a,b\n1,2\n", "no column start_frame, stop_frame"),
        ("l.csv", "start_frame,stop_frame\n0,x\n", "line 2: 'x' is not a frame number"),
        ("l.csv", "start_frame,stop_frame\n0,-1\n", "not a frame number"),
        ("l.csv", "start_frame,stop_frame\n0,3000\n", "no part of the reel's 2000"),
        ("l.csv", "start_frame,stop_frame\n5,5\n", "no part of the reel"),
        ("l.csv", "start_frame,stop_frame\n", "holds no shots"),
        ("l.csv", "start_frame,stop_frame\n" + "1" * 200_000, "field larger"),
        ("l.csv", "start_frame\tstop_frame\n0\t9\n", "separate columns by , or ;"),
        ("l.otio", "{", "not an OpenTimelineIO file"),
        ("l.otio", '{"OTIO_SCHEMA":"Timeline.1"}', "not an OpenTimelineIO file"),
        ("l.otio", "[" * 100_000, "not an OpenTimelineIO file"),
        ("l.otio", "[" * 50 + "]" * 50, "nested more than 40 deep"),
        ("l.otio", '{"OTIO_SCHEMA": "Clip.1"}', "holds no timeline"),
        ("l.otio", '{"OTIO_SCHEMA": "Timeline.1", "tracks": null}', "l.otio: "),
        ("l.edl", "001  AX V C 00:00:00:00 99:99:99:99 00:00:00:00 00:00:01:00", "l.edl: "),
        ("l.edl", "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;", "l.edl: "),
    ],
)
def test_what_is_no_list_is_refused_in_words(
    make_record: MakeRecord, name: str, text: str, said: str
) -> None:
    with pytest.raises(CatalogError, match=said):
        read_shot_list(name, text.encode(), make_record())


def test_a_list_has_a_largest_size_and_is_text(make_record: MakeRecord) -> None:
    with pytest.raises(CatalogError, match="at most"):
        read_shot_list("l.csv", b" " * (MOST_BYTES + 1), make_record())
    with pytest.raises(CatalogError, match="not UTF-8"):
        read_shot_list("l.csv", b"\xff\xfe", make_record())


def test_a_list_of_another_reel_or_rate_is_refused(make_record: MakeRecord) -> None:
    text = list_text("otio", make_record("A"), listed(RANGES))
    with pytest.raises(CatalogError, match=r"list of reel A\.r1, not of B\.r1"):
        read_shot_list("l.otio", text.encode(), make_record("B"))
    other = text.replace(make_record("A").content.sha256, "0" * 64)
    with pytest.raises(CatalogError, match=r"was made of another source of A\.r1 \(sha256 000"):
        read_shot_list("l.otio", other.encode(), make_record("A"))
    with pytest.raises(CatalogError, match="counts 25 frames a second, the reel has 18"):
        read_shot_list("l.otio", text.encode(), make_record("A", Fraction(18)))


def test_half_frames_and_second_tracks_are_refused(make_record: MakeRecord) -> None:
    reel = make_record()
    text = list_text("otio", reel, listed(RANGES))
    with pytest.raises(CatalogError, match="not a whole number of frames"):
        read_shot_list("l.otio", text.replace('"value": 40.0', '"value": 40.5').encode(), reel)
    timeline = json.loads(text)
    timeline["tracks"]["children"] *= 2
    with pytest.raises(CatalogError, match="has 2 video tracks"):
        read_shot_list("l.otio", json.dumps(timeline).encode(), reel)


def test_no_damage_to_a_timeline_ends_in_anything_but_words(make_record: MakeRecord) -> None:
    """Every value replaced in turn by others of every kind: a list, or a refusal."""
    reel = make_record()
    text = list_text("otio", reel, listed(RANGES[:1]))
    whole = json.loads(text)
    for path in paths(whole):
        for other in (None, 7, -1e300, "x", [], {}, {"OTIO_SCHEMA": "Gap.1"}, [{}]):
            damaged = json.loads(text)
            place = damaged
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = other
            try:
                read_shot_list("l.otio", json.dumps(damaged).encode(), reel)
            except CatalogError as error:
                assert str(error).startswith("l.otio")


def paths(value: object, before: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    found = []
    for key, part in inner:
        found.append((*before, key))
        if isinstance(part, dict | list):
            found += paths(part, (*before, key))
    return found


def test_no_file_that_a_list_names_is_opened(
    make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    reel = make_record(path="../../etc/passwd")
    texts = {kind: list_text(kind, reel, listed(RANGES)) for kind in ("otio", "edl")}
    for kind, text in texts.items():
        read_shot_list(f"l.{kind}", text.encode(), reel)  # modules are loaded now
    opened: list[object] = []
    monkeypatch.setattr("builtins.open", lambda name, *_, **__: opened.append(name))
    monkeypatch.setattr("io.open", lambda name, *_, **__: opened.append(name))
    for kind, text in texts.items():
        read_shot_list(f"l.{kind}", text.encode(), reel)
    assert opened == []
