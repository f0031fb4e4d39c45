"""What a source is like, and which class that makes it."""

import pytest
import torch

from tasks.metrics.pair import Pair
from tasks.metrics.source_class import (
    USUAL_LEVELS,
    Levels,
    SourceFacts,
    class_name,
    source_facts,
)


def still(level: float, grain: float, flicker: float = 0.0) -> Pair:
    """A smooth picture that stands still, with grain of a deviation and flicker by turns."""
    chance = torch.Generator().manual_seed(1)
    down, across = torch.linspace(0, 3, 72)[:, None], torch.linspace(0, 3, 96)
    picture = level * (1 + 0.3 * torch.sin(down) * torch.cos(across))
    frames = torch.stack([picture * (1 + flicker * (-1) ** t) for t in range(6)])
    frames = frames + grain * torch.randn(frames.shape, generator=chance)
    changed = torch.zeros(frames.shape, dtype=torch.bool)
    return Pair(24.0, (72, 96), frames, frames, None, None, changed)


def test_grain_is_measured_in_per_cent_and_flicker_is_not_grain() -> None:
    weak, strong = (source_facts(still(0.4, grain)).grain for grain in (0.005, 0.02))
    assert weak == pytest.approx(0.5, rel=0.2)
    assert strong == pytest.approx(2.0, rel=0.2)
    assert source_facts(still(0.4, 0.005, flicker=0.08)).grain == pytest.approx(weak, rel=0.1)


def test_luminance_and_rate_are_those_of_the_source() -> None:
    facts = source_facts(still(0.4, 0.01))
    assert facts.luminance == pytest.approx(float(still(0.4, 0.0).source.mean()), abs=0.01)
    assert facts.rate == 24.0


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (SourceFacts(1.24, 0.1199, 30.0), "grain low, luminance dark, rate slow"),
        (SourceFacts(1.25, 0.12, 31.0), "grain high, luminance middle, rate fast"),
        (SourceFacts(9.0, 0.3, 50.0), "grain high, luminance bright, rate fast"),
    ],
)
def test_a_boundary_belongs_to_the_level_above(facts: SourceFacts, expected: str) -> None:
    assert class_name(facts, USUAL_LEVELS) == expected


def test_levels_that_do_not_fit_their_boundaries_are_refused() -> None:
    with pytest.raises(ValueError, match="one level more"):
        Levels((1.0,), ("low",))
    with pytest.raises(ValueError, match="do not rise"):
        Levels((1.0, 1.0), ("low", "middle", "high"))
