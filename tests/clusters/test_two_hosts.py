"""A cable between two hosts of the tests can be cut and mended."""

from __future__ import annotations

import pytest

from tests.faults.hosts import reaches, two_hosts, why_not
from tests.faults.nights import wait_until


def test_hosts_reach_each_other_but_for_a_cable_that_is_cut() -> None:
    if why := why_not():
        pytest.skip(why)
    with two_hosts() as (here, there):
        there.cable("down")
        assert not reaches(here, there)
        there.cable("up")
        wait_until(lambda: reaches(here, there), 30)
