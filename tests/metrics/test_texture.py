"""Texture, wax, boiling, sticking and grain on textures whose motion and faults are known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from tasks.metrics.boil import BOIL
from tasks.metrics.grain import GRAIN, REGRAIN
from tasks.metrics.metric import Metric
from tasks.metrics.pair import Declared, FacePair, Pair, TilePair
from tasks.metrics.skin_mask import (
    LEFT_BROW,
    LEFT_EYE,
    LIPS,
    LOWER_NOSE,
    OUTLINE,
    RIGHT_BROW,
    RIGHT_EYE,
    skin_and_background,
)
from tasks.metrics.stick import STICK
from tasks.metrics.texture import TEX, WAX

FRAMES = 16
EYES = 48.0  # samples
SIDE = 124  # of the face's window
ALL = (TEX, WAX, BOIL, STICK, GRAIN, REGRAIN)
Pictures = np.ndarray  # float32 [T, H, W]


def texture(side: int, seed: int, size: float = 0.9, strength: float = 0.02) -> np.ndarray:
    """Fine texture on a smooth ground, float32 `[side, side]`."""
    generator = np.random.default_rng(seed)
    fine = cv2.GaussianBlur(generator.standard_normal((side, side)), (0, 0), size)
    broad = cv2.GaussianBlur(generator.standard_normal((side, side)), (0, 0), 12 * size)
    whole = 0.5 + strength * fine / fine.std() + 0.1 * broad / broad.std()
    return whole.astype(np.float32)


def panned(
    still: np.ndarray, side: int, times: np.ndarray, speed: tuple[float, float] = (0.7, 0.45)
) -> Pictures:
    """A window of `side` on a texture that moves by `speed` samples (x, y) in a unit of time."""
    spare = (still.shape[0] - side) / 2
    moved = []
    for time in times:
        matrix = np.array([[1, 0, -spare + speed[0] * time], [0, 1, -spare + speed[1] * time]])
        moved.append(cv2.warpAffine(still, matrix, (side, side), flags=cv2.INTER_CUBIC))
    return np.stack(moved).astype(np.float32)


def grainy(pictures: Pictures, seed: int, strength: float = 0.025) -> Pictures:
    generator = np.random.default_rng(seed)
    noise = strength * generator.standard_normal(pictures.shape)
    return (pictures + noise).astype(np.float32)


def blurred(pictures: Pictures, sigma: float) -> Pictures:
    return np.stack([cv2.GaussianBlur(one, (0, 0), sigma) for one in pictures])


def face_points(side: int) -> np.ndarray:
    """A face drawn with the mesh's indices, float32 `[478, 2]`, in a window of `side`."""
    points = np.full((478, 2), side / 2, np.float32)
    ellipses = (
        (OUTLINE, 0.5, 0.5, 0.40, 0.48), (RIGHT_EYE, 0.32, 0.42, 0.08, 0.03),
        (LEFT_EYE, 0.68, 0.42, 0.08, 0.03), (RIGHT_BROW, 0.32, 0.32, 0.10, 0.02),
        (LEFT_BROW, 0.68, 0.32, 0.10, 0.02), (LIPS, 0.5, 0.78, 0.13, 0.05),
        (LOWER_NOSE, 0.5, 0.6, 0.06, 0.05),
    )  # fmt: skip
    for indices, x, y, wide, high in ellipses:
        angles = np.linspace(0, 2 * np.pi, len(indices), endpoint=False)
        at = np.stack((x + wide * np.sin(angles), y - high * np.cos(angles)), -1)
        points[list(indices)] = at * side
    return points


def skin_cover(side: int) -> np.ndarray:
    points = torch.from_numpy(face_points(side))
    mask = skin_and_background(points, torch.zeros(2, dtype=torch.int64), (side, side))[0]
    return cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0)


def tile(source: Pictures, restored: Pictures) -> TilePair:
    count = len(source)
    return TilePair(
        origins=torch.full((count, 2), 40, dtype=torch.int64),
        frames=torch.arange(count),
        source=torch.from_numpy(np.ascontiguousarray(source)),
        restored=torch.from_numpy(np.ascontiguousarray(restored)),
    )


def face(window: TilePair, eyes: float) -> FacePair:
    count, side = len(window.frames), int(window.source.shape[1])
    points = torch.from_numpy(face_points(side)).expand(count, -1, -1) + 40
    nothing = torch.zeros(0)
    return FacePair(
        track=0, frames=window.frames, landmarks=points, restored_landmarks=points,
        presence=torch.ones(count), yaw=torch.zeros(count),
        eye_distance=torch.full((count,), eyes), blendshapes=None, restored_blendshapes=None,
        to_chip=nothing, chips=nothing, restored_chips=nothing, colour=None, restored_colour=None,
        tile=window,
    )  # fmt: skip


def pair(
    windows: list[tuple[Pictures, Pictures]],
    head: tuple[Pictures, Pictures] | None = None,
    rate: float = 25.0,
    eyes: float = EYES,
    lines: int = 288,
    steps: frozenset[str] = frozenset({"dirt"}),
) -> Pair:
    """A pair that holds only windows; what lies on the proxy is empty."""
    count = len((windows or [head])[0][0])
    small = torch.zeros(count, 1, 1)
    return Pair(
        rate=rate, native=(lines, lines), source=small, restored=small, source_colour=None,
        restored_colour=None, changed=small > 0,
        faces=(face(tile(*head), eyes),) if head else (),
        grounds=tuple(tile(*window) for window in windows), declared=Declared(steps),
    )  # fmt: skip


class Scene:
    """Two windows of background and a face, undamaged and grainy."""

    def __init__(
        self, count: int = FRAMES, rate: float = 25.0, speed: tuple[float, float] = (0.7, 0.45)
    ) -> None:
        times = np.arange(count) * 25.0 / rate
        self.rate = rate
        self.grounds = [panned(texture(140, n), 96, times, speed) for n in (1, 2)]
        self.head = panned(texture(180, 3), SIDE, times, speed)
        self.skin = skin_cover(SIDE)
        self.sources = [grainy(one, 10 + n) for n, one in enumerate(self.grounds)]
        self.source_head = grainy(self.head, 20)

    def pair(self, grounds: list[Pictures], head: Pictures, **options: object) -> Pair:
        windows = list(zip(self.sources, grounds, strict=True))
        return pair(windows, (self.source_head, head), rate=self.rate, **options)

    def on_skin(self, changed: Pictures, head: Pictures | None = None) -> Pictures:
        before = self.head if head is None else head
        return before + self.skin * (changed - before)

    def redrawn(self, hold: int = 1) -> Pictures:
        """Skin whose texture is another on every frame (or holds for some)."""
        base = blurred(self.head, 1.5)
        power = (self.head - base)[:, self.skin > 0.5].std()
        generator = np.random.default_rng(4)
        shape = (-(-len(base) // hold), *base.shape[1:])
        fresh = np.repeat(generator.standard_normal(shape).astype(np.float32), hold, 0)
        fresh = fresh[: len(base)]
        fresh = blurred(fresh, 0.8)
        fresh -= blurred(fresh, 1.5)
        return self.on_skin(base + fresh * power / fresh.std())

    def stuck(self, late: int) -> Pictures:
        fine = self.head - blurred(self.head, 1.5)
        old = np.concatenate((fine[:1].repeat(late, 0), fine[:-late]))
        return self.on_skin(self.head - fine + old)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene()


def value(metric: Metric, measured: Pair) -> float:
    found = metric.measure(measured)
    assert found.value is not None, f"{metric.identifier}: {found.note}"
    return found.value


def test_what_was_not_changed_is_exactly_equal(scene: Scene) -> None:
    same = scene.pair([one.copy() for one in scene.sources], scene.source_head.copy())
    found = {metric.identifier: value(metric, same) for metric in ALL}
    assert found == {"TEX": 1, "WAX": 0, "BOIL": 0, "STICK": 0, "GRAIN": 1, "REGRAIN": 1}


@pytest.mark.parametrize("harmless", ["clean", "regrained", "gamma", "sharpened"])
def test_harmless_outputs_are_on_the_good_side_of_every_floor(scene: Scene, harmless: str) -> None:
    change = {
        "clean": lambda x, _: x,
        "regrained": lambda x, n: grainy(x, 50 + n, 0.012),
        "gamma": lambda x, _: x.clip(0.01, 1) ** 0.88,
        "sharpened": lambda x, _: x + 0.35 * (x - blurred(x, 1.0)),
    }[harmless]
    made = scene.pair([change(one, n) for n, one in enumerate(scene.grounds)],
                      change(scene.head, 9))  # fmt: skip
    assert value(TEX, made) > TEX.floor
    assert value(WAX, made) < WAX.floor
    assert value(BOIL, made) < BOIL.floor
    assert value(STICK, made) < STICK.floor


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.identifier)
def test_a_metric_says_where_and_on_how_much(scene: Scene, metric: Metric) -> None:
    found = metric.measure(scene.pair([*scene.sources], scene.redrawn()))
    assert found.coverage == 1
    assert found.where is not None and 0 <= found.where < FRAMES


def test_texture_falls_the_more_the_picture_is_blurred(scene: Scene) -> None:
    kept = [
        value(TEX, scene.pair([blurred(g, s) for g in scene.grounds], blurred(scene.head, s)))
        for s in (0.5, 0.8, 1.4)
    ]
    assert 0.8 > kept[0] > kept[1] + 0.1 > kept[2] + 0.2


def test_a_blur_of_everything_is_no_wax_and_one_of_the_skin_is(scene: Scene) -> None:
    whole = scene.pair([blurred(g, 0.8) for g in scene.grounds], blurred(scene.head, 0.8))
    wax = [
        value(WAX, scene.pair(scene.grounds, scene.on_skin(blurred(scene.head, s)))) for s in (1, 2)
    ]
    assert abs(value(WAX, whole)) < WAX.floor < 0.5 < wax[0] < wax[1] - 0.3


def test_a_blur_is_found_at_the_frames_where_it_is(scene: Scene) -> None:
    soft = [one.copy() for one in scene.grounds]
    for one in soft:
        one[9:13] = blurred(one[9:13], 1.2)
    found = TEX.measure(scene.pair(soft, scene.head))
    assert found.where in range(7, 14)


def test_redrawn_skin_boils_and_grain_everywhere_does_not(scene: Scene) -> None:
    boiling = value(BOIL, scene.pair(scene.grounds, scene.redrawn()))
    grain = scene.pair([grainy(g, n, 0.03) for n, g in enumerate(scene.grounds, 60)],
                       grainy(scene.head, 70, 0.03))  # fmt: skip
    assert boiling > 1.0
    assert value(BOIL, grain) < BOIL.floor


@pytest.mark.parametrize("late", [1, 2, 5])
def test_texture_of_some_frames_ago_sticks(late: int) -> None:
    scene = Scene(24)
    found = STICK.measure(scene.pair(scene.grounds, scene.stuck(late)))
    assert found.value is not None and found.value > 0.3
    assert f"{late} frames behind" in found.note


def test_nothing_sticks_on_a_face_that_keeps_still() -> None:
    still = Scene(speed=(0.0, 0.0))
    assert abs(value(STICK, still.pair(still.grounds, still.stuck(2)))) < STICK.floor


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 0.0), (0.5, 0.25), (1.4, 1.96)])
def test_grain_is_the_energy_that_is_left_of_it(scene: Scene, share: float, wanted: float) -> None:
    made = [truth + share * (source - truth)
            for truth, source in zip(scene.grounds, scene.sources, strict=True)]  # fmt: skip
    head = scene.head + share * (scene.source_head - scene.head)
    assert value(GRAIN, scene.pair(made, head)) == pytest.approx(wanted, abs=0.08)
    assert value(REGRAIN, scene.pair(made, head)) == value(GRAIN, scene.pair(made, head))


@pytest.mark.parametrize("step", ["denoise", "grain"])
def test_grain_that_a_recipe_changes_is_told_and_not_judged(scene: Scene, step: str) -> None:
    found = GRAIN.measure(scene.pair(scene.grounds, scene.head, steps=frozenset({step})))
    assert found.value is None and "ratio 0.0" in found.note


def test_specks_and_flicker_that_were_repaired_are_no_texture_and_no_grain(scene: Scene) -> None:
    generator = np.random.default_rng(8)
    grounds, sources = [], []
    for source in scene.sources:
        dirty = source * (1 + 0.015 * generator.standard_normal((len(source), 1, 1)))
        for one in dirty:
            for x, y in generator.integers(4, 90, (3, 2)).tolist():
                cv2.circle(one, (x, y), 3, 0.95, -1)
        sources.append(dirty.astype(np.float32))
        grounds.append(source)
    made = pair(list(zip(sources, grounds, strict=True)), None)
    assert value(TEX, made) == pytest.approx(1, abs=0.04)
    assert value(GRAIN, made) == pytest.approx(1, abs=0.06)


def test_without_a_face_only_the_picture_is_measured(scene: Scene) -> None:
    made = pair(list(zip(scene.sources, scene.grounds, strict=True)))
    for metric in (WAX, BOIL, STICK):
        found = metric.measure(made)
        assert found.value is None and found.note.startswith("no face")
    assert value(TEX, made) == pytest.approx(1, abs=0.03)


def test_a_flat_picture_says_why_it_is_not_measurable() -> None:
    flat = np.full((FRAMES, 96, 96), 0.4, np.float32)
    skin = np.full((FRAMES, SIDE, SIDE), 0.4, np.float32)
    made = pair([(grainy(flat, 1), flat)], (grainy(skin, 2), skin))
    for metric in (TEX, WAX, BOIL, STICK):
        found = metric.measure(made)
        assert found.value is None and "texture" in found.note
    still = pair([(flat, flat)])
    assert GRAIN.measure(still).note == "the source has no grain"
    assert TEX.measure(replace(still, grounds=())).value is None


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_stretch_of_few_frames_is_not_measurable(count: int) -> None:
    short = Scene(count)
    made = short.pair(short.grounds, short.head)
    assert [metric.measure(made).value for metric in ALL] == [None] * len(ALL)


@pytest.mark.parametrize(
    ("metric", "fault"), [(WAX, "wax"), (BOIL, "boil"), (STICK, "stick")], ids=lambda v: str(v)[:6]
)
def test_a_fault_counts_alike_at_30_and_at_60_frames_a_second(metric: Metric, fault: str) -> None:
    found = []
    for rate, step in ((30.0, 1), (60.0, 2)):
        scene = Scene(round(rate / 2), rate)
        head = {
            "wax": lambda s, _: s.on_skin(blurred(s.head, 1.2)),
            "boil": lambda s, _: s.redrawn(),
            "stick": lambda s, k: s.stuck(2 * k),
        }[fault](scene, step)
        found.append(value(metric, scene.pair(scene.grounds, head)))
    assert found[1] == pytest.approx(found[0], rel=0.25)
    assert min(found) > metric.floor


def reduced(pictures: Pictures, times: int) -> Pictures:
    size = (pictures.shape[2] // times, pictures.shape[1] // times)
    return np.stack([cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures])


@pytest.mark.parametrize("metric", [WAX, BOIL], ids=lambda m: m.identifier)
def test_pores_of_a_4k_face_are_seen_at_native_resolution_and_not_on_a_proxy(
    metric: Metric,
) -> None:
    """A face on 2160 lines, 300 samples between the eyes: only its pores are touched."""
    side, eyes, times = 384, 300.0, np.arange(8) * 1.0
    pores = panned(texture(440, 31, size=0.8, strength=0.015), side, times, (1.3, 0.8))
    changed = smooth = blurred(pores, 1.8)
    if metric is BOIL:
        fine = np.random.default_rng(5).standard_normal(pores.shape).astype(np.float32)
        fine = blurred(fine, 0.8) - blurred(fine, 1.8)
        changed = smooth + fine * (pores - smooth).std() / fine.std()
    source = grainy(pores, 32, 0.015)
    restored = pores + skin_cover(side) * (changed - pores)
    ground = panned(texture(180, 33), 128, times, (0.4, 0.2))
    before = grainy(ground, 34)
    native = pair([(before, ground)], (source, restored), eyes=eyes, lines=2160)
    small = [reduced(one, 6) for one in (before, ground, source, restored)]
    on_proxy = pair([(small[0], small[1])], (small[2], small[3]), eyes=eyes / 6, lines=360)
    assert value(metric, native) > 0.9
    assert value(metric, on_proxy) < metric.floor


def test_skin_is_forehead_cheeks_and_chin_without_eyes_brows_and_lips() -> None:
    points = face_points(200)
    origin = torch.tensor([30, 10])
    moved = torch.from_numpy(points + np.array([10, 30], np.float32))
    skin, background = skin_and_background(moved, origin, (200, 200))
    at: dict[str, tuple[float, float]] = {
        "forehead": (0.5, 0.2), "cheek": (0.25, 0.6), "chin": (0.5, 0.88),
    }  # fmt: skip
    without = {
        "eye": (0.32, 0.42),
        "brow": (0.68, 0.32),
        "lips": (0.5, 0.78),
        "corner": (0.02, 0.02),
    }
    assert {n: bool(skin[int(y * 200), int(x * 200)]) for n, (x, y) in at.items()} == dict.fromkeys(
        at, True
    )
    assert not any(skin[int(y * 200), int(x * 200)] for x, y in without.values())
    assert background[2, 2] and not (background & skin).any()


def test_a_window_that_follows_the_face_is_as_good_as_one_that_stays(scene: Scene) -> None:
    """Whole samples of the window's own motion cancel."""
    still = texture(260, 3)
    times = np.arange(FRAMES) * 1.0
    wide = panned(still, 180, times, (1.6, 0.9))
    source = grainy(wide, 21)

    def cut(pictures: Pictures, follow: bool) -> tuple[Pictures, Tensor]:
        corners = [(10 + round(0.9 * t), 10 + round(1.6 * t)) if follow else (24, 24)
                   for t in range(FRAMES)]  # fmt: skip
        parts = [one[y : y + SIDE, x : x + SIDE]
                 for one, (y, x) in zip(pictures, corners, strict=True)]  # fmt: skip
        return np.stack(parts), torch.tensor(corners)

    fine = wide - blurred(wide, 1.5)
    stuck = wide - fine + np.concatenate((fine[:2], fine[:-2]))
    found = []
    for follow in (True, False):
        (before, corners), (after, _) = cut(source, follow), cut(stuck, follow)
        made = pair([(scene.sources[0], scene.grounds[0])], (before, after))
        head = made.faces[0]
        placed = head.landmarks - 40 + corners.flip(1)[:, None]
        moving = replace(head, landmarks=placed, tile=replace(head.tile, origins=corners))
        found.append(value(STICK, replace(made, faces=(moving,))))
    assert found[0] == pytest.approx(found[1], rel=0.3)
    assert min(found) > 0.3


def test_a_small_face_does_not_change_what_is_measured_after_it(scene: Scene) -> None:
    """OpenCV's search takes other settings for small pictures, and keeps them."""
    times = np.arange(FRAMES) * 1.0
    background = list(zip(scene.sources, scene.grounds, strict=True))
    first = value(TEX, pair(background))
    small = panned(texture(100, 6), 50, times)
    value(TEX, pair([], (grainy(small, 7), small), eyes=20.0))
    assert value(TEX, pair(background)) == first


def test_skin_whose_texture_grain_covers_is_not_measured(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.metrics.stick.DROWNED", 0.5)
    found = STICK.measure(scene.pair(scene.grounds, scene.stuck(2)))
    assert (found.value, found.note) == (None, "grain covers the texture of the skin")
