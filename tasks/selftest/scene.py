"""A scene of the injection suite: an undamaged clip, the damaged source made of it, its faces.

Pictures are float32 `[T, H, W, 3]`, R'G'B' 0..1; of a monochrome scene the three are equal.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.float32]
Mask = npt.NDArray[np.float32]  # 0..1
Points = npt.NDArray[np.float32]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
REFERENCE_LINES = 288  # lines at which strengths in samples are meant
REFERENCE_EYES = 50.0  # samples between the pupils at which those on skin are meant
LEAST_FACE_SCALE = 0.8


@dataclass(frozen=True)
class Scene:
    """One scene.

    Attributes:
        name: of the clip.
        person: who is seen, or the clip's name; a person is in one half only.
        half: "A" or "B"; thresholds are fitted on one and reported on the other.
        rate: frames a second.
        mono: whether it is monochrome.
        truth: the undamaged pictures.
        source: the damaged ones.
        dirt: bool `[T, H, W]`, where the source has dirt.
        landmarks: float32 `[T, 478, 2]`, of the largest face of the truth; None without one on
            every frame.
        other: truth and landmarks of another person, for faults that mix faces.
    """

    name: str
    person: str
    half: str
    rate: float
    mono: bool
    truth: Pictures
    source: Pictures
    dirt: npt.NDArray[np.bool_]
    landmarks: Points | None
    other: tuple[Pictures, Points] | None = None

    @property
    def count(self) -> int:
        """Frames."""
        return int(self.truth.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Lines and samples per line."""
        return int(self.truth.shape[1]), int(self.truth.shape[2])

    @property
    def scale(self) -> float:
        """Samples per sample at `REFERENCE_LINES`."""
        return self.size[0] / REFERENCE_LINES

    @property
    def eye_distance(self) -> float:
        """Median distance of the pupils in samples; 0 without a face."""
        if self.landmarks is None:
            return 0.0
        apart = self.landmarks[:, 473] - self.landmarks[:, 468]
        return float(np.median(np.hypot(apart[:, 0], apart[:, 1])))

    @property
    def face_scale(self) -> float:
        """Size of the texture of skin, 1 where the eyes are `REFERENCE_EYES` apart.

        It is not below `LEAST_FACE_SCALE`: finer than the samples, a face has no texture.
        """
        return max(self.eye_distance / REFERENCE_EYES, LEAST_FACE_SCALE)

    def chance(self, *names: object) -> np.random.Generator:
        """Random numbers that are the same for the same scene and names."""
        words = "/".join(map(str, (self.name, *names)))
        return np.random.default_rng(zlib.crc32(words.encode()))


def luma(pictures: Pictures) -> npt.NDArray[np.float32]:
    """Luma of pictures `[..., 3]`, `[...]`."""
    return np.asarray(pictures @ LUMA, np.float32)
