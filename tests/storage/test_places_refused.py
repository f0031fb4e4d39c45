"""Places in object storage that are refused, before anything of them is written down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

import flows.services.services
from catalogs.errors import CatalogError, RecipeError, WetgateError
from catalogs.origin import Origin, RemoteRoot
from catalogs.store import Store
from flows import reprocess as reprocess_module
from flows.cli import app
from flows.night.object_storage import ObjectStorage
from flows.nightly import nightly
from tests.played import entry, ingested

SIGNED = "https://host/bucket/x?X-Amz-Signature=SECRET"


@pytest.mark.parametrize("url", [SIGNED, "s3://KEY:SECRET@b/x", "s3://b/x#SECRET", "s3://b?SECRET"])
def test_a_refusal_repeats_no_secret(url: str) -> None:
    with pytest.raises(CatalogError) as raised:
        RemoteRoot(url)
    assert "SECRET" not in str(raised.value)


@pytest.mark.parametrize("option", ["--archive", "--publish"])
@pytest.mark.parametrize("url", [SIGNED, "s3://KEY:SECRET@b/x"])
def test_prefect_is_never_told_of_a_url_with_secrets(
    option: str, url: str, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun(_: Path) -> None:
        raise AssertionError("a Prefect server was begun")

    monkeypatch.setattr(flows.services.services, "prefect_api", begun)
    night = ["run", str(tmp_path / "catalog.csv"), "--store", str(tmp_path / "new"), option, url]
    again = ["reprocess", "--decisions", "--store", str(store.root), option, url]
    for command in (night, again) if option == "--publish" else (night,):
        found = CliRunner().invoke(app, command)
        assert isinstance(found.exception, WetgateError), found.output
        assert "SECRET" not in str(found.exception)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("publish", "refused"),
    [("s3://b/films", True), ("s3://b/films/out/", True), ("s3://b", True),
     ("s3://b/films2", False), ("s3://c/films", False)],
)  # fmt: skip
def test_nothing_is_published_among_sources(publish: str, refused: bool) -> None:
    storage = ObjectStorage.of(None, 1.0, publish)
    storage.refuse_sources(Path("/films"))
    if not refused:
        storage.refuse_sources(RemoteRoot("s3://b/films"))
        return
    with pytest.raises(RecipeError, match="sources lie in s3://b/films"):
        storage.refuse_sources(RemoteRoot("s3://b/films"))


def test_maintenance_of_a_url_is_refused(store: Store) -> None:
    found = CliRunner().invoke(
        app, ["maintenance", "begin", "s3://b/films", "--store", str(store.root), "--by", "A. B"]
    )
    assert found.exit_code == 2
    assert "object storage" in found.output
    assert store.controls.storages == ()


def test_a_night_among_sources_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="sources lie in s3://b/films"):
        nightly.fn(
            str(tmp_path / "catalog.csv"),
            str(tmp_path / "new"),
            archive="s3://b/films",
            publish="s3://b/films/out",
        )
    assert not (tmp_path / "new").exists()


def test_a_reprocessing_among_the_sources_of_its_reels_does_not_begin(
    store: Store, header_maker: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known, _ = ingested(entry("A"), header_maker)
    known = replace(known, origin=Origin("s3://b/films", "A.mkv", None, "0" * 64))
    planned: Any = SimpleNamespace(plan=SimpleNamespace(reels=[SimpleNamespace(reel=known)]))
    monkeypatch.setattr(reprocess_module, "prepare", lambda *_: planned)
    with pytest.raises(RecipeError, match="sources lie in s3://b/films"):
        reprocess_module.reprocess.fn(str(store.root), decisions=True, publish="s3://b/films/out")
