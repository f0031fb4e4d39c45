"""Faces of a source are found once; what is kept is exact, and nothing depends on it."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags, FrameIndex
from models.faces.face import Face
from models.faces.region import Region
from tasks import code, source_faces
from tasks.source_faces import SourceFaces, source_key
from tests.conftest import plain_header

HEADER = plain_header(PictureFormat(64, 48, "gray"))
INDEX = FrameIndex(pts=(0, 1, 2), md5=("a", "b", "c"))
STRETCHES = (3, 2)  # frames
ROOT = Path(__file__).parents[1]


def face(number: int, expression: bool = True) -> Face:
    chance = torch.Generator().manual_seed(number)
    return Face(
        track=number,
        landmarks=torch.rand(478, 3, generator=chance),
        presence=0.1 + number / 7,
        blendshapes=torch.rand(52, generator=chance) if expression else None,
        yaw=-number / 3,
        eye_distance=20 + number / 9,
        region=Region(1 / 3, 2 / 3, 50.0, 0.1),
    )


class Searching:
    """Finds as many faces on a frame as its number, of 3."""

    made = 0

    def __init__(self) -> None:
        Searching.made += 1
        self._frame = 0

    def take(self, picture: torch.Tensor) -> tuple[Face, ...]:
        self._frame += 1
        return tuple(face(n, expression=n != 1) for n in range(self._frame % 3))


@pytest.fixture(autouse=True)
def searching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_faces, "FaceFinder", Searching)
    Searching.made = 0


def gone_through(faces: SourceFaces, counts: tuple[int, ...] = STRETCHES) -> list[Any]:
    found = []
    for count in counts:
        finder = faces()
        found.append([finder.take(torch.zeros(48, 64)) for _ in range(count)])
    faces.keep()
    return found


def plain(stretches: list[Any]) -> list[Any]:
    return [
        [[(f.track, f.landmarks.tolist(), f.presence, f.yaw, f.eye_distance, f.region,
           None if f.blendshapes is None else f.blendshapes.tolist()) for f in frame]
         for frame in stretch]
        for stretch in stretches
    ]  # fmt: skip


def test_a_source_is_searched_once_and_the_same_is_told_exactly(tmp_path: Path) -> None:
    path = tmp_path / "reel" / "key.parquet"
    first = gone_through(SourceFaces(path))
    assert Searching.made == len(STRETCHES) and [len(f) for f in first[0]] == [1, 2, 0]
    again = SourceFaces(path)
    assert plain(gone_through(again)) == plain(first)
    assert Searching.made == len(STRETCHES) and not again.searched


@pytest.mark.parametrize("content", [b"", b"PAR1 not", None])
def test_what_cannot_be_read_is_searched_again_and_replaced(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "key.parquet"
    first = gone_through(SourceFaces(path))
    path.unlink() if content is None else path.write_bytes(content)
    assert plain(gone_through(SourceFaces(path))) == plain(first)
    assert Searching.made == 2 * len(STRETCHES)
    gone_through(SourceFaces(path))
    assert Searching.made == 2 * len(STRETCHES)


def test_what_cannot_be_written_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "reel").write_text("a file where a folder should be")
    assert gone_through(SourceFaces(tmp_path / "reel" / "key.parquet"))


def test_the_key_is_of_samples_frames_format_colour_weights_and_finder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = source_key(INDEX, 0, 2, HEADER)
    assert usual == source_key(replace(INDEX, pts=(0, 2, 4)), 0, 2, HEADER)
    others = {
        source_key(INDEX, 1, 3, HEADER),
        source_key(INDEX, 0, 3, HEADER),
        source_key(replace(INDEX, md5=("a", "x", "c")), 0, 2, HEADER),
        source_key(INDEX, 0, 2, plain_header(PictureFormat(64, 48, "gray10le"))),
        source_key(INDEX, 0, 2, replace(HEADER, colour=ColourTags(range="pc"))),
    }
    monkeypatch.setattr(source_faces, "code_name", lambda *parts: "another")
    others.add(source_key(INDEX, 0, 2, HEADER))
    monkeypatch.setattr(source_faces, "FACE_WEIGHTS", source_faces.FACE_WEIGHTS[1:])
    others.add(source_key(INDEX, 0, 2, HEADER))
    assert len(others | {usual}) == 8


def test_all_code_that_finds_faces_is_in_the_key() -> None:
    """Every module that the finder imports, and what makes the picture it is given."""
    wanted, open_ones = {"models/contract.py", "models/faces/__init__.py"}, ["models.faces.finder"]
    while open_ones:
        path = open_ones.pop().replace(".", "/") + ".py"
        if path not in wanted:
            wanted.add(path)
            nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
            modules = (n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module)
            open_ones += [module for module in modules if module.startswith("models.")]
    assert set(source_faces.FINDER) == wanted


def test_other_code_has_another_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or one of a package; what is beside them does not count."""
    monkeypatch.setattr(code, "_ROOT", tmp_path)
    files = [tmp_path / name for name in ("one.py", "package/two.py", "package/deeper/three.py")]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("x = 1")
    names = [code.code_name.__wrapped__("one.py", "package")]
    for file in files:
        file.write_text("x = 2")
        names.append(code.code_name.__wrapped__("one.py", "package"))
    assert len(set(names)) == 4
    (tmp_path / "three.py").write_text("x = 3")
    assert code.code_name.__wrapped__("one.py", "package") == names[-1]
