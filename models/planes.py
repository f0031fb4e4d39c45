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


def averaged(planes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Planes `[..., H, W]` averaged to another shape `[..., h, w]`."""
    height, width = (int(n) for n in planes.shape[-2:])
    if (height, width) == shape:
        return planes
    down, across = height // shape[0], width // shape[1]
    if (height, width) == (down * shape[0], across * shape[1]) and down * across <= 4:
        parts = [planes[..., y::down, x::across] for y in range(down) for x in range(across)]
        total = parts[0].clone()  # four times as fast as `interpolate`
        for part in parts[1:]:
            total += part
        return total / len(parts)
    flat = planes.reshape(1, -1, height, width)
    return functional.interpolate(flat, shape, mode="area").reshape(*planes.shape[:-2], *shape)
