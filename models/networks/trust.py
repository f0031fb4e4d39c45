"""How a neighbour's result in place compares with a frame's: its flicker, and how far to trust it.

With S the source, R the network's result, and S', R' those of a neighbour in place and as bright as
the frame,

    d = S' - S        what the film itself does: motion that flow missed, grain
    y = R' - R        what the result does

Where the network left the film's grain y follows d, and what it invents follows nothing. Over a
window, with <..> the mean,

    left    = <yy> / <dd>     how much fluctuation the result has of the film's, 0..1
    follows = <dy> / <dd>     how much of the film's own it has, 0..1
    flicker = y - left^2 follows d

so what a network leaves alone stays, grain and all, what it invents is followed, and what a
denoiser leaves is evened out the further the less that is: grain that was mostly taken out does
not stay as a shimmer. Noise that was taken out is in d alone and does not come back.

A neighbour that is out of place differs by more than chance explains. By how much chance does is
measured where the picture is in place: in half of the picture, at the side that matches better.
With <dd>_0 and <yy>_0 those powers,

    a       = <yy>_0^2 / (<dd>_0^2 + <yy>_0^2)
    surplus = a (<dd> - <dd>_0) + (1 - a) (<yy> - <yy>_0), of each what is above nothing
    trust   = exp(-surplus / (TOLERATED <yy>_0)) matched

so where noise hides in the source whether it is in place, the result tells, and the other way
round. That the sources match but for their noise holds across a cut that was missed, too, where
nothing is in place and both powers are those of two pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

MATCHED, UNMATCHED = 0.02, 0.08  # share of full range: so a source differs along the flow
OF_NOISE = 1.13  # deviations by which two pictures differ on the mean by their noise alone
SIDE = 5  # samples over which a match is averaged
WINDOW = 9  # samples over which fluctuation is measured
BRIGHT = 25  # samples over which brightness is compared
DARKEST = 0.02  # share of full range, added where brightness is compared
LEAST = 1e-6  # of a power, that of nothing
TOLERATED = 5.0  # times the power of flicker: a surplus of so much leaves 1 / e of the trust


@dataclass(frozen=True)
class Compared:
    """A neighbour in place beside the frame.

    Attributes:
        flicker: float32 `[C, H, W]`, what the network does otherwise there.
        film: float32 `[1, H, W]`, <dd>.
        result: float32 `[1, H, W]`, <yy>.
        match: float32 `[H, W]`, how well the sources match, 0..1.
    """

    flicker: Tensor
    film: Tensor
    result: Tensor
    match: Tensor


def compared(
    source: Tensor, change: Tensor, seen: Tensor, carried: Tensor, noise: float
) -> Compared:
    """Hold a neighbour against a frame.

    Args:
        source: float32 `[C, H, W]`, the frame as the network saw it.
        change: likewise, what the network would add.
        seen: the neighbour's source in place.
        carried: the neighbour's change in place.
        noise: of the source, see `noise_level`.
    """
    brighter = local_gain(source, seen)
    of_film = brighter * seen - source
    of_result = brighter * (seen + carried) - source - change
    return Compared(
        flicker_in(of_film, of_result),
        window_mean(of_film * of_film, WINDOW),
        window_mean(of_result * of_result, WINDOW),
        matched(source, seen, noise),
    )


def trust(one: Compared, film: float, result: float) -> Tensor:
    """How far a neighbour can be trusted, float32 `[1, H, W]`, 0..1.

    Args:
        one: the neighbour.
        film: <dd>_0 of the module's text.
        result: <yy>_0.
    """
    by_film = result**2 / (film**2 + result**2)  # how much the source tells of both
    of_film, of_result = (one.film - film).clamp_min(0), (one.result - result).clamp_min(0)
    surplus = by_film * of_film + (1 - by_film) * of_result
    return torch.exp(surplus / (-TOLERATED * result)) * one.match


def in_place(sides: list[Tensor], touched: Tensor) -> float:
    """The power by which a picture differs where it is in place.

    Args:
        sides: float32 `[1, H, W]`, the power by which each adjacent frame differs.
        touched: bool `[1, H, W]`, where to look.
    """
    return float(torch.stack(sides).amin(0)[touched].median()) + LEAST


def flicker_in(of_film: Tensor, of_result: Tensor) -> Tensor:
    """What a network itself does from frame to frame, float32 `[C, H, W]`.

    Args:
        of_film: d of the module's text, float32 `[C, H, W]`.
        of_result: y, likewise.
    """
    film, result, both = (
        window_mean(one * other, WINDOW) + LEAST  # of all three, so that what is alike stays so
        for one, other in ((of_film, of_film), (of_result, of_result), (of_film, of_result))
    )
    left, follows = (result / film).clamp(max=1), (both / film).clamp(0, 1)
    return of_result - left**2 * follows * of_film


def local_gain(source: Tensor, seen: Tensor) -> Tensor:
    """What makes a neighbour as bright as the frame, float32 `[1, H, W]`."""
    return (window_mean(source, BRIGHT) + DARKEST) / (window_mean(seen, BRIGHT) + DARKEST)


def window_mean(picture: Tensor, side: int) -> Tensor:
    """Mean over channels and a square window, float32 `[1, H, W]`."""
    mean = picture.mean(0, keepdim=True)[None]
    for window in ((1, side), (side, 1)):  # one after the other: 2 side sums instead of side^2
        around = (window[0] // 2, window[1] // 2)
        mean = functional.avg_pool2d(mean, window, 1, around, count_include_pad=False)
    return mean[0]


def noise_level(picture: Tensor) -> float:
    """Deviation of the noise in a picture float32 `[C, H, W]`, in its unit.

    Source: J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding
    64(2), 1996; ours takes the median, so that edges count for nothing.
    """
    line = torch.tensor([1.0, -2.0, 1.0], device=picture.device)
    kernel = (line[:, None] * line[None, :])[None, None]
    if min(picture.shape[-2:]) < 3:
        return 0.0
    return float(functional.conv2d(picture[:, None], kernel).abs().median()) / (0.6745 * 6)


def matched(source: Tensor, seen: Tensor, noise: float) -> Tensor:
    """How well a frame matches a neighbour in place but for noise, float32 `[H, W]`, 0..1."""
    mean = window_mean((source - seen).abs(), SIDE)[0] - OF_NOISE * noise
    return ((UNMATCHED - mean) / (UNMATCHED - MATCHED)).clamp(0, 1)
