"""One archive and one undisturbed night for all, and a site for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.nights import Frames, Site, make_archive


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("faults") / "archive")


@pytest.fixture(scope="session")
def undisturbed(
    catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Frames:
    """Hashes of the restored masters' frames of a night that nothing happened to."""
    site = Site(tmp_path_factory.mktemp("undisturbed"), catalog)
    assert site.night().reels == (3, 0, 0)
    assert not list(site.store.glob("logs/worker-*"))
    return site.masters()


@pytest.fixture
def site(catalog: Path, prefect_server: str, tmp_path: Path) -> Site:
    """A store and an archive; nights there use the shared Prefect server."""
    return Site(tmp_path, catalog)


@pytest.fixture
def site_alone(catalog: Path, tmp_path: Path, own_server: None) -> Site:
    """The same, with a Prefect server of the night's own."""
    return Site(tmp_path, catalog)
