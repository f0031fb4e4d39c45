"""Commands without options for scratch heed the variables of these options."""

from pathlib import Path

import pytest

from catalogs.errors import RecipeError
from catalogs.store import Store
from flows.night.object_storage import ObjectStorage


def test_scratch_is_where_the_variables_say(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WETGATE_SCRATCH", raising=False)
    monkeypatch.delenv("WETGATE_SCRATCH_GB", raising=False)
    assert ObjectStorage.of_environment() == ObjectStorage()
    monkeypatch.setenv("WETGATE_SCRATCH", str(tmp_path / "fast"))
    monkeypatch.setenv("WETGATE_SCRATCH_GB", "5")
    room = ObjectStorage.of_environment().room(store)
    assert room.root.parent == tmp_path / "fast"
    assert room == ObjectStorage(tmp_path / "fast", 5.0).room(store)


@pytest.mark.parametrize("size", ["much", "0"])
def test_a_size_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    monkeypatch.setenv("WETGATE_SCRATCH_GB", size)
    with pytest.raises(RecipeError, match=f"{size}.*give a size above 0"):
        ObjectStorage.of_environment()
