"""Connections with certificates: without one nobody is let in."""

from __future__ import annotations

from pathlib import Path

import pytest
from distributed import Client

from catalogs.errors import ClusterError
from flows.cluster.profile import ClusterProfile, read_profile
from flows.cluster.start import chosen_profile, night_cluster
from tests.clusters.certificates import Certificates

pytestmark = pytest.mark.filterwarnings("default")  # libraries of others, not ours


def profile(folder: Path, text: str) -> ClusterProfile:
    folder.mkdir(exist_ok=True)
    file = folder / "profile.toml"
    file.write_text(text + Certificates(folder).toml())
    return read_profile(str(file))


def test_only_who_has_a_certificate_of_the_authority_is_let_in(tmp_path: Path) -> None:
    own = profile(tmp_path / "own", "workers = 1\n")
    with night_cluster(own) as client:
        address = client.scheduler_info()["address"]
        assert address.startswith("tls://")
        assert next(iter(client.nthreads())).startswith("tls://")
        assert client.submit(sum, [1, 2]).result(timeout=60) == 3
        running = f"kind = 'scheduler'\n[scheduler]\naddress = '{address}'\n"
        same = tmp_path / "own" / "second.toml"
        same.write_text(running + (tmp_path / "own" / "profile.toml").read_text().split("\n", 1)[1])
        with night_cluster(read_profile(str(same))) as second:
            assert isinstance(second, Client)
            assert len(second.nthreads()) == 1
        with (
            pytest.raises(ClusterError, match=r"does not answer .*wants the certificates"),
            night_cluster(chosen_profile(address.replace("tls:", "tcp:"))),
        ):
            pass
        other = profile(tmp_path / "other", running)  # of another authority
        with pytest.raises(ClusterError, match="does not answer"), night_cluster(other):
            pass
