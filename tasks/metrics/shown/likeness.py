"""SSIM and VMAF-neg of the restored picture against the source, as others quote them.

    SSIM    mean structural similarity of luma (`tasks.metrics.fidelity`), on sampled frames
    VMAF    VMAF without enhancement gain, model vmaf_v0.6.1neg of libvmaf, on half of those

A source with damage is no truth: a restoration that does its work differs from it. Read both as
"how much was changed", never as quality.

Units: SSIM 0..1, VMAF 0..100; higher is nearer to the source.
Sources: Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13(4), 2004; Netflix, "Toward a better quality
metric for the video community", 2020 (the NEG model). VMAF is computed at 10 bits; its motion
feature sees the real neighbours of each sampled frame.

Blind to: whatever restoration gets wrong locally or in time. With perfect truth as the
reference, a harmless grade scored below flickering eyes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from catalogs.errors import MediaError
from tasks.media.vmaf import SMALLEST, vmaf_neg
from tasks.metrics.fidelity import WINDOW, ssim
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair

PEAK = 1023  # 10 bits


def _measure_ssim(pair: Pair) -> Value:
    if not pair.triplets or min(pair.triplets[0].source[1].shape) < WINDOW:
        return Value.none(f"needs three frames of {WINDOW} samples or more each way")
    values = [ssim(one.source[1], one.restored[1], 1.0) for one in pair.triplets]
    worst = pair.triplets[int(np.argmin(values))].frame
    return Value(float(np.mean(values)), len(values) / pair.count, where=worst)


def _measure_vmaf(pair: Pair) -> Value:
    if not pair.triplets or min(pair.triplets[0].source[1].shape) < SMALLEST:
        return Value.none(f"needs three frames of {SMALLEST} samples or more each way")
    judged = pair.triplets[::2]
    source = np.stack([_ten_bits(torch.stack(one.source)) for one in judged])
    restored = np.stack([_ten_bits(one.restored[1]) for one in judged])
    try:
        scores = vmaf_neg(source, restored)
    except MediaError as error:
        return Value.none(f"VMAF could not be computed: {str(error).splitlines()[0]}")
    worst = judged[int(np.argmin(scores))].frame
    return Value(float(np.mean(scores)), len(scores) / pair.count, where=worst)


def _ten_bits(luma: Tensor) -> npt.NDArray[np.uint16]:
    """Luma, 0..1, as code values of 10 bits."""
    return luma.float().mul_(PEAK).round_().clamp_(0, PEAK).to(torch.uint16).numpy()


SSIM = Metric(
    identifier="SSIM",
    name="Likeness to the source (SSIM)",
    unit="0..1",
    worse="lower",
    floor=1.0,
    formula="Mean SSIM of luma, Gaussian window 11, 1.5; sampled frames, at most 1080 lines.",
    source="Wang et al., IEEE TIP 13(4), 2004",
    blind="Local faults and faults in time; damage that was taken out lowers it.",
    measure=_measure_ssim,
    gated=False,
)
VMAF = Metric(
    identifier="VMAF",
    name="Likeness to the source (VMAF-neg)",
    unit="0..100",
    worse="lower",
    floor=100.0,
    formula="VMAF, model vmaf_v0.6.1neg, mean of sampled frames, luma at 10 bits.",
    source="Netflix libvmaf, NEG model, 2020",
    blind="Local faults and faults in time: flickering eyes scored above a harmless grade.",
    measure=_measure_vmaf,
    gated=False,
)
METRICS = (SSIM, VMAF)
