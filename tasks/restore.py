"""Restore: one shot streams from the source through the steps into two files.

    source samples ──> step ──> step ──> restored.mkv
          └──────────────────────┴─────> change.mkv   (restored - source, exactly)
    a thread: decoding   the caller's: steps   a thread: hashing and encoding

Memory holds the frames that the steps look around at and a few on their way to and from them
(`tasks.pipeline`). Frames are brought to a GPU by the thread that decodes, and back by the one
that encodes.
"""

import hashlib
import itertools
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from catalogs.errors import RecipeError
from catalogs.fixity import sha256_file
from catalogs.model_shelf import Shelf
from catalogs.picture import PictureFormat
from catalogs.recipe import Treatment, TreatmentStep
from catalogs.records import Reel, RestoredShot, Shot, StepOutcome
from catalogs.source import FrameIndex
from catalogs.store import Store
from models.contract import Frame, Step, apply_step, forked
from models.motion import Motion
from models.supported import step_named
from tasks.media.read import read_frames
from tasks.media.write import FrameWriter, ffv1_writer
from tasks.pipeline import read_ahead, written_behind
from tasks.registry.load_model import model_step

OnFrame = Callable[[int], None]


def build_steps(treatment: Treatment, shelf: Shelf | None = None) -> tuple[Step, ...]:
    """The steps of a treatment, ready to run.

    Args:
        treatment: what is to be done.
        shelf: where the weights of registered models lie; needed where it names one.

    Raises:
        RecipeError: a step is not known in that version, or with those parameters.
        StoreError: weights are missing, or are not what was registered.
    """
    return tuple(_built(step, shelf) for step in treatment.steps)


def _built(step: TreatmentStep, shelf: Shelf | None) -> Step:
    kind = step_named(step.name)
    if step.version != kind.version:
        raise RecipeError(
            f"step {step.name} of version {step.version} cannot be computed any more, it is "
            f"{kind.version} now; reprocess the shots, or run a night, with the steps of today"
        )
    try:
        return model_step(step, shelf) if step.weights_sha256 else kind(**step.parameters)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"step {step.name}: {error}") from error


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
    tallies = [_Tally(step) for step in steps]
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
        self.total = _Tally(None)
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


def run_steps(
    tallies: Iterable["_Tally"], frames: Iterator[Frame]
) -> Iterator[tuple[Frame, Frame]]:
    """Send a shot through the steps; yields (source frame, restored frame)."""
    kept, passing = forked(frames)
    chain: Iterator[Frame] = passing
    motion = Motion()
    for tally in tallies:
        chain = tally.follow(chain, motion)
        if tally.step and tally.step.moves:
            motion = Motion()
    yield from zip(kept, chain, strict=True)


def frames_from(
    source: Iterable[bytes], picture: PictureFormat, device: str
) -> Generator[Frame, None, None]:
    """Raw frames as tensors on a device."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    ends = list(itertools.accumulate(h * w for h, w in picture.plane_shapes))
    for raw in source:
        samples = np.frombuffer(bytearray(raw), dtype)  # a step may not write to what was read
        planes = np.split(samples, ends[:-1])
        yield Frame(
            tuple(
                torch.from_numpy(plane.reshape(shape)).to(device)
                for plane, shape in zip(planes, picture.plane_shapes, strict=True)
            ),
            picture,
        )


def frame_bytes(frame: Frame) -> bytes:
    """A frame's planes one after the other, as the encoder takes them."""
    return _packed(frame.planes)


def _packed(planes: Iterable[Tensor]) -> bytes:
    return b"".join(plane.contiguous().cpu().numpy().data for plane in planes)


def change_bytes(before: Frame, after: Frame) -> bytes:
    """The change map of a frame: `(after - before + half) mod 2**depth`, mid-grey for none."""
    half, peak = (before.peak + 1) // 2, before.peak
    if before.format.sample_bytes == 2:  # as signed: the bits of sums and differences are the same
        half, peak = (value - (1 << 16) if value >> 15 else value for value in (half, peak))
    planes = tuple(
        _bits(new).sub(_bits(old)).add_(half).bitwise_and_(peak)
        for new, old in zip(after.planes, before.planes, strict=True)
    )
    return _packed(planes)


def source_bytes(restored: bytes, change: bytes, picture: PictureFormat) -> bytes:
    """The source's own samples, computed back from a restored frame and its change map."""
    dtype = np.dtype("u1" if picture.sample_bytes == 1 else "<u2")
    half = (picture.peak + 1) // 2
    after, delta = np.frombuffer(restored, dtype), np.frombuffer(change, dtype)
    source = after - delta
    source += half
    source &= picture.peak  # 2**depth divides 2**16
    return source.tobytes()


@dataclass
class _Tally:
    """Counts what one step (or all of them together) changed."""

    step: Step | None
    changed: int = 0
    samples: int = 0
    parameters: list[dict[str, float]] = field(default_factory=list)

    @property
    def changed_share(self) -> float:
        return self.changed / self.samples if self.samples else 0.0

    def count(self, before: Frame, after: Frame) -> None:
        self.samples += before.format.frame_samples
        if after is before:
            return
        for old, new in zip(before.planes, after.planes, strict=True):
            if old is not new:
                self.changed += int(torch.count_nonzero(_bits(old) != _bits(new)))

    def follow(self, frames: Iterator[Frame], motion: Motion) -> Iterator[Frame]:
        assert self.step is not None
        for before, after, change in apply_step(self.step, frames, motion):
            self.count(before, after)
            self.parameters.append(dict(change.parameters))
            yield after

    def outcome(self) -> StepOutcome:
        assert self.step is not None
        return StepOutcome(
            self.step.name,
            self.step.version,
            self.step.touches,
            self.changed_share,
            tuple(self.parameters),
        )


def _bits(plane: Tensor) -> Tensor:
    """Samples of 16 bits as a type that every device compares."""
    return plane.view(torch.int16) if plane.dtype == torch.uint16 else plane
