"""Between the luma grid and a subsampled plane: which chroma sample a luma sample touches."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def reduced(weight: Tensor, shape: tuple[int, int]) -> Tensor:
    """Bring a weight from the luma grid to a plane of the given shape.

    Args:
        weight: float32 `[H, W]`, 0 where nothing happens.
        shape: (h, w) of the plane, `H / 2` or `H` rounded up and likewise across.

    Returns:
        float32 `[h, w]`: the largest weight in each sample's footprint.
    """
    height, width = weight.shape
    down, across = -(-height // shape[0]), -(-width // shape[1])
    if (down, across) == (1, 1):
        return weight
    return functional.max_pool2d(weight[None, None], (down, across), ceil_mode=True)[0, 0]
