"""What was taken from others is what it is said to be, and everything is said."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from dashboard.assets import Assets

ROOT = Path(__file__).parent.parent.parent
FOLDERS = (ROOT / "dashboard" / "static" / "vendored", ROOT / "tests" / "dashboard" / "vendored")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-3])
def test_files_of_others_have_hash_version_and_licence(folder: Path) -> None:
    named = json.loads((folder / "vendored.json").read_text())
    for entry in named:
        for file, digest in (("file", "sha256"), ("licence_file", "licence_sha256")):
            content = (folder / entry[file]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry[digest], entry[file]
        assert entry["licence"] in ("0BSD", "MIT", "MPL-2.0")
        assert entry["version"] in entry["package"]
    there = {path.name for path in folder.iterdir()} - {"vendored.json"}
    assert there == {entry[name] for entry in named for name in ("file", "licence_file")}


def test_no_file_of_ours_names_another_server() -> None:
    for path in (ROOT / "dashboard").rglob("*"):
        if path.suffix in (".html", ".js", ".css") and "vendored" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert "//cdn" not in text and "https://" not in text, path


def test_addresses_of_files_change_with_their_content() -> None:
    assets = Assets.shipped()
    for name in ("style.css", "keys.js", "vendored/htmx.min.js"):
        asset = assets.find(name)
        assert asset is not None
        assert assets.address(name).endswith(hashlib.sha256(asset.content).hexdigest()[:12])
    assert assets.find("../app.py") is None
