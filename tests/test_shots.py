"""Shots are found to the frame, and what only looks like a boundary is not one."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import ffmpeg
import imageio_ffmpeg
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from catalogs.errors import MediaError, VerificationError
from models.shots import weights
from models.shots.alignment import aligned_distance
from models.shots.cues import find_cues
from models.shots.decision import AHEAD, BEHIND, decide_boundaries
from models.shots.evidence import Chances
from models.shots.rules import Rules
from models.shots.signature import Signature, describe, describe_all, distance
from models.shots.window import slide
from tasks.media.probe import probe
from tasks.media.thumbnails import stream_thumbnails
from tasks.split import detect_boundaries, detect_shots, judge_frames

Picture = NDArray[np.uint8]
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def picture(seed: int, height: int = 54, width: int = 96) -> Picture:
    """A still: smooth shapes of many sizes, uint8 RGB, contrast about 40."""
    random = np.random.default_rng(seed)
    total = np.zeros((height, width), np.float32)
    for blur in (1.5, 4.0, 10.0):
        layer = random.standard_normal((height, width)).astype(np.float32)
        layer = cv2.GaussianBlur(layer, (0, 0), blur)
        total += layer / layer.std()
    gray = np.clip(125 + 25 * total, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


def shot(seed: int, count: int, drift: float = 0.5) -> list[Picture]:
    """A pan over a still, with a little grain: uint8 RGB `[54, 96, 3]` per frame."""
    random = np.random.default_rng(1000 + seed)
    whole = picture(seed, 74, 96 + int(drift * count) + 20).astype(np.float32)
    frames = []
    for index in range(count):
        move = np.array([[1, 0, -drift * index - 5], [0, 1, -10]], np.float32)
        view = cv2.warpAffine(whole, move, (96, 54))
        view += random.normal(0, 1.5, view.shape[:2])[..., None].astype(np.float32)
        frames.append(np.clip(view, 0, 255).astype(np.uint8))
    return frames


def scaled(frame: Picture, gain: float, offset: float = 0.0) -> Picture:
    """The frame with another exposure."""
    return np.clip(frame.astype(np.float32) * gain + offset, 0, 255).astype(np.uint8)


def black(count: int) -> list[Picture]:
    return [np.zeros((54, 96, 3), np.uint8)] * count


def nothing(thumbnails: Picture) -> Chances:
    """A judge that never sees a transition."""
    return np.zeros(len(thumbnails), np.float32), np.zeros(len(thumbnails), np.float32)


def write_clip(path: Path, frames: list[Picture]) -> Path:
    """Write frames losslessly as FFV1, without a change of size."""
    height, width = frames[0].shape[:2]
    stream = ffmpeg.input("pipe:", format="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=24)
    stream = stream.output(str(path), vcodec="ffv1", pix_fmt="bgr0").global_args("-v", "error")
    stream.run(cmd=imageio_ffmpeg.get_ffmpeg_exe(), input=b"".join(f.tobytes() for f in frames))
    return path


# What must be found


@pytest.mark.parametrize("at", [3, 49, 50, 51, 97])
def test_a_cut_is_found_to_the_frame(at: int) -> None:
    frames = shot(1, at) + shot(2, 100 - at)
    assert list(detect_boundaries(frames)) == [at]


def test_every_cut_of_a_row_of_short_shots_is_found() -> None:
    frames = [frame for seed in range(12) for frame in shot(seed, 17)]
    assert list(detect_boundaries(frames)) == [17 * n for n in range(1, 12)]


def test_a_cut_of_low_contrast_is_found() -> None:
    frames = [scaled(f, 0.3, 90) for f in shot(1, 40) + shot(2, 40)]
    assert list(detect_boundaries(frames)) == [40]


def test_a_cut_under_heavy_flicker_is_found() -> None:
    gains = np.random.default_rng(4).uniform(0.6, 1.3, 80)
    frames = [scaled(f, g) for f, g in zip(shot(1, 40) + shot(2, 40), gains, strict=True)]
    assert list(detect_boundaries(frames)) == [40]


def test_a_cut_next_to_a_flash_is_found() -> None:
    frames = shot(1, 40) + shot(2, 40)
    frames[37] = scaled(frames[37], 0.2, 200)
    assert list(detect_boundaries(frames)) == [40]


def test_a_dissolve_is_one_boundary_inside_it() -> None:
    before, after = shot(1, 85, drift=0.2), shot(2, 85, drift=0.2)
    mixed = [
        np.round(a * (1 - w) + b * w).astype(np.uint8)
        for a, b, w in zip(before[60:], after[:25], np.linspace(0, 1, 27)[1:-1], strict=True)
    ]
    found = list(detect_boundaries(before[:60] + mixed + after[25:]))
    assert len(found) == 1
    assert 60 <= found[0] <= 85


def test_a_shot_that_fades_in_from_black_begins_where_it_appears() -> None:
    gains = np.minimum(np.arange(1, 81) / 20, 1)
    frames = black(30) + [scaled(f, g) for f, g in zip(shot(3, 80), gains, strict=True)]
    found = list(detect_boundaries(frames))
    assert len(found) == 1
    assert 30 <= found[0] <= 36


# What must not be found


@pytest.mark.parametrize("count", [1, 2, 5, 49, 50, 51, 150])
@pytest.mark.parametrize("kind", ["shot", "black"])
def test_a_reel_of_one_shot_has_no_boundary(kind: str, count: int) -> None:
    frames = black(count) if kind == "black" else shot(1, count)
    assert list(detect_boundaries(frames)) == []


def grain_on_black(count: int) -> list[Picture]:
    random = np.random.default_rng(2)
    grain = [random.normal(8, 2, (54, 96, 1)).repeat(3, axis=2) for _ in range(count)]
    return [np.clip(frame, 0, 255).astype(np.uint8) for frame in grain]


def test_grain_on_black_is_no_boundary() -> None:
    assert list(detect_boundaries(black(40) + grain_on_black(80))) == []


def test_a_cut_to_grainy_black_is_found() -> None:
    assert list(detect_boundaries(shot(1, 40) + grain_on_black(40))) == [40]


def test_flicker_is_no_boundary() -> None:
    random = np.random.default_rng(3)
    frames = [scaled(f, random.uniform(0.6, 1.3), random.uniform(-15, 15)) for f in shot(1, 120)]
    assert list(detect_boundaries(frames)) == []


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_boundary(length: int) -> None:
    frames = shot(1, 100)
    for index in range(50, 50 + length):
        frames[index] = scaled(frames[index], 0.1, 225)
    assert list(detect_boundaries(frames)) == []


@pytest.mark.parametrize("length", [1, 2])
def test_foreign_frames_are_no_boundary(length: int) -> None:
    frames = shot(1, 100)
    frames[50 : 50 + length] = [picture(9)] * length
    assert list(detect_boundaries(frames)) == []


def test_a_jump_of_the_frame_in_the_gate_is_no_boundary() -> None:
    steady = picture(1, 74, 116)
    frames = [steady[10:64, 10:106]] * 40 + [steady[14:68, 4:100]] * 40
    assert list(detect_boundaries(frames)) == []


@pytest.mark.parametrize("drift", [6, 25])
def test_motion_on_every_third_frame_is_no_boundary(drift: float) -> None:
    """Within the reach of block matching, and far beyond it."""
    frames = [frame for frame in shot(1, 30, drift) for _ in range(3)]
    assert list(detect_boundaries(frames)) == []


# The parts


def test_two_flat_pictures_are_alike_and_a_picture_is_unlike_them() -> None:
    dark, light = describe(black(1)[0]), describe(scaled(black(1)[0], 1, 235))
    assert distance(dark, light) == pytest.approx(0, abs=1e-6)
    assert aligned_distance(dark.texture, light.texture) == 0
    assert distance(dark, describe(picture(1))) > 0.8


def test_exposure_does_not_change_the_distance() -> None:
    one, other = describe(picture(1)), describe(scaled(picture(1), 0.6, 30))
    assert distance(one, other) < 0.05
    assert distance(one, describe(picture(2))) > 0.8


def test_a_window_shows_each_item_once_and_holds_no_more_than_asked() -> None:
    views = list(slide(iter(range(50)), behind=3, ahead=2))
    assert [view.here for view in views] == list(range(50))
    assert max(len(view.items) for view in views) == 6
    assert views[10].items == (7, 8, 9, 10, 11, 12)


def test_memory_does_not_grow_with_the_reel() -> None:
    """Of the thumbnails of 1200 frames, never more are alive than the windows hold."""
    alive = most = 0

    def let_go() -> None:
        nonlocal alive
        alive -= 1

    def signatures() -> Iterator[Signature]:
        nonlocal alive, most
        for frame in shot(1, 1200, drift=0.02):
            signature = describe(frame)
            weakref.finalize(signature.thumbnail, let_go)
            alive += 1
            most = max(most, alive)
            yield signature

    assert list(decide_boundaries(find_cues(signatures()), nothing, Rules())) == []
    assert AHEAD < most <= BEHIND + AHEAD + 100


def test_boundaries_are_handed_out_while_the_reel_still_runs() -> None:
    read = 0

    def frames() -> Iterator[Picture]:
        nonlocal read
        for frame in shot(1, 60) + shot(2, 2000, drift=0.02):
            read += 1
            yield frame

    assert next(detect_boundaries(frames())) == 60
    assert read < 400


def test_another_number_of_threads_gives_the_same_chances() -> None:
    frames = np.stack([s.thumbnail for s in describe_all(shot(1, 50) + shot(2, 50))])
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        one = judge_frames(frames)
        torch.set_num_threads(2)
        two = judge_frames(frames)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


# The network


def test_the_published_weights_load_and_see_a_cut() -> None:
    """Every name and shape fits; the chance peaks on the last frame before the cut."""
    network = weights.load_transnet(weights.find_weights())
    frames = np.stack([s.thumbnail for s in describe_all(shot(1, 50) + shot(5, 50))])
    one, many = network(torch.from_numpy(frames))
    assert int(one.argmax()) == 49
    assert one[49] > 0.5
    assert float(one[:40].max()) < 0.1
    assert many.shape == (100,)


def test_weights_that_were_tampered_with_are_refused(tmp_path: Path) -> None:
    data = bytearray(weights.find_weights().read_bytes())
    data[len(data) // 2] ^= 1
    forged = tmp_path / weights.TRANSNET.file
    forged.write_bytes(data)
    with pytest.raises(VerificationError, match="SHA-256"):
        weights.load_transnet(forged)


def test_the_network_refuses_frames_of_another_size() -> None:
    with pytest.raises(ValueError, match="27, 48, 3"):
        judge_frames(np.zeros((100, 54, 96, 3), np.uint8))


# From files


def test_ranges_cover_a_file_once(tmp_path: Path) -> None:
    frames = shot(1, 30) + shot(2, 40) + shot(3, 25)
    clip = write_clip(tmp_path / "clip.mkv", frames)
    shots = detect_shots(clip, probe(clip), 95)
    assert shots == ((0, 30), (30, 70), (70, 95))
    assert all(before[1] == after[0] for before, after in pairwise(shots))


def test_a_file_of_one_frame_is_one_shot(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "one.mkv", shot(1, 1))
    assert detect_shots(clip, probe(clip), 1) == ((0, 1),)


def test_a_wrong_frame_count_is_refused(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", shot(1, 10))
    with pytest.raises(VerificationError, match="10 frames were seen where 11"):
        detect_shots(clip, probe(clip), 11)


def test_thumbnails_are_the_frames_of_the_file(tmp_path: Path) -> None:
    frames = [picture(seed) for seed in range(5)]
    decoded = list(stream_thumbnails(write_clip(tmp_path / "clip.mkv", frames)))
    assert len(decoded) == 5
    assert all(np.abs(a.astype(int) - b).max() <= 2 for a, b in zip(decoded, frames, strict=True))


def test_a_file_that_is_no_picture_is_reported_with_what_ffmpeg_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mkv"
    broken.write_text("this is no film")
    with pytest.raises(MediaError, match="Invalid data"):
        list(stream_thumbnails(broken))


# On real footage


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("clip", "count", "cuts", "trapped"),
    [
        ("multishot/oldfilm_steamboat_willie_1928.mp4", 672, [113, 449, 625], ()),
        ("multishot/bikes.mp4", 250, [30, 76, 137, 187, 242], (97, 103)),
        ("clean/clean_ocean.mp4", 240, [144], ()),
        ("clean/clean_city_cc0.mpg", 190, [116], ()),
        ("clean/clean_diver.mov", 351, [], ()),
        ("oldfilm/oldfilm_market_street_1906.mkv", 60, [], ()),
        ("oldfilm/oldfilm_sf_earthquake_1906.mkv", 49, [], ()),
    ],
)
def test_real_footage_is_split_as_the_eye_splits_it(
    clip: str, count: int, cuts: list[int], trapped: tuple[int, ...]
) -> None:
    shots = detect_shots(DATA / clip, probe(DATA / clip), count)
    assert [start for start, _ in shots[1:]] == cuts
    assert not any(min(trapped) <= start <= max(trapped) for start, _ in shots[1:] if trapped)
