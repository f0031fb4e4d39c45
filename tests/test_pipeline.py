"""Stages beside each other: order, bounds and errors are those of a plain loop."""

import threading
from collections.abc import Generator
from contextlib import closing

import pytest

from tasks.pipeline import read_ahead, written_behind

LONG = 60.0  # seconds after which a stage that waits has failed


def counted(stop: int, made: list[int], closed: list[bool]) -> Generator[int, None, None]:
    """0, 1, 2 ...; notes what was made and that it was closed."""
    try:
        for number in range(stop):
            made.append(number)
            yield number
    finally:
        closed.append(True)


def stage_threads() -> list[str]:
    """Threads of stages that live."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("read-ahead", "write-behind"))]


def test_items_come_in_order_and_nothing_stays_behind() -> None:
    made: list[int] = []
    closed: list[bool] = []
    written: list[int] = []
    with (
        closing(read_ahead(counted(20, made, closed))) as items,
        written_behind(written.append) as hand_over,
    ):
        for item in items:
            hand_over(item)
    assert written == made == list(range(20))
    assert closed == [True]
    assert stage_threads() == []


def test_the_next_item_is_made_while_the_caller_is_at_work() -> None:
    """A loop without a thread would wait here for ever."""
    ready = threading.Event()

    def items() -> Generator[int, None, None]:
        yield 0
        ready.set()
        yield 1

    with closing(read_ahead(items(), 1)) as ahead:
        assert next(ahead) == 0
        assert ready.wait(LONG)
        assert list(ahead) == [1]


def test_what_is_handed_over_is_written_while_the_caller_is_at_work() -> None:
    written = threading.Event()
    with written_behind(written.set) as hand_over:
        hand_over()
        assert written.wait(LONG)


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_is_read_than_was_allowed(most: int) -> None:
    """One is with the caller, `most` lie ready."""
    made: list[int] = []
    with closing(read_ahead(counted(50, made, []), most)) as items:
        for taken in range(20):
            assert next(items) == taken
            assert len(made) <= taken + 1 + most


def test_handing_over_waits_when_too_much_lies_there() -> None:
    go_on, over = threading.Event(), threading.Event()
    handed: list[int] = []

    def produce() -> None:
        with written_behind(lambda _: go_on.wait(LONG), 2) as hand_over:
            for number in range(3):
                hand_over(number)
                handed.append(number)
        over.set()

    producer = threading.Thread(target=produce)
    producer.start()
    assert not over.wait(0.2)
    assert handed == [0, 1]
    go_on.set()
    producer.join(LONG)
    assert handed == [0, 1, 2]


def test_an_error_of_reading_comes_after_the_items_before_it() -> None:
    closed: list[bool] = []

    def items() -> Generator[int, None, None]:
        yield from counted(5, [], closed)
        raise OSError("the disk is gone")

    seen: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"), closing(read_ahead(items())) as ahead:
        for item in ahead:
            seen.append(item)
    assert seen == list(range(5))
    assert closed == [True]
    assert stage_threads() == []


@pytest.mark.parametrize("fails_at", [0, 4, 9], ids=["first", "midway", "last"])
def test_an_error_of_writing_is_never_lost(fails_at: int) -> None:
    def write(number: int) -> None:
        if number == fails_at:
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"), written_behind(write) as hand_over:
        for number in range(10):
            hand_over(number)
    assert stage_threads() == []


def test_leaving_early_reads_and_writes_no_more() -> None:
    made: list[int] = []
    closed: list[bool] = []
    written: list[int] = []
    held = threading.Event()
    source = counted(1000, made, closed)  # held, so that only closing it ends it

    def write(number: int) -> None:
        held.wait(LONG)
        written.append(number)

    with (
        pytest.raises(RuntimeError, match="the step broke"),
        closing(read_ahead(source)) as items,
        written_behind(write) as hand_over,
    ):
        hand_over(next(items))
        hand_over(next(items))
        threading.Timer(0.1, held.set).start()
        raise RuntimeError("the step broke")
    assert written == [0]
    assert len(made) < 10
    assert closed == [True]
    assert stage_threads() == []
