"""The demo archive: what it holds, and that its score can be trusted."""

import hashlib
import importlib.metadata
import itertools
import math
from fractions import Fraction
from pathlib import Path

import pytest
import torch

from catalogs.catalog import read_catalog
from catalogs.errors import SourceError, VerificationError
from catalogs.fixity import sha256_file
from flows.demo import DemoArchive, build_demo_archive, format_scores, score_demo
from flows.demo.archive import damaged_frames
from flows.demo.footage import find_clip, one_thread
from flows.demo.reels import REELS, DemoReel
from models.contract import Frame
from tasks.media.check import check_audio, index_frames
from tasks.media.probe import probe
from tasks.media.read import read_picture
from tasks.media.write import count_packets, ffv1_writer
from tasks.samples import frame_bytes, frames_from

SILENT, WITH_SOUND, TEN_BIT, CUT_OFF = REELS


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> DemoArchive:
    return build_demo_archive(tmp_path_factory.mktemp("demo"))


def frames(path: Path) -> list[Frame]:
    picture = probe(path).picture
    return list(frames_from(read_picture(path, picture), picture, "cpu"))


def test_the_catalog_reads_without_held_rows(archive: DemoArchive) -> None:
    catalog = read_catalog(archive.catalog)
    assert catalog.held == ()
    assert [reel.reel_id for reel in catalog.reels] == [reel.reel_id for reel in REELS]
    assert all((archive.root / reel.path).is_file() for reel in catalog.reels)
    assert catalog.reels[0].checksum == ("sha256", sha256_file(archive.source(SILENT)))
    assert catalog.reels[0].frame_rate == Fraction(18)
    assert catalog.reels[2].frame_rate is None


@pytest.mark.parametrize("reel", REELS[:3], ids=lambda reel: reel.reel_id)
def test_a_sound_reel_decodes_and_has_truth_and_mask_frame_for_frame(
    archive: DemoArchive, reel: DemoReel
) -> None:
    source = archive.source(reel)
    header = probe(source)
    assert header.picture == reel.picture
    assert header.frame_rate == reel.rate
    assert header.colour == reel.colour
    expected = reel.stop_frame - reel.start_frame
    assert len(index_frames(source, header)) == expected
    assert count_packets(archive.truth_of(reel)) == expected
    assert count_packets(archive.mask_of(reel)) == expected


def test_the_truncated_reel_is_refused(archive: DemoArchive) -> None:
    source = archive.source(CUT_OFF)
    with pytest.raises(SourceError, match="damaged around frame"):
        index_frames(source, probe(source))


def test_sound_is_the_clips_and_timecode_is_there(archive: DemoArchive) -> None:
    source, clip = archive.source(WITH_SOUND), find_clip(WITH_SOUND.clip)
    assert probe(source).timecode == "01:00:00:00"
    found, expected = check_audio(source, probe(source)), check_audio(clip, probe(clip))
    assert [(a.samples, a.md5) for a in found] == [(a.samples, a.md5) for a in expected]


def test_outside_the_mask_the_source_is_the_truth(archive: DemoArchive) -> None:
    """Holds where there is no flicker, bit for bit on luma; inside, dirt changed something."""
    paths = (archive.truth_of(TEN_BIT), archive.source(TEN_BIT), archive.mask_of(TEN_BIT))
    inside = 0
    for truth, source, mask in zip(*map(frames, paths), strict=True):
        dirt = mask.planes[0] > 0
        assert set(mask.planes[0].unique().tolist()) <= {0, 255}
        assert torch.equal(truth.planes[0][~dirt], source.planes[0][~dirt])
        inside += int((truth.planes[0] != source.planes[0])[dirt].sum())
    assert inside > 1000


def test_a_seed_gives_the_same_frames_again_and_another_seed_others() -> None:
    def hashes(seed: int) -> list[str]:
        damaged = itertools.islice(damaged_frames(CUT_OFF, seed), 3)
        with one_thread():
            return [hashlib.sha256(frame_bytes(frame)).hexdigest() for _, frame, _ in damaged]

    assert hashes(7) == hashes(7)
    assert set(hashes(7)).isdisjoint(hashes(8))


def test_ten_bit_footage_uses_levels_that_eight_bits_do_not_have() -> None:
    truth, _, _ = next(damaged_frames(TEN_BIT, 1))
    assert int((truth.samples()[0] % 4 != 0).sum()) > 0.5 * truth.planes[0].numel()


def test_the_truth_scores_perfectly_and_the_source_as_unchanged(archive: DemoArchive) -> None:
    (perfect,) = score_demo(archive, {TEN_BIT.reel_id: archive.truth_of(TEN_BIT)})
    assert perfect.frames == TEN_BIT.stop_frame - TEN_BIT.start_frame
    assert perfect.damage_psnr_after == math.inf
    assert perfect.ssim_after == pytest.approx(1, abs=1e-5)
    assert perfect.changed_outside_percent == 0
    assert 5 < perfect.damage_psnr_before < 20
    (same,) = score_demo(archive, {TEN_BIT.reel_id: archive.source(TEN_BIT)})
    assert (same.psnr_after, same.ssim_after) == (same.psnr_before, same.ssim_before)


def test_one_sample_changed_outside_the_damage_is_found(
    archive: DemoArchive, tmp_path: Path
) -> None:
    source, master = archive.source(TEN_BIT), tmp_path / "master.mkv"
    dirt = frames(archive.mask_of(TEN_BIT))[0].planes[0]
    starts = itertools.product(range(0, dirt.shape[0], 8), range(0, dirt.shape[1], 8))
    y, x = next((y, x) for y, x in starts if not dirt[y : y + 8, x : x + 8].any())
    with ffv1_writer(master, probe(source), TEN_BIT.rate) as writer:
        for number, frame in enumerate(frames(source)):
            if number == 0:
                frame.planes[0][y + 4, x + 4] ^= 1
            writer.write(frame_bytes(frame))
    (score,) = score_demo(archive, {TEN_BIT.reel_id: master})
    assert score.changed_outside_luma_percent is not None
    assert score.changed_outside_luma_percent > 0


def test_flicker_makes_changes_outside_the_damage_not_applicable(archive: DemoArchive) -> None:
    scores = score_demo(archive, {SILENT.reel_id: archive.truth_of(SILENT)})
    assert scores[0].changed_outside_percent is None
    assert "not applicable: flicker touches every sample" in format_scores(scores)


def test_a_master_of_another_length_is_refused(archive: DemoArchive) -> None:
    with pytest.raises(VerificationError, match="not the picture of its truth"):
        score_demo(archive, {TEN_BIT.reel_id: archive.truth_of(CUT_OFF)})


def test_missing_footage_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(SourceError, match=r"wetgate\[demo\]"):
        find_clip("bikes.mp4")
