"""A face, read again on another picture of the same frame."""

from __future__ import annotations

from torch import Tensor

from models.faces.face import Face, describe
from models.faces.mesh import Mesh


class FaceReader:
    """Reads a face again, on another picture of the same frame.

    Args:
        expressions: read the blendshapes as well.

    Raises:
        VerificationError: the weights are not installed, or not the published ones.
    """

    def __init__(self, expressions: bool = True) -> None:
        self._mesh = Mesh()
        self._expressions = self._mesh if expressions else None

    def read(self, picture: Tensor, at: Face) -> Face:
        """The face on a picture, seen in the square in which `at` was seen.

        On the picture on which `at` was found the answer is exactly `at`.

        Args:
            picture: float32 `[H, W]`, luma 0..1 at native size.
            at: the face found on the source.

        Returns:
            The face; look at its presence before it is believed.

        Raises:
            ValueError: the picture has another size, so that the square is not on it.
        """
        shape = self._mesh.read(picture.detach().cpu().numpy(), at.region)
        if shape is None:
            raise ValueError(f"the face's square {at.region} is not on the picture")
        return describe(shape, at.track, self._expressions)
