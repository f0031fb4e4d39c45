"""Paths from a catalog: whatever is written there, nothing outside the archive is opened."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from catalogs.errors import CatalogError
from catalogs.paths import confine


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a file, a folder, and symlinks that stay inside and lead outside."""
    base = tmp_path_factory.mktemp("base")
    archive = base / "archive"
    (archive / "reels").mkdir(parents=True)
    (archive / "reels" / "one.mkv").write_bytes(b"reel")
    (base / "secret").mkdir()
    (base / "secret" / "key.pem").write_bytes(b"secret")
    (base / "archive-2").mkdir()
    (archive / "inside").symlink_to(archive / "reels")
    (archive / "outside").symlink_to(base / "secret")
    (archive / "beside").symlink_to(base / "archive-2")
    (archive / "hidden.mkv").symlink_to(base / "secret" / "key.pem")
    (archive / "round").symlink_to(archive / "round")
    return archive


@pytest.mark.parametrize(
    "written",
    ["reels/one.mkv", "./reels/one.mkv", "inside/one.mkv", "reels//one.mkv", "inside/./one.mkv"],
)
def test_a_file_of_the_archive_is_found(root: Path, written: str) -> None:
    assert confine(root, written) == root / "reels" / "one.mkv"


@pytest.mark.parametrize(
    "written",
    [
        "reels/Über das Meer (1912), 'r1'.mkv",
        "AFA 0012 #1 100%.mkv",
        "frames/%06d.dpx",
        "a file that does not exist yet.mkv",
    ],
)
def test_unusual_names_are_allowed(root: Path, written: str) -> None:
    assert confine(root, written) == root / written


REFUSED = {
    "nothing": ("", "empty"),
    "blanks": ("  \t", "empty"),
    "parent": ("..", "'..'"),
    "parent first": ("../secret/key.pem", "'..'"),
    "parent within": ("reels/../../secret/key.pem", "'..'"),
    "parent that would stay inside": ("reels/../reels/one.mkv", "'..'"),
    "parent, Windows": ("..\\secret\\key.pem", "'..'"),
    "parent, mixed": ("reels\\..\\../secret", "'..'"),
    "absolute": ("/etc/passwd", "absolute"),
    "absolute, Windows": ("\\\\server\\share\\a.mkv", "absolute"),
    "drive": ("C:\\reels\\one.mkv", "URL or protocol"),
    "home": ("~/reels/one.mkv", "absolute"),
    "home of another": ("~root", "absolute"),
    "http": ("http://example.org/a.mkv", "URL or protocol"),
    "file": ("file:/etc/passwd", "URL or protocol"),
    "concat": ("concat:/etc/passwd|a.mkv", "URL or protocol"),
    "subfile": ("subfile,,start,0,end,9,,:/etc/passwd", "URL or protocol"),
    "crypto over http": ("crypto+http://example.org/a", "URL or protocol"),
    "pipe": ("pipe:0", "URL or protocol"),
    "data": ("data:video/x,AAAA", "URL or protocol"),
    "option": ("-i", "option"),
    "option in a folder": ("reels/-y", "option"),
    "option behind a backslash": ("reels\\-y", "option"),
    "symlink to a folder outside": ("outside/key.pem", "symlink"),
    "symlink to a file outside": ("hidden.mkv", "symlink"),
    "symlink to a folder of like name": ("beside/a.mkv", "symlink"),
    "line end": ("a\nb.mkv", "control"),
    "NUL": ("a\0.mkv", "control"),
    "escape": ("a\x1b[2J.mkv", "control"),
    "delete": ("a\x7f.mkv", "control"),
    "C1 control": ("a\x9b2J.mkv", "control"),
    "lone surrogate": ("a\ud800.mkv", "characters"),
}


@pytest.mark.parametrize(("written", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_path_that_may_lead_elsewhere_is_refused_with_the_reason(
    root: Path, written: str, reason: str
) -> None:
    with pytest.raises(CatalogError, match=reason):
        confine(root, written)


def test_the_archive_root_may_itself_be_reached_by_a_symlink(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert confine(tmp_path / "link", "reels/one.mkv") == root / "reels" / "one.mkv"


PIECES = st.sampled_from(
    ["..", ".", "/", "\\", "-", "~", ":", "a", "reels", "inside", "outside", "round", "\0", " ",
     "concat:", "hidden.mkv", "é", "%", "x" * 300, "\ud800"]
)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | st.lists(PIECES, max_size=8).map("".join))
@example("outside\\../key.pem")
@example("round/a")
@example("x" * 5000)
def test_whatever_the_text_the_result_lies_below_the_root(root: Path, written: str) -> None:
    """Or it is a CatalogError, and nothing else."""
    try:
        found = confine(root, written)
    except CatalogError:
        return
    assert found.is_relative_to(root)
    assert os.path.realpath(found) == str(found)
