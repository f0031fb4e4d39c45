"""How much each column of a frame stands out as a thin upright line, and lines through time.

A line's response is that of Joyeux, Boukir, Besserer (WACV 2000) and Newson, Almansa, Gousseau,
Perez (IEEE TIP 23(3), 2014): a column differs from both of its sides with one sign. The smaller
of the two differences counts, so the edge of a thing, which differs from one side only, is
nothing. It is taken in bands of `BAND` lines and clipped, then averaged over the height: one
object cannot make a column a line.

Tensors: pictures are float32 `[T, h, w]`, 0..1; responses are signed shares of full range.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

BAND = 12  # lines
WIDTHS = (1, 2, 4)  # samples across
CLIP = 0.15  # share of full range
DRIFT = 1  # samples sideways from frame to frame
SEEN = 0.4  # part of its response with which a line is seen in a band
SIDE = 0.03  # of the width, on either side, where the gate's edge lies


def responses(pictures: Tensor) -> Tensor:
    """Response of every column of every frame, float32 `[T, w]`; of the width that answers most."""
    lines = int(pictures.shape[1])
    bands = functional.avg_pool2d(pictures[:, None], (min(BAND, lines), 1))[:, 0]
    answers = torch.stack([_response(bands, width) for width in WIDTHS])
    best = answers.abs().argmax(dim=0, keepdim=True)
    strongest = answers.gather(0, best)[0]
    side = max(round(SIDE * strongest.shape[1]), WIDTHS[-1] + 2)
    strongest[:, :side] = 0
    strongest[:, -side:] = 0
    return strongest


def _response(bands: Tensor, width: int) -> Tensor:
    """As `responses`, of one width; `bands` is `[T, b, w]`."""
    side = width + 1
    reach = side + width
    wide = functional.pad(bands, (reach, reach), mode="replicate")
    total = functional.pad(wide.double().cumsum(-1), (1, 0))
    count = bands.shape[-1]

    def mean(first: int, length: int) -> Tensor:
        start = reach + first
        return (total[..., start + length : start + length + count]
                - total[..., start : start + count]) / length  # fmt: skip

    first = -(width // 2)
    middle = mean(first, width)
    one, other = middle - mean(first - side, side), middle - mean(first + width, side)
    least = torch.where(one.abs() < other.abs(), one, other)
    least = torch.where(one * other > 0, least, torch.zeros_like(least))
    return least.clamp(-CLIP, CLIP).mean(dim=1).float()


def near(values: Tensor, reach: int) -> Tensor:
    """The largest value within `reach` columns, `[T, w]`."""
    return functional.max_pool1d(values[:, None], 2 * reach + 1, 1, reach)[:, 0]


def persistent(values: Tensor, frames: int) -> Tensor:
    """Mean along the best path of `frames` frames that ends at each column, `[T - frames + 1, w]`.

    A path moves by at most `DRIFT` columns a frame. `values` are 0 or more.
    """
    total = values
    for _ in range(frames - 1):
        total = near(total[:-1], DRIFT) + values[values.shape[0] - total.shape[0] + 1 :]
    return total / frames


@dataclass(frozen=True)
class Track:
    """A line through time.

    Attributes:
        start: its first frame.
        columns: int64 `[N]`, where it is on each of its frames.
        response: its mean response, 0 or more.
    """

    start: int
    columns: Tensor
    response: float

    @property
    def frames(self) -> Tensor:
        """Its frames, int64 `[N]`."""
        return torch.arange(self.start, self.start + len(self.columns))

    def mean(self, values: Tensor) -> float:
        """Mean of values `[T, w]` along it."""
        return float(values[self.frames, self.columns].mean())


def tracks(values: Tensor, least: float, frames: int, most: int) -> list[Track]:
    """The strongest lines, each on at least `frames` frames; `values` `[T, w]` are 0 or more."""
    found: list[Track] = []
    rest = values.clone()
    while len(found) < most:
        line = _strongest(rest, least, frames)
        if line is None:
            break
        found.append(line)
        for frame, column in zip(line.frames.tolist(), line.columns.tolist(), strict=True):
            rest[frame, max(0, column - 4) : column + 5] = 0
    return found


def seen_share(pictures: Tensor, track: Track, sign: int) -> float:
    """Part of the height that a line runs over, 0..1.

    The surroundings of the line are averaged along it, frame by frame: what moves behind the
    line becomes even, and what belongs to the line stays, however grainy the film.
    """
    reach, last = 9, pictures.shape[2] - 1
    views = []
    for frame, column in zip(track.frames.tolist(), track.columns.tolist(), strict=True):
        at = torch.arange(column - reach, column + reach + 1).clamp(0, last)
        views.append(pictures[frame][:, at])
    mean = torch.stack(views).mean(dim=0)
    bands = functional.avg_pool2d(mean[None], (min(BAND, mean.shape[0]), 1))[0]
    middle = slice(reach - 1, reach + 2)
    answers = [sign * _response(bands[:, None], width)[:, middle] for width in WIDTHS]
    strongest = torch.stack(answers).amax(dim=(0, 2))
    return float((strongest > SEEN * track.response).float().mean())


def _strongest(values: Tensor, least: float, frames: int) -> Track | None:
    means = persistent(values, frames)
    if means.numel() == 0 or float(means.max()) < least:
        return None
    place = int(means.argmax())
    end, column = divmod(place, values.shape[1])
    end += frames - 1
    limit = float(means.max()) / 2
    before = _followed(values, end, column, -1, limit)
    after = _followed(values, end, column, 1, limit)
    columns = torch.tensor([*reversed(before), column, *after])
    track = Track(end - len(before), columns, 0.0)
    return Track(track.start, columns, track.mean(values))


def _followed(values: Tensor, frame: int, column: int, way: int, limit: float) -> list[int]:
    """Columns of the line on the frames before or after, until it stays weak for three frames."""
    columns: list[int] = []
    weak = 0
    frame += way
    while 0 <= frame < values.shape[0] and weak < 3:
        left = max(0, column - DRIFT)
        part = values[frame, left : column + DRIFT + 1]
        if float(part.max()) >= limit:
            column, weak = left + int(part.argmax()), 0
        else:
            weak += 1
        columns.append(column)
        frame += way
    return columns[: len(columns) - weak]
