"""The shape of a face: 478 landmarks, how sure they are, and 52 blendshapes.

Source: MediaPipe's face landmarker (Google, Apache-2.0): the mesh with irises and the
blendshape network, run by LiteRT on one thread. Ours sees luma three times, slightly blurred:
grain makes landmarks jump, and what the landmarks follow is far coarser than grain.

Limits: the mesh answers for any picture; `presence` says whether to believe it. Its depth is
a guess from a mean face, good for angles and not for distances. The answers of two kinds of
processor differ in the last digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models.faces.region import Array, Region
from models.faces.weights import read_landmarker

LANDMARKS = 478
SOFTENING = 1.0  # samples of the crop, deviation of the blur before the mesh

# The landmarks that the blendshape network reads (kLandmarksSubsetIdxs of MediaPipe's
# face_blendshapes_graph.cc).
BLENDSHAPE_LANDMARKS = (
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65,
    66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136,
    144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168,
    172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276,
    282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380,
    381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466,
    468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What the mesh sees in one square.

    Attributes:
        landmarks: float32 `[478, 3]`, (x, y, depth) in native samples; nearer is smaller.
        presence: 0..1, whether there is a face.
        region: the square.
    """

    landmarks: Array
    presence: float
    region: Region


class Mesh:
    """Both networks, loaded once; not to be shared between threads.

    Raises:
        VerificationError: the weights are not installed, or not the published ones.
    """

    def __init__(self) -> None:
        mesh, blendshapes = read_landmarker()
        self._mesh = _Network(mesh)
        self._blendshapes = _Network(blendshapes)

    def read(self, picture: Array, region: Region) -> Shape | None:
        """The face in a square of a picture; None where the square is not on the picture.

        Args:
            picture: float32 `[H, W]`, luma 0..1.
            region: where to look.
        """
        cv2.setNumThreads(1)
        crop = region.cut(picture)
        if crop is None:
            return None
        soft = np.asarray(cv2.GaussianBlur(crop, (0, 0), SOFTENING), np.float32)
        answer = self._mesh.run(np.stack((soft, soft, soft), axis=-1)[None])
        points = next(a for a in answer if a.size == LANDMARKS * 3).reshape(LANDMARKS, 3)
        # Of the two single numbers the first is the presence; the second is another head.
        logit = float(next(a for a in answer if a.size == 1).reshape(()))
        presence = 1 / (1 + float(np.exp(-logit)))
        return Shape(region.to_picture(points), presence, region)

    def blendshapes(self, landmarks: Array) -> Array:
        """The 52 coefficients 0..1 of a face, in MediaPipe's order; the first means nothing."""
        points = landmarks[list(BLENDSHAPE_LANDMARKS), :2]
        return self._blendshapes.run(points[None])[0].reshape(52)


class _Network:
    """A TensorFlow Lite network of one input, on one thread."""

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._interpreter.get_output_details()]

    def run(self, values: Array) -> list[Array]:
        self._interpreter.set_tensor(self._input, np.ascontiguousarray(values, np.float32))
        self._interpreter.invoke()
        return [np.array(self._interpreter.get_tensor(i), np.float32) for i in self._outputs]
