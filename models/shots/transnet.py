"""TransNetV2: a network that answers, per frame, whether a shot changes there.

Source: T. Souček and J. Lokoč, "TransNet V2: An effective deep network architecture for
fast shot transition detection", arXiv 2008.04838. The parameters carry the names of the
weights that the authors published, so those load strictly.

Ours differs in how it computes, not in what: the four dilated branches of a cell share
one spatial convolution, batch normalisation is folded into the temporal ones, and frames
stay channels-last, so that a convolution in space and one in time read the same memory.
Dropout is left out; the network is for inference only.

Not covered: training, and the variants of the paper that the published weights do not use.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

THUMBNAIL_HEIGHT, THUMBNAIL_WIDTH = 27, 48
DILATIONS = (1, 2, 4, 8)
SIMILARITY_REACH = 50  # frames looked at on either side
_FILTERS = (16, 32, 64)
_LOOKUP = 2 * SIMILARITY_REACH + 1
_BATCH_NORM_EPSILON = 1e-3


class _Branch(nn.Module):
    """Weights of one (2+1)D convolution: 3x3 in space, then 3 in time at one dilation."""

    def __init__(self, channels_in: int, filters: int) -> None:
        super().__init__()
        space = nn.Conv3d(channels_in, 2 * filters, (1, 3, 3), bias=False)
        time = nn.Conv3d(2 * filters, filters, (3, 1, 1), bias=False)
        self.layers = nn.ModuleList([space, time])

    def kernels(self) -> tuple[Tensor, Tensor]:
        """Weights in space `[2 * filters, C, 3, 3]` and time `[filters, 2 * filters, 3, 1]`."""
        space, time = self.get_parameter("layers.0.weight"), self.get_parameter("layers.1.weight")
        return space[:, :, 0], time[..., 0]


class _Cell(nn.Module):
    """Four branches of growing reach in time, side by side, then batch normalisation."""

    def __init__(self, channels_in: int, filters: int) -> None:
        super().__init__()
        self.Conv3D_1 = _Branch(channels_in, filters)
        self.Conv3D_2 = _Branch(channels_in, filters)
        self.Conv3D_4 = _Branch(channels_in, filters)
        self.Conv3D_8 = _Branch(channels_in, filters)
        self.bn = nn.BatchNorm3d(4 * filters, eps=_BATCH_NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """Map `[T, C, H, W]` to `[T, 4 * filters, H, W]`, both channels-last."""
        frames, _, height, width = x.shape
        branches = (self.Conv3D_1, self.Conv3D_2, self.Conv3D_4, self.Conv3D_8)
        space, time = zip(*(branch.kernels() for branch in branches), strict=True)
        kernel = torch.cat(space).contiguous(memory_format=torch.channels_last)
        x = functional.conv2d(x, kernel, padding=1)
        # channels-last [T, C, H, W] and [1, C, T, H * W] are the same memory
        lines = x.permute(0, 2, 3, 1).reshape(1, frames, height * width, -1).permute(0, 3, 1, 2)
        scales, shifts = (part.chunk(len(DILATIONS)) for part in self._normalisation())
        parts = lines.chunk(len(DILATIONS), dim=1)
        out = [
            functional.conv2d(
                part, weight * scale[:, None, None, None], shift, padding=(d, 0), dilation=(d, 1)
            )
            for part, weight, scale, shift, d in zip(
                parts, time, scales, shifts, DILATIONS, strict=True
            )
        ]
        joined = torch.cat(out, dim=1).permute(0, 2, 3, 1).reshape(frames, height, width, -1)
        return joined.permute(0, 3, 1, 2)

    def _normalisation(self) -> tuple[Tensor, Tensor]:
        """Batch normalisation as `y = scale * x + shift`, each `[4 * filters]`."""
        mean, variance = self.bn.running_mean, self.bn.running_var
        assert mean is not None and variance is not None
        scale = self.bn.weight / torch.sqrt(variance + self.bn.eps)
        return scale, self.bn.bias - mean * scale


class _Stack(nn.Module):
    """Two cells with a shortcut around the second, then half the size in space."""

    def __init__(self, channels_in: int, filters: int) -> None:
        super().__init__()
        self.DDCNN = nn.ModuleList([_Cell(channels_in, filters), _Cell(4 * filters, filters)])

    def forward(self, x: Tensor) -> Tensor:
        """Map `[T, C, H, W]` to `[T, 4 * filters, H // 2, W // 2]`."""
        first = functional.relu(self.DDCNN[0](x))
        second = functional.relu(self.DDCNN[1](first))
        return functional.avg_pool2d(first + second, 2)


class _FrameSimilarity(nn.Module):
    """How alike each frame is to its neighbours, by what the stacks saw in them."""

    def __init__(self, channels_in: int) -> None:
        super().__init__()
        self.projection = nn.Linear(channels_in, 128)
        self.fc = nn.Linear(_LOOKUP, 128)

    def forward(self, seen: list[Tensor]) -> Tensor:
        """Map the stacks' `[T, C, H, W]` to `[T, 128]`."""
        means = torch.cat([stack.mean(dim=(2, 3)) for stack in seen], dim=1)
        return functional.relu(self.fc(_similarities(self.projection(means))))


class _ColorHistograms(nn.Module):
    """How alike each frame is to its neighbours, by its colours alone."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(_LOOKUP, 128)

    def forward(self, frames: Tensor) -> Tensor:
        """Map uint8 `[T, H, W, 3]` to `[T, 128]`."""
        bins = (frames >> 5).to(torch.int64)  # 8 levels per colour
        index = ((bins[..., 0] << 6) + (bins[..., 1] << 3) + bins[..., 2]).flatten(1)
        counts = torch.zeros(len(frames), 512)
        counts.scatter_add_(1, index, torch.ones_like(index, dtype=torch.float32))
        return functional.relu(self.fc(_similarities(counts)))


def _similarities(rows: Tensor) -> Tensor:
    """Cosine of each row of `[T, D]` with its neighbours: `[T, 101]`, 0 beyond the ends."""
    unit = functional.normalize(rows, dim=1)
    padded = functional.pad(unit @ unit.T, (SIMILARITY_REACH, SIMILARITY_REACH))
    steps = torch.arange(len(rows))
    return padded.gather(1, steps[:, None] + torch.arange(_LOOKUP))


class TransNet(nn.Module):
    """The network; `eval` mode, float32, on the CPU.

    Its answer for a frame draws on 50 frames to either side, and it was trained on windows
    of 100 frames whose outer 25 at either end are not to be trusted.
    """

    def __init__(self) -> None:
        super().__init__()
        inputs = (3, *(4 * filters for filters in _FILTERS[:-1]))
        self.SDDCNN = nn.ModuleList(_Stack(c, f) for c, f in zip(inputs, _FILTERS, strict=True))
        self.frame_sim_layer = _FrameSimilarity(4 * sum(_FILTERS))
        self.color_hist_layer = _ColorHistograms()
        cells = (THUMBNAIL_HEIGHT // 8) * (THUMBNAIL_WIDTH // 8)
        self.fc1 = nn.Linear(128 + 128 + 4 * _FILTERS[-1] * cells, 1024)
        self.cls_layer1 = nn.Linear(1024, 1)
        self.cls_layer2 = nn.Linear(1024, 1)
        self.eval()

    @torch.inference_mode()
    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Judge consecutive frames.

        Args:
            frames: uint8 RGB `[T, 27, 48, 3]`, T at most 100.

        Returns:
            Two float32 `[T]` in 0..1. First the chance that the shot changes between this
            frame and the next, high on one frame of a transition only; then the chance
            that the frame belongs to a transition, high on every frame of it.

        Raises:
            ValueError: the frames are of another shape or type.
        """
        if frames.dtype != torch.uint8 or frames.shape[1:] != (
            THUMBNAIL_HEIGHT,
            THUMBNAIL_WIDTH,
            3,
        ):
            raise ValueError(
                f"expected uint8 [T, 27, 48, 3], found {frames.dtype} {[*frames.shape]}"
            )
        x = frames.permute(0, 3, 1, 2).to(torch.float32) / 255
        seen: list[Tensor] = []
        for stack in self.SDDCNN:
            x = stack(x)
            seen.append(x)
        flat = x.permute(0, 2, 3, 1).flatten(1)
        joined = torch.cat([self.color_hist_layer(frames), self.frame_sim_layer(seen), flat], dim=1)
        hidden = functional.relu(self.fc1(joined))
        one = torch.sigmoid(self.cls_layer1(hidden))[:, 0]
        many = torch.sigmoid(self.cls_layer2(hidden))[:, 0]
        return one, many
