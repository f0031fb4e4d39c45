"""What a constant grade makes of the source's colours, fitted on blocks of picture.

A grade is a function of a sample's colour that does not change over the stretch. It is fitted
as a polynomial of the block means of R'G'B' of S,

    y, y^2, y^3, (r - y), (b - y), y (r - y), y (b - y)

to each channel of R, pooled over all blocks and frames, by least squares that are repeated
three times with what does not fit left out. Before, each frame's flicker is taken out of S by a
common gain. What is left is no grade: something was added, taken away, or recoloured.

Limits: a grade with masks (part of the picture only), or one that swings between colours more
sharply than the polynomial, is not taken for one.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tasks.metrics.direct import block_medians

PASSES = 3
BLOCK = 3  # samples of the small colour picture, twelve of the proxy
CLIPPED = 0.95  # of full range, above which grain and flicker reach white
LEAST_WHOLE = 0.1  # share of blocks that are not clipped
LUMA = torch.tensor([0.2126, 0.7152, 0.0722])


def ungraded(source: Tensor, restored: Tensor, whole: Tensor | None = None) -> Tensor:
    """R less what a constant grade makes of S.

    Args:
        source: block colours of S, float32 `[T, C, N]`, C 1 (luma) or 3 (R'G'B'), 0..1.
        restored: of R, of the same shape.
        whole: bool `[T, N]`, the blocks that the grade is fitted on; all when None.

    Returns:
        float32 `[T, C, N]`; zero for equal colours.
    """
    if torch.equal(source, restored):
        return torch.zeros_like(source)
    if whole is None:
        whole = torch.ones_like(source[:, 0], dtype=torch.bool)
    even = _levelled(source, restored, whole)
    terms = _terms(even).double()
    wanted = restored.permute(0, 2, 1).reshape(-1, restored.shape[1]).double()
    usable = whole.flatten()
    keep, left = usable, wanted
    for _ in range(PASSES):
        gram = terms[keep].T @ terms[keep]
        gram += 1e-7 * len(terms) * torch.eye(terms.shape[1], dtype=torch.double)
        left = wanted - terms @ torch.linalg.solve(gram, terms[keep].T @ wanted[keep])
        size = left.abs().amax(1)
        keep = usable & (size <= 3 * size[usable].median() + 1e-6)
    count, channels, blocks = restored.shape
    return left.float().reshape(count, blocks, channels).permute(0, 2, 1)


def unclipped(source: Tensor, restored: Tensor) -> Tensor:
    """Blocks of which no channel is near white on either side, bool `[T, N]`.

    Where one channel of S stops at white, flicker changes its hue. All blocks, where those that
    are not clipped are less than a tenth.
    """
    whole = torch.maximum(source, restored).amax(1) < CLIPPED
    return whole if whole.float().mean() >= LEAST_WHOLE else torch.ones_like(whole)


def block_colours(
    lumas: tuple[Tensor, Tensor], colours: tuple[Tensor | None, Tensor | None]
) -> tuple[Tensor, Tensor]:
    """Colours of small blocks of both sides, float32 `[T, C, N]`; C is 1 for monochrome."""
    if colours[0] is None or colours[1] is None:
        before, after = (block_medians(side, 4 * BLOCK).flatten(1)[:, None] for side in lumas)
        return before, after
    before, after = (
        torch.stack([block_medians(side[:, c], BLOCK).flatten(1) for c in range(3)], 1)
        for side in (colours[0], colours[1])
    )
    return before, after


def luma_of(colours: Tensor) -> Tensor:
    """Luma of `[T, C, N]`, `[T, N]`."""
    if colours.shape[1] == 1:
        return colours[:, 0]
    return torch.einsum("c,tcn->tn", LUMA, colours)


def _levelled(source: Tensor, restored: Tensor, whole: Tensor) -> Tensor:
    """S with each frame's gain brought to its median over the stretch, judged against R."""
    ratios = luma_of(source) / luma_of(restored).clamp_min(0.02)
    ratio = ratios.masked_fill(~whole, torch.nan).nanmedian(1).values
    ratio = torch.where(ratio.isnan(), ratios.median(1).values, ratio)  # all of a frame is white
    return source * (ratio.median() / ratio.clamp_min(1e-3))[:, None, None]


def _terms(colours: Tensor) -> Tensor:
    """The polynomial's terms, `[T * N, K]`."""
    y = luma_of(colours).flatten()
    columns = [torch.ones_like(y), y, y**2, y**3]
    if colours.shape[1] == 3:
        red, blue = (colours[:, c].flatten() - y for c in (0, 2))
        columns += [red, blue, y * red, y * blue]
    return torch.stack(columns, 1)
