"""Every metric of the whole picture sees its fault, and nothing in what is harmless."""

from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from tasks.metrics import blocking, cadence, change, direct, flicker, frames, ghost, timing, weave
from tasks.metrics.frames import _moved_on
from tasks.metrics.metric import Metric, Value
from tasks.metrics.pair import Pair, TilePair

Pictures = npt.NDArray[np.float32]
Fault = Callable[[Pictures], Pictures]

MODULES = (flicker, change, blocking, ghost, frames, cadence, weave, timing)
METRICS = {metric.identifier: metric for module in MODULES for metric in module.METRICS}
GATED = [metric for metric in METRICS.values() if metric.gated]
SIZE = (144, 192)
TINT = np.array([1.0, 0.8, 0.6], np.float32)
SECONDS = 4 / 3


def scene(rate: float = 30.0, seconds: float = SECONDS) -> Pictures:
    """A texture that goes past at 45 samples a second, one that stands, float32 `[T, h, w]`."""
    chance = np.random.default_rng(3)
    fine, broad = (
        cv2.GaussianBlur(chance.standard_normal((SIZE[0], 400)), (0, 0), sigma)
        for sigma in (1.5, 7.0)
    )
    wide = (0.45 + 0.05 * fine / fine.std() + 0.11 * broad / broad.std()).astype(np.float32)
    still = wide[: SIZE[0], : SIZE[1]].copy()
    done = []
    for n in range(round(rate * seconds)):
        move = np.array([[1, 0, -45 * n / rate], [0, 1, 0]], np.float32)
        moved = cv2.warpAffine(wide, move, SIZE[::-1], flags=cv2.INTER_CUBIC)
        moved[:, 128:] = still[:, 128:]
        done.append(moved)
    return np.stack(done).clip(0, 1)


def grained(pictures: Pictures, seed: int = 5, strength: float = 0.02) -> Pictures:
    chance = np.random.default_rng(seed)
    return pictures + strength * chance.standard_normal(pictures.shape).astype(np.float32)


def damaged(pictures: Pictures, rate: float = 30.0) -> Pictures:
    """With grain, flicker at 7 Hz, a scratch and dirt."""
    done = grained(pictures)
    done *= 1 + 0.02 * np.sin(2 * np.pi * 7 * np.arange(len(done)) / rate)[:, None, None]
    done[:, :, 90] += 0.08
    chance = np.random.default_rng(8)
    for one in done:
        y, x = chance.integers(0, 130), chance.integers(0, 180)
        one[y : y + 5, x : x + 5] = chance.choice([0.05, 0.95])
    return np.asarray(done.clip(0, 1), np.float32)


def coloured(pictures: Pictures) -> torch.Tensor:
    """R'G'B' at a quarter of the size, `[T, 3, h', w']`."""
    small = [cv2.resize(one, None, None, 0.25, 0.25, cv2.INTER_AREA) for one in pictures]
    return torch.from_numpy(np.stack(small)[:, None] * TINT[None, :, None, None])


def pair_of(source: Pictures, restored: Pictures, rate: float = 30.0) -> Pair:
    count = len(source)
    tiles = [
        TilePair(
            torch.tensor([[top, left]] * count), torch.arange(count),
            *(torch.from_numpy(side[:, top : top + 48, left : left + 48].copy())
              for side in (source, restored)),
        )
        for top, left in ((8, 8), (80, 70))
    ]  # fmt: skip
    return Pair(
        rate=rate, native=SIZE, source=torch.from_numpy(source),
        restored=torch.from_numpy(restored), source_colour=coloured(source),
        restored_colour=coloured(restored), changed=torch.from_numpy(source != restored),
        grounds=tuple(tiles),
    )  # fmt: skip


TRUTH = scene()
SOURCE = damaged(TRUTH)
FLOWED = pair_of(SOURCE, TRUTH)


def measured(identifier: str, restored: Pictures) -> Value:
    """Of the usual source, whose motion and proxy are found once."""
    pair = pair_of(SOURCE, np.asarray(restored.clip(0, 1), np.float32))
    pair.__dict__.update(flow=FLOWED.flow, proxy=FLOWED.proxy)
    return METRICS[identifier].measure(pair)


def known(value: Value) -> float:
    assert value.value is not None, value.note
    return value.value


def sharpened(pictures: Pictures) -> Pictures:
    blurred = np.stack([cv2.GaussianBlur(one, (0, 0), 1.0) for one in pictures])
    return pictures + 0.35 * (pictures - blurred)


HARMLESS: dict[str, Pictures] = {
    "truth": TRUTH,
    "grain kept": grained(TRUTH),
    "new grain": grained(TRUTH, 99, 0.012),
    "graded": TRUTH**0.88,
    "sharpened": sharpened(TRUTH),
}


@pytest.mark.parametrize("name", HARMLESS)
@pytest.mark.parametrize("metric", GATED, ids=lambda metric: metric.identifier)
def test_what_is_harmless_stays_below_the_floor(metric: Metric, name: str) -> None:
    value = measured(metric.identifier, HARMLESS[name])
    assert known(value) <= metric.floor


@pytest.mark.parametrize("metric", GATED, ids=lambda metric: metric.identifier)
def test_the_source_itself_has_no_fault(metric: Metric) -> None:
    assert known(measured(metric.identifier, SOURCE)) == pytest.approx(0, abs=1e-6)


def jumping(pictures: Pictures, strength: float) -> Pictures:
    gains = 1 + strength * np.random.default_rng(1).standard_normal(len(pictures))
    return np.asarray(pictures * gains[:, None, None], np.float32)


def jumping_corner(pictures: Pictures, strength: float) -> Pictures:
    done = pictures.copy()
    done[:, :72, :96] = jumping(pictures[:, :72, :96], strength)
    return done


def patched(pictures: Pictures, strength: float) -> Pictures:
    done, side = pictures.copy(), round(strength * SIZE[1])
    done[:, 60 : 60 + side, 140 : 140 + side] = pictures[:, 10 : 10 + side, 20 : 20 + side]
    return done


def marked(pictures: Pictures, strength: float) -> Pictures:
    cover = cv2.putText(np.zeros(SIZE, np.float32), "MARK", (100, 120), 0, 0.7, (1.0,), 2)
    return np.asarray(pictures + strength * (1 - pictures) * cover, np.float32)


def blocky(pictures: Pictures, quality: float) -> Pictures:
    done = []
    for one in pictures:
        code = cv2.imencode(".jpg", (one * 255).astype(np.uint8), [1, int(quality)])[1]
        done.append(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE))
    return np.stack(done).astype(np.float32) / 255


def blended(pictures: Pictures, share: float) -> Pictures:
    done = pictures.copy()
    for n in range(1, len(done)):
        done[n] = (1 - share) * pictures[n] + share * done[n - 1]
    return done


def late(pictures: Pictures, count: float) -> Pictures:
    return pictures[np.maximum(np.arange(len(pictures)) - int(count), 0)]


def doubled(pictures: Pictures, count: float) -> Pictures:
    done = pictures.copy()
    for n in np.linspace(5, len(done) - 5, int(count)).astype(int):
        done[n] = done[n - 1]
    return done


def pulsing(pictures: Pictures, sigma: float) -> Pictures:
    done = pictures.copy()
    for n in range(0, len(done), 2):
        done[n] = cv2.GaussianBlur(pictures[n], (0, 0), sigma)
    return done


def foreign(pictures: Pictures, count: float) -> Pictures:
    done = pictures.copy()
    for n in np.linspace(10, 20, int(count)).astype(int):
        done[n] = pictures[n + 15]
    return done


def unsteady(pictures: Pictures, strength: float) -> Pictures:
    chance = np.random.default_rng(4)
    done = []
    for one in pictures:
        x, y = strength * chance.standard_normal(2)
        move = np.array([[1, 0, x], [0, 1, y]], np.float32)
        done.append(cv2.warpAffine(one, move, SIZE[::-1], flags=cv2.INTER_CUBIC,
                                   borderMode=cv2.BORDER_REPLICATE))  # fmt: skip
    return np.stack(done)


FAULTS: list[tuple[str, Callable[[Pictures, float], Pictures], float, float]] = [
    ("FLK", jumping, 0.01, 0.025),
    ("FLK_L", jumping_corner, 0.015, 0.03),
    ("CHG", patched, 0.05, 0.1),
    ("CHG", marked, 0.12, 0.3),
    ("BLOCK", blocky, 20, 8),
    ("GHOST", blended, 0.25, 0.5),
    ("GHOST", late, 1, 3),
    ("DUP", doubled, 2, 6),
    ("CADENCE", pulsing, 0.7, 1.4),
    ("SWAP", foreign, 1, 1),
    ("WEAVE", unsteady, 0.4, 1.0),
]


@pytest.mark.parametrize("base", ["truth", "grain kept", "graded"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault[0]}-{fault[1].__name__}")
def test_a_fault_is_seen_and_more_when_it_is_strong(
    fault: tuple[str, Callable[[Pictures, float], Pictures], float, float], base: str
) -> None:
    identifier, inject, mild, strong = fault
    values = [known(measured(identifier, inject(HARMLESS[base], s))) for s in (mild, strong)]
    assert values[0] > METRICS[identifier].floor
    assert values[1] >= values[0]


@pytest.mark.parametrize(
    ("restored", "frames_late"),
    [(blended(TRUTH, 0.25), 1 / 3), (blended(TRUTH, 0.5), 1.0), (late(TRUTH, 1), 1.0),
     (late(TRUTH, 3), 3.0)],
    ids=["a quarter kept", "a half kept", "one late", "three late"],
)  # fmt: skip
def test_ghost_is_how_late_the_picture_is(restored: Pictures, frames_late: float) -> None:
    assert known(measured("GHOST", restored)) == pytest.approx(frames_late, rel=0.2)


def test_a_patch_that_stays_is_change_and_one_that_passes_is_none() -> None:
    passing = TRUTH.copy()
    passing[5:15] = patched(TRUTH, 0.1)[5:15]
    assert known(measured("CHG", passing)) <= METRICS["CHG"].floor


def test_doubled_frames_are_counted_and_the_first_is_named() -> None:
    value = measured("DUP", doubled(TRUTH, 4))
    assert known(value) == pytest.approx(100 * 4 / (len(TRUTH) - 2), rel=0.2)
    assert value.where in np.linspace(5, len(TRUTH) - 5, 4).astype(int)


def test_a_freeze_of_several_frames_is_seen() -> None:
    frozen = TRUTH.copy()
    frozen[10:16] = frozen[9]
    value = measured("DUP", frozen)
    assert known(value) == pytest.approx(100 * 6 / (len(TRUTH) - 2), rel=0.2)
    assert value.where == 10


def test_a_shot_that_is_frozen_throughout_fits_another_moment() -> None:
    """Nothing moves in R by which DUP could tell; SWAP sees it."""
    value = measured("SWAP", np.repeat(TRUTH[:1], len(TRUTH), axis=0))
    assert known(value) > 2 * METRICS["SWAP"].floor


def test_a_foreign_frame_is_named() -> None:
    value = measured("SWAP", foreign(TRUTH, 1))
    assert known(value) > METRICS["SWAP"].floor and value.where == 10


@pytest.mark.parametrize("held", ["the same scan", "drawn on twos"])
def test_a_source_that_holds_its_frames_is_not_accused(held: str) -> None:
    """A film stretched from 18 to 24 frames holds one in four; each keeps its grain or not."""
    places = np.arange(40)
    places -= places // 4 if held == "the same scan" else places % 2
    slow = TRUTH[np.minimum(places, 39)]
    before = grained(TRUTH)[places] if held == "the same scan" else grained(slow)
    value = METRICS["DUP"].measure(pair_of(before, slow))
    assert known(value) == 0


def test_a_cast_that_drifts_is_seen_in_the_whole_and_in_a_part() -> None:
    pair = pair_of(SOURCE, TRUTH)
    assert pair.restored_colour is not None
    turn = 0.03 * torch.linspace(-1, 1, pair.count)
    for part in (slice(None), slice(0, 14)):
        colour = pair.restored_colour.clone()
        colour[:, 0, part, part] += turn[:, None, None]
        colour[:, 2, part, part] -= turn[:, None, None]
        assert known(change.measure_cast(replace(pair, restored_colour=colour))) > 2


def test_a_constant_grade_of_colour_is_no_cast() -> None:
    pair = pair_of(SOURCE, TRUTH)
    assert pair.restored_colour is not None
    warm = pair.restored_colour * torch.tensor([1.05, 1.0, 0.9])[None, :, None, None] + 0.02
    assert known(change.measure_cast(replace(pair, restored_colour=warm))) < 0.3


def test_monochrome_has_no_cast_but_change() -> None:
    pair = replace(pair_of(SOURCE, patched(TRUTH, 0.1)), source_colour=None, restored_colour=None)
    assert not change.measure_cast(pair).measurable
    assert known(change.measure_change(pair)) > 3


def test_a_removed_scratch_is_no_change_and_a_post_that_is_gone_is_one() -> None:
    """A thing wider than a scratch, upright, and not as tall as the picture."""
    erased = TRUTH.copy()
    erased[:, 60:100, 140:156] = cv2.blur(TRUTH[0], (41, 41))[60:100, 140:156]
    assert known(measured("CHG", erased)) > METRICS["CHG"].floor


def test_a_light_that_flickers_in_the_scene_is_not_put_in() -> None:
    """A fire: both sides flicker by 3 % at 10 Hz, the source by its own 2 % at 7 Hz as well."""
    fire = 1 + 0.03 * np.sin(2 * np.pi * 10 * np.arange(len(TRUTH)) / 30)[:, None, None]
    lit = np.asarray(TRUTH * fire, np.float32)
    pair = pair_of(damaged(lit), lit)
    assert known(flicker.measure_flicker(pair)) <= METRICS["FLK"].floor
    shown = flicker.measure_shown(pair)
    assert known(shown) > 2


def test_flicker_of_the_whole_and_of_parts_see_the_same_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Mock(wraps=direct.block_medians)
    monkeypatch.setattr(direct, "block_medians", asked)
    stretch = pair_of(SOURCE, TRUTH)
    flicker.measure_flicker(stretch)
    flicker.measure_local_flicker(stretch)
    sides = [call.args[1] for call in asked.call_args_list]
    assert sum(side != direct.TONE_BLOCK for side in sides) == 3  # S, R and D, each once


def test_flicker_that_was_left_is_shown_and_not_accused() -> None:
    kept = TRUTH * (1 + 0.02 * np.sin(2 * np.pi * 7 * np.arange(len(TRUTH)) / 30)[:, None, None])
    assert known(measured("FLK", kept)) <= METRICS["FLK"].floor
    shown = measured("FLICKER", kept)
    assert known(shown) == pytest.approx(shown.before, rel=0.1)


@pytest.mark.parametrize(
    ("identifier", "inject", "strength"),
    [("GHOST", blended, 0.4), ("CADENCE", pulsing, 1.0)],
    ids=["GHOST", "CADENCE"],
)
def test_a_fault_counts_as_much_at_sixty_frames(
    identifier: str, inject: Callable[[Pictures, float], Pictures], strength: float
) -> None:
    values = []
    for rate in (30.0, 60.0):
        truth = scene(rate)
        pair = pair_of(damaged(truth, rate), inject(truth, strength), rate)
        values.append(known(METRICS[identifier].measure(pair)))
    assert values[1] == pytest.approx(values[0], rel=0.35)


def at_six_hertz(rate: float, count: int) -> npt.NDArray[np.float32]:
    return np.sin(2 * np.pi * 6 * np.arange(count) / rate).astype(np.float32)


@pytest.mark.parametrize("identifier", ["FLK", "FLK_L", "WEAVE"])
def test_the_same_wave_counts_as_much_at_sixty_frames(identifier: str) -> None:
    values = []
    for rate in (30.0, 60.0):
        truth = scene(rate)
        wave = at_six_hertz(rate, len(truth))
        restored = truth.copy()
        for n, one in enumerate(truth):
            if identifier == "WEAVE":
                move = np.array([[1, 0, 0.8 * wave[n]], [0, 1, 0]], np.float32)
                restored[n] = cv2.warpAffine(one, move, SIZE[::-1], flags=cv2.INTER_CUBIC,
                                             borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
            else:
                part = slice(None) if identifier == "FLK" else slice(0, 72)
                restored[n, part, part] *= 1 + 0.03 * wave[n]
        pair = pair_of(damaged(truth, rate), restored, rate)
        values.append(known(METRICS[identifier].measure(pair)))
    assert values[0] > 1.5 * METRICS[identifier].floor
    assert values[1] == pytest.approx(values[0], rel=0.2)


@pytest.mark.parametrize("metric", GATED, ids=lambda metric: metric.identifier)
@pytest.mark.parametrize("count", [1, 2, 4])
def test_too_short_a_stretch_is_not_measurable_or_exact(metric: Metric, count: int) -> None:
    value = metric.measure(pair_of(SOURCE[:count], TRUTH[:count]))
    if metric.identifier in ("TIME", "BLOCK"):
        assert value.measurable
    elif value.value is None:
        assert value.note
    else:
        assert value.value < 10 * metric.floor


def test_what_does_not_move_has_no_ghosts_and_no_doubled_frames() -> None:
    still = np.repeat(TRUTH[:1], 24, axis=0)
    pair = pair_of(still.copy(), still * np.float32(0.99))
    for identifier in ("GHOST", "DUP"):
        value = METRICS[identifier].measure(pair)
        assert not value.measurable and value.note


def test_a_flat_picture_has_nothing_to_hold_on_to() -> None:
    flat = np.full((24, *SIZE), 0.5, np.float32)
    for identifier in ("WEAVE", "CADENCE"):
        assert not METRICS[identifier].measure(pair_of(flat, flat * np.float32(0.9))).measurable


def test_measuring_changes_nothing_of_the_pair() -> None:
    pair = pair_of(SOURCE, pulsing(TRUTH, 1.0))
    before = pair.source.clone(), pair.restored.clone()
    for metric in METRICS.values():
        metric.measure(pair)
    assert torch.equal(pair.source, before[0]) and torch.equal(pair.restored, before[1])


def test_every_metric_says_what_it_is() -> None:
    for metric in METRICS.values():
        assert metric.formula and metric.source and metric.blind and metric.unit


def test_a_picture_that_comes_back_to_where_it_was_left_nothing_out() -> None:
    still = np.zeros((4, 4), np.float32)
    assert not _moved_on(still, still, still[None], 1e-3)
