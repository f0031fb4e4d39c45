"""Restore: one shot streams from the source through the steps into two files.

    source samples ──> step ──> step ──> restored.mkv
          └──────────────────────┴─────> change.mkv   (restored - source, exactly)
    a thread: decoding   the caller's: steps   a thread: hashing and encoding

Memory holds the frames that the steps look around at and a few on their way to and from them
(`tasks.pipeline`). Frames are brought to a GPU by the thread that decodes, and back by the one
that encodes.
"""

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch

from catalogs.fixity import sha256_file
from catalogs.recipe import Treatment
from catalogs.records import Reel, RestoredShot, Shot
from catalogs.source import FrameIndex
from catalogs.store import Store
from models.contract import Frame, Step
from tasks.media.read import read_frames
from tasks.media.write import FrameWriter, ffv1_writer
from tasks.pipeline import read_ahead, written_behind
from tasks.samples import change_bytes, frame_bytes, frames_from
from tasks.steps import Tally, build_steps, run_steps

OnFrame = Callable[[int], None]


def restore_shot(
    reel: Reel,
    index: FrameIndex,
    shot: Shot,
    treatment: Treatment,
    store: Store,
    on_frame: OnFrame | None = None,
) -> RestoredShot:
    """Restore one shot under a treatment.

    Raises:
        SourceError: the source is no longer what was ingested.
        MediaError, VerificationError: the result could not be written.
        RecipeError: the treatment is one that this software cannot compute.
        StoreError: the weights of a model cannot be used.
    """
    steps = build_steps(treatment, store.shelf)
    return _write_shot(reel, index, shot, treatment.treatment_id, steps, store, on_frame)


def keep_original(
    reel: Reel, index: FrameIndex, shot: Shot, treatment: Treatment, store: Store, reason: str
) -> RestoredShot:
    """Write the shot's own frames where restoration failed, and say why."""
    kept = _write_shot(reel, index, shot, treatment.treatment_id, (), store, None)
    return replace(kept, status="original kept", reason=reason)


def _write_shot(
    reel: Reel,
    index: FrameIndex,
    shot: Shot,
    treatment_id: str,
    steps: tuple[Step, ...],
    store: Store,
    on_frame: OnFrame | None,
) -> RestoredShot:
    started = time.monotonic()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    picture_file, change_file = shot_files(store, shot, treatment_id)
    shot_range = shot.start_frame, shot.stop_frame
    tallies = [Tally(step) for step in steps]
    with (
        ffv1_writer(picture_file, reel.header, reel.frame_rate) as picture,
        ffv1_writer(change_file, reel.header, reel.frame_rate) as change,
        closing(read_frames(reel.source, reel.header, index, *shot_range)) as source,
        closing(read_ahead(frames_from(source, reel.header.picture, device))) as frames,
        written_behind((output := _Output(picture, change)).write) as hand_over,
    ):
        for number, (before, after) in enumerate(run_steps(tallies, frames), 1):
            hand_over(before, after)
            if on_frame:
                on_frame(number)
    return RestoredShot(
        shot=shot,
        treatment_id=treatment_id,
        status="restored",
        reason="",
        picture_file=str(picture_file.relative_to(store.root)),
        picture_sha256=sha256_file(picture_file),
        change_file=str(change_file.relative_to(store.root)),
        change_sha256=sha256_file(change_file),
        frame_md5=tuple(output.md5),
        changed_share=output.total.changed_share,
        steps=tuple(tally.outcome() for tally in tallies),
        seconds=time.monotonic() - started,
        device=device,
    )


class _Output:
    """The two files of a shot while its frames go into them."""

    def __init__(self, picture: FrameWriter, change: FrameWriter) -> None:
        self.md5: list[str] = []
        self.total = Tally(None)
        self._picture, self._change = picture, change

    def write(self, before: Frame, after: Frame) -> None:
        """Write one frame, given as in the source and as restored."""
        samples = frame_bytes(after)
        self._picture.write(samples)
        self._change.write(change_bytes(before, after))
        self.md5.append(hashlib.md5(samples, usedforsecurity=False).hexdigest())
        self.total.count(before, after)


def shot_files(store: Store, shot: Shot, treatment_id: str) -> tuple[Path, Path]:
    """Where a shot's restored frames and change map lie under a treatment."""
    folder = store.shot_folder(shot.reel_id)
    key = shot.key(treatment_id)
    return folder / f"{key}.mkv", folder / f"{key}.change.mkv"
