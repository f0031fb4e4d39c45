"""temporalfix: a network that steadies a frame by the six frames around it.

Source: pifroggi, "vs_temporalfix" 2.4.1 (Apache-2.0), whose network finds the motion from each
neighbour to the centre over three scales, in the manner of RIFE (Huang et al., "Real-time
intermediate flow estimation for video frame interpolation", 2022), says how far it may be trusted,
and takes a mean weighted by that. Written anew; parameters carry the names of the published
weights, so those load strictly. Left out: half precision, tiles, sizes fixed beforehand.

What changes its pixels raises its revision in `models.networks.architectures`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 64  # samples of a side; the coarsest scale is a thirty-second
REACH = 3  # frames looked at on either side
SCALES, WIDTHS = (8, 4, 2), (96, 64, 48)
TRUST, TRUST_SLOPE, COUNT_SLOPE = 0.6, 12.0, 4.0

Size = tuple[int, int]


def _layer(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, 3, stride, 1), nn.LeakyReLU(0.2))


def _size(picture: Tensor) -> Size:
    return int(picture.shape[-2]), int(picture.shape[-1])


def _resized(picture: Tensor, size: Size) -> Tensor:
    """Bilinear, after a 5 tap binomial blur where it gets smaller."""
    if _size(picture) == size:
        return picture
    if size[0] < picture.shape[-2] or size[1] < picture.shape[-1]:
        taps = picture.new_tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
        kernel = torch.outer(taps, taps).expand(picture.shape[1], 1, 5, 5)
        picture = functional.conv2d(picture, kernel, padding=2, groups=picture.shape[1])
    return functional.interpolate(picture, size=size, mode="bilinear", align_corners=False)


def _resized_flow(flow: Tensor, size: Size) -> Tensor:
    """A flow in samples of the new size."""
    ratio = flow.new_tensor([size[1] / flow.shape[-1], size[0] / flow.shape[-2]])
    return _resized(flow, size) * ratio[:, None, None]


def _warped(picture: Tensor, flow: Tensor) -> Tensor:
    """What lies `flow` samples (across, down) away; zero beyond the border."""
    height, width = _size(flow)
    across = (torch.arange(width, device=flow.device) + 0.5 + flow[:, 0]) * (2 / width) - 1
    down = (torch.arange(height, device=flow.device)[:, None] + 0.5 + flow[:, 1]) * (2 / height) - 1
    grid = torch.stack([across, down], dim=-1)
    return functional.grid_sample(picture, grid, align_corners=False)


class _Features(nn.Module):
    """Four channels that describe a picture, at its own size."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn0 = nn.Conv2d(3, 16, 3, 2, 1)
        self.cnn1 = nn.Conv2d(16, 16, 3, 1, 1)
        self.cnn2 = nn.Conv2d(16, 16, 3, 1, 1)
        self.proj = nn.Conv2d(16, 4, 3, 1, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Map `[B, 3, H, W]` to `[B, 4, H, W]`."""
        x = picture
        for convolution in (self.cnn0, self.cnn1, self.cnn2):
            x = functional.leaky_relu(convolution(x), 0.2)
        return functional.interpolate(
            self.proj(x), size=_size(picture), mode="bilinear", align_corners=False
        )


class _Residual(nn.Module):
    """A convolution with a scaled shortcut; `separable` splits it into depth and point."""

    def __init__(self, channels: int, separable: bool) -> None:
        super().__init__()
        if separable:
            self.dw = nn.Conv2d(channels, channels, 3, 1, 1, groups=channels)
            self.pw = nn.Conv2d(channels, channels, 1)
        else:
            self.conv = nn.Conv2d(channels, channels, 3, 1, 1)
        self.beta = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.separable = separable

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, C, H, W]` to the same shape."""
        y = self.pw(self.dw(x)) if self.separable else self.conv(x)
        return functional.leaky_relu(y * self.beta + x, 0.2)


class _Stage(nn.Module):
    """Motion at one scale: `[B, C, H, W]` to flow 2, trust 1 and memory 8 channels."""

    def __init__(self, channels_in: int, width: int, separable: bool) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(_layer(channels_in, width // 2, 2), _layer(width // 2, width, 2))
        self.convblock = nn.Sequential(*(_Residual(width, separable) for _ in range(4)))
        self.out_conv = nn.Conv2d(width, 11, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[B, C, H, W]` to `[B, 11, H, W]`."""
        seen = self.out_conv(self.convblock(self.conv0(x)))
        return functional.interpolate(seen, size=_size(x), mode="bilinear", align_corners=False)


class _Aligner(nn.Module):
    """Motion from each neighbour to the centre, coarse to fine."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            _Stage(15 if number == 0 else 26, width, separable=number > 0)
            for number, width in enumerate(WIDTHS)
        )

    def forward(self, centre: Tensor, support: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Find flow `[6, 2, H, W]` and trust `[6, 1, H, W]`, before the sigmoid.

        Args:
            centre: picture and features `[1, 7, H, W]`.
            support: the same of the six neighbours.
            time: their distance in time, -1..1, `[6, 1, 1, 1]`.
        """
        full, flow, rest = _size(centre), None, None
        for scale, block in zip(SCALES, self.blocks, strict=True):
            size = (-(-full[0] // scale), -(-full[1] // scale))
            here, there = _resized(centre, size).expand(6, -1, -1, -1), _resized(support, size)
            distance = time.expand(-1, -1, *size)
            if flow is None or rest is None:
                found = block(_inputs(here, there, distance))
                flow, rest = found[:, :2], found[:, 2:]
                continue
            flow, rest = _resized_flow(flow, size), _resized(rest, size)
            found = block(
                torch.cat([_inputs(here, _warped(there, flow), distance), rest, flow], dim=1)
            )
            flow, rest = flow + found[:, :2], found[:, 2:]
        assert flow is not None and rest is not None
        return _resized_flow(flow, full), _resized(rest[:, :1], full)


def _inputs(here: Tensor, there: Tensor, distance: Tensor) -> Tensor:
    return torch.cat([here[:, :3], there[:, :3], here[:, 3:], there[:, 3:], distance], dim=1)


class _Trust(nn.Module):
    """How far each warped neighbour may be trusted."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(_layer(25, 32), _layer(32, 32), nn.Conv2d(32, 1, 3, 1, 1))

    def forward(self, here: Tensor, there: Tensor, flow: Tensor, time: Tensor) -> Tensor:
        """Map pictures with features `[6, 7, H, W]` and flow to `[6, 1, H, W]`."""
        apart = (there - here).abs()
        length = torch.linalg.vector_norm(flow, dim=1, keepdim=True)
        three = (here, there, apart)
        sides = [*(x[:, :3] for x in three), *(x[:, 3:] for x in three)]
        seen: Tensor = self.net(torch.cat([*sides, flow, length, time.expand_as(length)], dim=1))
        return seen


class TemporalFix(nn.Module):
    """The network; float32 RGB in 0..1, one window of seven frames at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.encode = _Features()
        self.aligner = _Aligner()
        self.conf_head = _Trust()
        self.eval()

    @torch.inference_mode()
    def forward(self, frames: Tensor) -> Tensor:
        """Steady the middle of `[7, 3, H, W]`: `[3, H, W]`."""
        known = torch.cat([frames, self.encode(frames)], dim=1)
        centre = known[REACH : REACH + 1]
        support = torch.cat([known[:REACH], known[REACH + 1 :]])
        steps = frames.new_tensor([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
        time = (steps / REACH)[:, None, None, None]
        flow, raw = self.aligner(centre, support, time)
        warped = _warped(support[:, :3], flow)
        trust = torch.sigmoid(self._trust(centre, support, warped, flow, raw, time))
        trust = trust * _warped(torch.ones_like(raw), flow)
        return _trusted_mean(centre[:, :3], warped, trust)[0]

    def _trust(self, centre: Tensor, support: Tensor, warped: Tensor, flow: Tensor,
               raw: Tensor, time: Tensor) -> Tensor:  # fmt: skip
        """Worked out at half size."""
        full = _size(centre)
        half = (-(-full[0] // 2), -(-full[1] // 2))
        small = _resized_flow(flow, half)
        features = _warped(_resized(support[:, 3:], half), small)
        there = torch.cat([_resized(warped, half), features], dim=1)
        here = _resized(centre, half).expand(6, -1, -1, -1)
        return _resized(_resized(raw, half) + self.conf_head(here, there, small, time), full)


def _trusted_mean(centre: Tensor, warped: Tensor, trust: Tensor) -> Tensor:
    """The mean of the centre and what is trusted; the centre where too little is."""
    gate = torch.sigmoid((trust - TRUST) * TRUST_SLOPE)
    weights = trust * gate
    total = weights.sum(0, keepdim=True)
    blended = (centre + (weights * warped).sum(0, keepdim=True)) / (1 + total)
    ready = torch.sigmoid((gate.sum(0, keepdim=True) - 0.5) * COUNT_SLOPE)
    return centre + ready * (blended - centre)
