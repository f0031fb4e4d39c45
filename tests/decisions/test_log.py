"""The log of decisions keeps what was answered for, and shows any change to it."""

import os
import random
import threading
import time
from pathlib import Path

import pytest

from catalogs.decisions.chain import FIRST, written
from catalogs.decisions.decision import Decision
from catalogs.decisions.log import DecisionLog
from catalogs.errors import DecisionError, StoreError, VerificationError

from .conftest import OUTPUT, draft


def test_what_was_appended_is_read_by_another(log: DecisionLog) -> None:
    assert log.read() == ()
    taken = [
        log.append(draft("question", comment="Blinks?\n„Ja“", frame=4, codes=("AI/BLINK",))),
        log.append(draft("redo", model="faces@2")),
    ]
    assert DecisionLog(log.folder).read() == tuple(taken)
    assert [d.sequence for d in taken] == [1, 2]
    assert (taken[0].before, taken[1].before) == (FIRST, taken[0].sha256)
    assert taken[0].decided_at.endswith("+00:00")
    assert log.path.read_bytes().count(b"\n") == 2


def test_no_byte_can_be_edited(log: DecisionLog) -> None:
    """Every single edited byte is found, and said with its line."""
    for number in range(6):
        log.append(draft(comment=f"number {number}"))
    whole = log.path.read_bytes()
    generator = random.Random(1)
    for place in generator.sample(range(len(whole) - 1), 300):
        edited = bytearray(whole)
        edited[place] ^= generator.randrange(1, 256)
        log.path.write_bytes(edited)
        line = whole[:place].count(b"\n") + 1
        with pytest.raises(VerificationError, match=rf"line {line}|line {line + 1}"):
            DecisionLog(log.folder).read()


@pytest.mark.parametrize("change", ["taken out", "doubled", "swapped"])
def test_no_line_can_be_moved(log: DecisionLog, change: str) -> None:
    for number in range(4):
        log.append(draft(comment=f"number {number}"))
    one, two, three, four = log.path.read_bytes().splitlines(keepends=True)
    changed = {"taken out": [one, three, four], "doubled": [one, two, two, three, four],
               "swapped": [one, three, two, four]}[change]  # fmt: skip
    log.path.write_bytes(b"".join(changed))
    with pytest.raises(VerificationError, match=r"line [23]: is decision"):
        DecisionLog(log.folder).read()
    with pytest.raises(VerificationError):
        DecisionLog(log.folder).append(draft())
    assert log.path.read_bytes() == b"".join(changed)


def test_a_line_that_was_forged_with_its_hash_breaks_the_next(log: DecisionLog) -> None:
    first = log.append(draft(comment="waxy"))
    log.append(draft())
    lines = log.path.read_bytes().splitlines(keepends=True)
    forged = written(Decision(**{**vars(first), "comment": "fine"}))
    log.path.write_bytes(forged + lines[1])
    with pytest.raises(VerificationError, match="line 2: does not follow the line before"):
        DecisionLog(log.folder).read()


def test_a_line_that_is_no_decision_is_said(log: DecisionLog) -> None:
    first = log.append(draft())
    log.path.write_bytes(written(Decision(**{**vars(first), "frame": "seven"})))
    with pytest.raises(VerificationError, match="line 1: is no decision: frame"):
        DecisionLog(log.folder).read()


def test_a_torn_line_is_put_aside_and_the_log_goes_on(log: DecisionLog) -> None:
    log.append(draft())
    second = log.append(draft())
    whole = log.path.read_bytes()
    torn = written(Decision(**{**vars(second), "sequence": 3, "before": second.sha256}))[:-30]
    log.path.write_bytes(whole + torn)
    again = DecisionLog(log.folder)
    assert len(again.read()) == 2  # perhaps somebody is writing it just now
    assert log.path.read_bytes() == whole + torn
    third = again.append(draft(comment="after the crash"))
    assert DecisionLog(log.folder).read()[2:] == (third,)
    (beside,) = again.torn
    assert beside.read_bytes() == torn
    assert log.path.read_bytes().startswith(whole)


def test_a_log_that_became_shorter_or_was_lost_is_said(log: DecisionLog) -> None:
    log.append(draft())
    log.append(draft())
    whole = log.path.read_bytes()
    with log.path.open("r+b") as stream:
        stream.truncate(whole.index(b"\n") + 1)
    with pytest.raises(VerificationError, match="shorter than it was"):
        log.read()
    log.path.unlink()
    with pytest.raises(VerificationError, match="is gone"):
        log.read()


def test_nothing_is_decided_where_it_cannot_be_written(
    log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(draft())
    whole = log.path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("catalogs.decisions.log.os.fsync", full)
        with pytest.raises(StoreError, match="nothing was decided"):
            log.append(draft())
    assert log.path.read_bytes() == whole
    assert log.append(draft()).sequence == 2


def test_a_decision_is_flushed_before_it_is_answered(
    log: DecisionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File, its folder and the folder above, the first time; then the file."""
    import catalogs.decisions.log as module

    flushed: list[object] = []
    monkeypatch.setattr(module, "sync_folder", flushed.append)
    monkeypatch.setattr(module.os, "fsync", lambda _: flushed.append(log.path.read_bytes()))
    log.append(draft())
    assert flushed == [log.folder, log.folder.parent, log.path.read_bytes()]
    log.append(draft())
    assert flushed[3:] == [log.path.read_bytes()]


def test_two_writers_take_turns(log: DecisionLog) -> None:
    logs = [DecisionLog(log.folder) for _ in range(4)]

    def write(own: DecisionLog) -> None:
        for _ in range(10):
            own.append(draft())

    writers = [threading.Thread(target=write, args=(own,)) for own in (*logs, logs[0])]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [d.sequence for d in log.read()] == list(range(1, 51))
    assert all(own.read() == log.read() for own in logs)


def test_a_decision_on_another_output_is_refused(log: DecisionLog) -> None:
    with pytest.raises(DecisionError, match="rendered anew"):
        log.append(draft(), expected_output="b" * 64)
    assert log.append(draft(), expected_output=OUTPUT).sequence == 1


def long_log(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    before, said = FIRST, vars(draft(comment="a word or two"))
    with (folder / "log.jsonl").open("wb") as stream:
        for number in range(1, count + 1):
            said["reel_id"] = f"R{number % 997}.r1"
            decision = Decision(
                **said, sequence=number, decided_at="2026-11-28T00:00:00+00:00", before=before
            )
            line = written(decision)
            before = line[-67:-3].decode()
            stream.write(line)


def test_a_long_log_is_read_fast_and_followed_at_once(tmp_path: Path) -> None:
    """100,000 decisions took 1.2 s of processor time; a fifth of them is read here."""
    long_log(tmp_path / "decisions", 20_000)
    log = DecisionLog(tmp_path / "decisions")
    began = time.process_time()
    assert len(log.read()) == 20_000
    first = time.process_time() - began
    DecisionLog(log.folder).append(draft())
    began = time.process_time()
    assert len(log.read()) == 20_001
    assert len(log.read()) == 20_001
    again = time.process_time() - began
    began = time.process_time()
    log.append(draft(reel_id="R5.r1"))
    appended = time.process_time() - began
    assert first < 2
    assert again < first / 10
    assert appended < first / 3


@pytest.mark.parametrize("keeps_times", [False, True])
def test_a_running_process_sees_an_edited_line(log: DecisionLog, keeps_times: bool) -> None:
    log.append(draft(comment="waxy"))
    log.append(draft())
    whole, times = log.path.read_bytes(), log.path.stat()
    edited = whole.replace(b"waxy", b"fine")
    log.path.write_bytes(edited)
    if keeps_times:
        os.utime(log.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    for _ in range(2):
        with pytest.raises(VerificationError, match="line 1"):
            log.read()
    with pytest.raises(VerificationError, match="line 1"):
        log.append(draft())
    assert log.path.read_bytes() == edited
    log.path.write_bytes(whole)
    assert log.append(draft()).sequence == 3


def test_a_log_that_is_gone_is_not_begun_anew(log: DecisionLog) -> None:
    log.append(draft())
    log.path.unlink()
    with pytest.raises(VerificationError, match="is gone"):
        log.append(draft())
    assert not log.path.exists()


def test_lines_put_aside_take_the_first_free_name(log: DecisionLog) -> None:
    """Somebody took one of the files away meanwhile."""
    log.append(draft())

    def torn(text: bytes) -> None:
        with log.path.open("ab") as stream:
            stream.write(text)
        with pytest.raises(DecisionError, match="not locked"):
            log.append(draft("reopen", comment="nothing is written"))

    torn(b"one")
    torn(b"two")
    (log.folder / "torn-000001-1.txt").unlink()
    torn(b"three")
    torn(b"four")
    assert [path.read_text() for path in log.torn] == ["three", "two", "four"]
