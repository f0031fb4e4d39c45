"""A host that is cut off from the network while it works, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clusters.processes import scheduler, worker
from tests.faults.hosts import Host, two_hosts, why_not
from tests.faults.nights import Frames, Site, finish, label, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

CUT = label("A", 0)
PATIENCE = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "15s"
}  # 30 s otherwise; Dask knows none below 11


@pytest.fixture
def hosts() -> Iterator[tuple[Host, Host]]:
    if why := why_not():
        pytest.skip(why)
    with two_hosts() as pair:
        yield pair


def test_a_host_that_is_cut_off_at_work_and_comes_back_costs_one_shot(
    site_alone: Site, undisturbed: Frames, hosts: tuple[Host, Host], tmp_path: Path
) -> None:
    """Its shot is done again elsewhere; once it is back it is given work as before."""
    site, (here, there) = site_alone, hosts
    later, go = site.deeds / "later", site.deeds / "never"
    site.plan({CUT: [["wait", str(go)]], "assemble A.r1": [["wait", str(later)]]})
    own = {**site.process_environment(), **PATIENCE}
    site.environment = PATIENCE
    with (
        scheduler(tmp_path, here.address, here.prefix, **own) as (address, _),
        worker(address, tmp_path, there.prefix, "away", **own),
    ):
        site.options = ["--scheduler", address]
        running = site.start(prefix=here.prefix)
        site.process_at(CUT)
        with worker(address, tmp_path, here.prefix, "here", **own):
            there.cable("down")
            wait_until(lambda: site.began(CUT, 1))  # by the worker that is left
            there.cable("up")
            site.process_at("assemble A.r1")
            wait_until(lambda: site.starts(label("C", 0)) > 0)
            later.touch()
            ended = finish(running)
    assert ended.reels == (3, 0, 0), ended.stderr
    assert site.masters() == undisturbed
    shots = site.table("restorations")
    assert list(shots["status"].unique()) == ["restored"]
    assert len(shots) == 6
    assert site.starts(CUT) == 2
    assert "workers went away in the midst of their time" in site.report()
