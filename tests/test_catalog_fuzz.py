"""A short run of the fuzzer; `tests/fuzz/fuzz_catalogs.py` runs as long as one likes."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogs.catalog import read_catalog
from catalogs.errors import CatalogError
from catalogs.profile_file import read_profile, shipped_profiles

FUZZER = Path(__file__).parent / "fuzz" / "fuzz_catalogs.py"
PIECES = {
    ".xml": [
        *(f"<{slash}{name}>" for slash in ("", "/") for name in (
            "pbcoreDescriptionDocument", "pbcoreInstantiation", "pbcoreIdentifier", "avcreation",
            "avManifestation",
        )),
        "A", "1 of 1", "&amp;", "&x;", "<!DOCTYPE a>", "<",
    ],
    ".json": [
        "{", "}", "[", "]", ":", ",", '"bibliographic"', '"primaryID"', '"a"', "1", "null", "\n",
    ],
    ".csv": [
        "identifier", "title", "reel", "path", ",", ";", "\n", '"', "1 of 1", "A", "Part 1", "?",
    ],
}  # fmt: skip


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_catalogs_are_read_or_refused(seed: int) -> None:
    """In a process of its own, for its hooks cannot be taken off again."""
    ran = subprocess.run(
        [sys.executable, str(FUZZER), "--count", "600", "--seed", str(seed)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [line.partition(":")[0] for line in ran.stdout.splitlines()] == [
        "csv", "pbcore", "en15907", "ami",
    ]  # fmt: skip
    assert all("'reels'" in line for line in ran.stdout.splitlines()), ran.stdout


@pytest.mark.parametrize("suffix", PIECES)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_put_together_is_read_or_refused(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    pieces = data.draw(st.lists(st.sampled_from(PIECES[suffix]), max_size=40))
    path = tmp_path / f"catalog{suffix}"
    path.write_text("".join(pieces), encoding="utf-8")
    try:
        catalog = read_catalog(path)
    except CatalogError as error:
        assert str(path) in str(error)
    else:
        assert all(row.reason.startswith(path.name) for row in catalog.held)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    base=st.sampled_from(sorted(shipped_profiles())),
    line=st.text(max_size=60) | st.from_regex(r"(path|format|only|notes)[ .=\[\]{}\"a-z]{0,40}"),
)
def test_whatever_a_profile_holds_it_is_read_or_refused(
    tmp_path: Path, base: str, line: str
) -> None:
    path = tmp_path / "ours.toml"
    path.write_bytes(f'base = "{base}"\n{line}\n'.encode(errors="replace"))
    try:
        profile = read_profile(str(path))
    except CatalogError as error:
        assert str(path) in str(error)
    else:
        assert profile.format == read_profile(base).format or "format" in line
