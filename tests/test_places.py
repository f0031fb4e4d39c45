"""No more work is handed out than living workers can begin."""

import threading
import time

import pytest

from flows.cluster.places import ClusterLostError, Places


def test_work_waits_while_a_worker_is_away_and_goes_on_when_one_comes() -> None:
    living = [1]
    places = Places(lambda: living[0])
    begun = threading.Event()

    def second() -> None:
        with places.one():
            begun.set()

    with places.one():
        other = threading.Thread(target=second)
        other.start()
        assert not begun.wait(0.2)
        living[0] = 2
        assert begun.wait(5)
        other.join()


def test_a_place_that_is_given_back_is_had_at_once() -> None:
    places = Places(lambda: 1)
    for _ in range(3):
        started = time.monotonic()
        with places.one():
            assert time.monotonic() - started < 0.4


def test_a_cluster_without_workers_is_not_waited_for_for_ever() -> None:
    places = Places(lambda: 0, patience_seconds=0.1)
    with pytest.raises(ClusterLostError, match="no worker has come"), places.one():
        pass


def test_a_night_that_is_to_stop_does_not_wait_for_workers() -> None:
    """Where one is at work, its end is waited for."""
    with (
        pytest.raises(ClusterLostError, match="was to stop"),
        Places(lambda: 0, 600, lambda: True).one(),
    ):
        pass
    with Places(lambda: 1, 600, lambda: True).one():
        pass
