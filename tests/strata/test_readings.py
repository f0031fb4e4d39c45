"""Strata of a stretch and of a face in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch
from torch import Tensor

from catalogs.picture import PictureFormat
from catalogs.source import ColourTags
from models.contract import Frame
from tasks.metrics.gather import Gatherer, Look
from tasks.metrics.pair import CHIP, FacePair, Pair, TilePair
from tasks.strata.naming import Facts, face_ita, face_strata, shot_strata, strata_of
from tasks.strata.readings import CHEEKS, FOREHEAD, read_face, read_scene

COUNT, LINES, WIDTH, RATE = 12, 90, 160, 24.0


def texture(shift: int = 0, level: float = 0.4) -> Tensor:
    """A smooth texture that moves by `shift` samples a frame, `[COUNT, LINES, WIDTH]`."""
    noise = torch.rand(1, 1, 12, 40, generator=torch.Generator().manual_seed(1))
    wide = torch.nn.functional.interpolate(noise, (LINES, 4 * WIDTH), mode="bicubic")[0, 0]
    frames = [wide[:, 20 + shift * t : 20 + shift * t + WIDTH] for t in range(COUNT)]
    return (torch.stack(frames) - 0.5) * 0.3 + level


def face(luma: float, colour: tuple[int, int, int] | None) -> FacePair:
    """A face that is one grey (and colour) but for its background, which is black."""
    marks = torch.full((COUNT, 478, 2), 112.0)
    for landmark, place in zip((*CHEEKS, *FOREHEAD), ((80, 140), (144, 140), (112, 50)),
                               strict=True):  # fmt: skip
        marks[:, landmark] = torch.tensor(place, dtype=torch.float32)
    chips = torch.zeros(COUNT, CHIP, CHIP)
    chips[:, 30:180, 60:164] = luma
    tinted = None
    if colour is not None:
        tinted = torch.zeros(COUNT, CHIP, CHIP, 3, dtype=torch.uint8)
        tinted[:, 100:180, 60:164] = torch.tensor(colour, dtype=torch.uint8)
    frames, empty = torch.arange(COUNT), torch.zeros(COUNT, 4, 4)
    return FacePair(
        track=0, frames=frames, landmarks=marks, restored_landmarks=marks,
        presence=torch.ones(COUNT), yaw=torch.zeros(COUNT), eye_distance=torch.full((COUNT,), 50.0),
        blendshapes=None, restored_blendshapes=None, to_chip=torch.eye(2, 3).expand(COUNT, -1, -1),
        chips=chips, restored_chips=chips, colour=tinted, restored_colour=tinted,
        tile=TilePair(torch.zeros(COUNT, 2, dtype=torch.int64), frames, empty, empty),
    )  # fmt: skip


def stretch(source: Tensor, colour: Tensor | None = None) -> Pair:
    return Pair(RATE, (2 * LINES, 2 * WIDTH), source, source, colour, colour,
                torch.zeros(source.shape, dtype=torch.bool))  # fmt: skip


HUES = torch.rand(COUNT, 3, 22, 40, generator=torch.Generator().manual_seed(5)) * 0.9


def test_the_strata_of_a_shot() -> None:
    facts = Facts(colour=None, date="1950?", tags={"tag: genre": "play"})
    assert strata_of(stretch(texture()), facts) == {
        "scene luminance": "0.3 or more",
        "motion": "below 5 % of width per second",
        "grain level": "below 0.5 % of full range",
        "frame rate": "20 to 26 frames per second",
        "resolution": "below 577 lines",
        "colour": "monochrome",
        "decade": "1950s",
        "tag: genre": "play",
    }


def test_motion_is_in_per_cent_of_the_width_a_second() -> None:
    reading = read_scene(stretch(texture(shift=2)))
    assert reading.motion == pytest.approx(100 * 2 * RATE / WIDTH, rel=0.15)


def test_grain_and_darkness_are_seen() -> None:
    dark = texture(level=0.15) * 0.5
    noise = torch.randn(dark.shape, generator=torch.Generator().manual_seed(2))
    plain, grainy = (read_scene(stretch(p)) for p in (dark, dark + 0.02 * noise))
    assert grainy.grain > plain.grain + 0.5
    assert shot_strata([plain], Facts())["scene luminance"] == "below 0.12"


def test_a_restoration_moves_no_shot_to_another_stratum() -> None:
    pair = stretch(texture(), HUES)
    other = replace(pair, restored=pair.restored * 0.1, restored_colour=HUES * 0)
    assert strata_of(other, Facts()) == strata_of(pair, Facts())


@pytest.mark.parametrize(
    ("said", "picture", "stratum"),
    [(None, HUES, "colour"), (None, None, "monochrome"), (None, HUES[:, :1].expand(-1, 3, -1, -1),
     "monochrome"), ("black and white", HUES, "monochrome"), ("tinted", HUES, "monochrome"),
     ("colour", None, "colour"), ("hand-coloured", HUES, "colour"),
     ("colour and black and white", HUES, "colour"),
     ("colour and black and white", None, "monochrome")],
)  # fmt: skip
def test_the_catalog_counts_before_the_picture(
    said: str | None, picture: Tensor | None, stratum: str
) -> None:
    assert strata_of(stretch(texture(), picture), Facts(colour=said))["colour"] == stratum


@pytest.mark.parametrize(
    ("luma", "stratum"), [(0.2, "below 0.8"), (0.4, "0.8 to 1.25"), (0.7, "1.25 or more")]
)
def test_facial_luminance_is_relative_to_the_scene(luma: float, stratum: str) -> None:
    pair, seen = stretch(texture()), face(luma, None)
    strata = strata_of(pair, Facts(), seen)
    assert strata["facial luminance relative to scene"] == stratum
    assert strata["face size"] == "48 to 96 samples between the eyes"
    reading = read_face(pair, seen)
    scene = pair.source.flatten(1).median(dim=1).values
    assert reading.relative_luminance == pytest.approx(luma / float(scene.median()), rel=0.02)


def test_a_face_in_the_dark_has_no_relative_luminance() -> None:
    reading = read_face(stretch(torch.zeros(COUNT, LINES, WIDTH)), face(0.4, None))
    assert reading.relative_luminance is None
    assert face_strata([reading])["facial luminance relative to scene"] == "unknown"


def test_ita_only_of_colour_film_in_neutral_light() -> None:
    pair, seen = stretch(texture(), HUES), face(0.4, (178, 138, 115))
    scenes, faces = [read_scene(pair)], [read_face(pair, seen)]
    assert face_ita(scenes, faces, Facts()).degrees == pytest.approx(30, abs=3)
    assert face_ita(scenes, faces, Facts(colour="tinted")).note == "monochrome"
    warm = read_scene(stretch(texture(), HUES * torch.tensor([1.0, 0.8, 0.5])[:, None, None]))
    assert "neutral" in face_ita([warm], faces, Facts()).note


def test_a_shot_is_the_median_of_its_stretches() -> None:
    still, fast = read_scene(stretch(texture())), read_scene(stretch(texture(shift=4)))
    assert shot_strata([still, fast, still], Facts())["motion"] == "below 5 % of width per second"
    assert shot_strata([still, fast, fast], Facts())["motion"] == "20 % of width per second or more"


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "luminance", "has_ita"),
    [("asl_yes.mkv", "0.8 to 1.25", True), ("grid_lbax4n.mpg", "0.8 to 1.25", False),
     ("pexels_wolfgang_langer.mp4", "1.25 or more", False)],
)  # fmt: skip
def test_faces_on_footage(shared_data: Path, name: str, luminance: str, has_ita: bool) -> None:
    """The light is neutral in the first clip, yellow in the second, warm in the third."""
    reader = cv2.VideoCapture(str(shared_data / "faces" / f"face_{name}"))
    pictures = [cv2.resize(reader.read()[1], (480, 360)) for _ in range(6)]
    form = PictureFormat(480, 360, "gbrp")
    gatherer = Gatherer(Look(form, ColourTags(), 25.0), len(pictures))
    for picture in pictures:
        green, blue, red = (torch.from_numpy(picture[..., n].copy()) for n in (1, 0, 2))
        gatherer.take(*[Frame((green, blue, red), form)] * 2)
    pair = gatherer.pair()
    (seen,) = pair.faces
    assert strata_of(pair, Facts(), seen)["facial luminance relative to scene"] == luminance
    ita = face_ita([read_scene(pair)], [read_face(pair, seen)], Facts())
    assert (ita.degrees is not None) == has_ita, ita
