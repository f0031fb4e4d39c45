"""The faces of a shot's source, found once and kept for the next version of a model.

    faces = SourceFaces(store.features_file(reel_id, start, stop, source_key(...)))
    look = replace(look, finder=faces)       # known faces are told, others are searched
    ...                                      # all stretches of the shot are measured
    faces.keep()

What is kept is exact, so that a shot measured again has the same values. The key holds the samples
of the source, how they are meant, the weights and the finder's code: of other ones nothing is
found. A file that cannot be read or written is none; nothing depends on it but time.
"""

import contextlib
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from catalogs.durable import write_whole
from catalogs.source import FrameIndex, Header
from models.faces.face import Face
from models.faces.finder import FaceFinder
from models.faces.region import Region
from models.faces.weights import FACE_WEIGHTS
from tasks.code import code_name
from tasks.metrics.face_track import Finder
from tasks.metrics.gather import LONGEST

Found = list[tuple[Face, ...]]  # the faces of each frame of a stretch

# All that decides where a face is found, the picture it is looked for on included.
FINDER = (
    *(f"models/faces/{name}.py" for name in ("__init__", "detect", "face", "finder", "follow",
                                             "mesh", "region", "weights")),
    "models/contract.py", "models/weights.py",
)  # fmt: skip

_FLOATS = pa.list_(pa.float32())
_SCHEMA = pa.schema([
    ("stretch", pa.int32()), ("frame", pa.int32()), ("track", pa.int32()),
    ("presence", pa.float64()), ("yaw", pa.float64()), ("eye_distance", pa.float64()),
    ("region", pa.list_(pa.float64())), ("landmarks", _FLOATS), ("blendshapes", _FLOATS),
])  # fmt: skip
_FRAMES = b"wetgate.frames"  # of each stretch, as JSON


def source_key(index: FrameIndex, start: int, stop: int, header: Header) -> str:
    """A name for the frames [start, stop) of a source and for what finds faces on them."""
    weights = [weights.sha256 for weights in FACE_WEIGHTS]
    seen_as = [astuple(header.picture), astuple(header.colour)]
    facts = [code_name(*FINDER), LONGEST, weights, seen_as, index.md5[start:stop]]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


class SourceFaces:
    """Makes the finders of a shot's stretches, for `Look.finder`.

    Args:
        path: where they are kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _read(path)
        self._told: list[_Told] = []

    def __call__(self) -> Finder:
        """The finder of the next stretch."""
        number = len(self._told)
        known = self._known[number] if number < len(self._known) else None
        self._told.append(_Told(known))
        return self._told[-1]

    @property
    def searched(self) -> bool:
        """Whether any frame was searched because its faces were not known."""
        return any(told.searched for told in self._told)

    def keep(self) -> None:
        """Write what was found, if any of it is new."""
        if self.searched:
            with contextlib.suppress(OSError):
                write_whole(self._path, _written([told.found for told in self._told]))


class _Told:
    """Tells the faces of a stretch: from what is known, or by a search."""

    def __init__(self, known: Found | None) -> None:
        self.searched = known is None
        self.found: Found = []
        self._known = known or []
        self._finder = FaceFinder() if known is None else None

    def take(self, picture: Tensor) -> tuple[Face, ...]:
        faces = self._finder.take(picture) if self._finder else self._known[len(self.found)]
        self.found.append(faces)
        return faces


def _written(stretches: Sequence[Found]) -> bytes:
    rows = [
        _row(stretch, frame, face)
        for stretch, found in enumerate(stretches)
        for frame, faces in enumerate(found)
        for face in faces
    ]
    frames = json.dumps([len(found) for found in stretches]).encode()
    table = pa.Table.from_pylist(rows, _SCHEMA.with_metadata({_FRAMES: frames}))
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _row(stretch: int, frame: int, face: Face) -> dict[str, Any]:
    return {
        "stretch": stretch, "frame": frame, "track": face.track, "presence": face.presence,
        "yaw": face.yaw, "eye_distance": face.eye_distance, "region": astuple(face.region),
        "landmarks": face.landmarks.flatten().numpy(),
        "blendshapes": None if face.blendshapes is None else face.blendshapes.numpy(),
    }  # fmt: skip


def _read(path: Path) -> list[Found]:
    """What is kept in a file, a stretch each; empty when there is none that can be read."""
    try:
        table = pq.read_table(path)
        frames = json.loads(table.schema.metadata[_FRAMES])
        found: list[Found] = [[()] * count for count in frames]
        for row in table.to_pylist():
            stretch = found[row["stretch"]]
            stretch[row["frame"]] = (*stretch[row["frame"]], _face(row))
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, IndexError):
        return []
    return found


def _face(row: dict[str, Any]) -> Face:
    expression = row["blendshapes"]
    return Face(
        track=row["track"],
        landmarks=torch.tensor(row["landmarks"], dtype=torch.float32).reshape(-1, 3),
        presence=row["presence"],
        blendshapes=None if expression is None else torch.tensor(expression, dtype=torch.float32),
        yaw=row["yaw"],
        eye_distance=row["eye_distance"],
        region=Region(*row["region"]),
    )
