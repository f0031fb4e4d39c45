"""The harmless copy: on every format, the same each time, close, and never flagged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.judge import judge_stretch
from tasks.measure import shipped_calibration
from tasks.metrics.gather import Look, paired
from tasks.strata.harmless import DIMMED, harmless_copy
from tasks.strata.observe import GATED


def flat(form: PictureFormat, share: float) -> Frame:
    dtype = torch.uint8 if form.depth == 8 else torch.uint16
    planes = [torch.full(shape, round(share * form.peak)).to(dtype) for shape in form.plane_shapes]
    return Frame(tuple(planes), form)


@pytest.mark.parametrize("name", ["gray", "gray10le", "yuv420p", "yuv422p10le", "gbrp16le"])
def test_a_flat_picture_is_dimmed_and_keeps_its_hue(name: str) -> None:
    """Chroma is drawn to its middle by as much as luma to black, so that hues stay."""
    form = PictureFormat(32, 16, name)
    source, copy = flat(form, 0.8), harmless_copy(flat(form, 0.8))
    for number, (before, after) in enumerate(zip(source.samples(), copy.samples(), strict=True)):
        base = (form.peak + 1) / 2 if number and form.layout.startswith("yuv") else 0.0
        wanted = base + (1 - DIMMED) * (float(before[0, 0]) - base)
        assert (after - wanted).abs().max() <= 0.5
    black, white = (harmless_copy(flat(form, share)).samples()[0] for share in (0, 1))
    assert not black.any() and int(white.max()) < form.peak


@pytest.mark.parametrize("name", ["gray", "gray10le", "yuv420p"])
def test_it_is_harmless_and_is_not_the_source(
    name: str, texture: Callable[..., list[Frame]]
) -> None:
    """No metric flags it in grainy film, and none that measures texture is at its ideal."""
    frames = texture(name, 24, (96, 128), grain=0.02)
    copies = [harmless_copy(frame) for frame in frames]
    again = [harmless_copy(frame) for frame in frames]
    for one, other in zip(copies, again, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(one.planes, other.planes, strict=True))
    look = Look(frames[0].format, ColourTags(), 24.0, faces=False)
    (pair,) = paired(look, iter(zip(frames, copies, strict=True)), len(frames))
    judged = judge_stretch(pair, 0, GATED, shipped_calibration())
    statuses = {name: found.verdict.status for name, found in judged.items() if found.verdict}
    assert "flag" not in statuses.values(), statuses
    grain, texture_kept = (judged[name].answer.value.value for name in ("GRAIN", "TEX"))
    assert grain is not None and 0.85 < grain < 0.99
    assert texture_kept is not None and texture_kept < 0.995
    assert np.mean([(a.planes[0] != b.planes[0]).float().mean()
                    for a, b in zip(frames, copies, strict=True)]) > 0.2  # fmt: skip
