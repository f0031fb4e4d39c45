"""The queue hands out no more than the cluster runs, nearly done reels first."""

from catalogs.records import CatalogReel
from flows.night.jobs import Job, Queue


def job(kind: str, reel: str, alone: bool = False) -> Job:
    return Job(kind, CatalogReel(reel, reel, 1, 1, f"{reel}.mkv", 2), alone=alone)  # type: ignore[arg-type]


def test_a_reel_that_is_nearly_done_comes_first() -> None:
    queue = Queue()
    for kind in ("ingest", "restore", "assemble", "keep"):
        queue.add(job(kind, "a"))
    taken = [queue.take(0, 1) for _ in range(4)]
    assert [j.kind for j in taken if j] == ["assemble", "keep", "restore", "ingest"]


def test_no_more_runs_than_there_are_slots() -> None:
    queue = Queue()
    queue.add(job("restore", "a"))
    assert queue.take(running=2, slots=2) is None
    assert queue.take(running=1, slots=2) is not None


def test_a_suspect_runs_with_nothing_beside_it() -> None:
    """Of two shots on a dying worker the innocent would be blamed as well."""
    queue = Queue()
    queue.add(job("restore", "suspect", alone=True))
    queue.add(job("restore", "a"))
    assert queue.take(running=1, slots=4) is None
    first = queue.take(running=0, slots=4)
    assert first is not None and first.alone
    assert queue.take(running=1, slots=4) is None
    assert queue.take(running=0, slots=4) is not None


def test_a_suspect_waits_for_the_rest_of_its_reel_only() -> None:
    """A long archive must not keep it waiting for ever."""
    queue = Queue()
    queue.add(job("restore", "a", alone=True))
    queue.add(job("restore", "a"))
    queue.add(job("restore", "b"))
    taken = [queue.take(running=0, slots=4) for _ in range(3)]
    assert [(j.catalog.reel_id, j.alone) for j in taken if j] == [
        ("a.r1", False),
        ("a.r1", True),
        ("b.r1", False),
    ]


def test_dropping_a_reel_forgets_its_jobs_only() -> None:
    queue = Queue()
    queue.add(job("restore", "a"))
    queue.add(job("restore", "b"))
    queue.add(job("restore", "a", alone=True))
    queue.drop("a.r1")
    assert len(queue) == 1
    left = queue.take(0, 1)
    assert left is not None and left.catalog.reel_id == "b.r1"
