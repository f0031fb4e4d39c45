"""Room on the store's disk: a reel is begun where all of it fits, and nothing where it would not.

    shots        0.8 of the uncompressed picture: restored 0.6, change map 0.2
    joined reel  0.9: restored 0.6, change map 0.2, access copy 0.1

measured on grainy film; quieter film takes less. Copies of sources that are being made on the same
disk count with what they have still to write (`flows.window.copies`). Beside what work needs a
reserve stays free, for the ledger and for others: a fiftieth of the disk, at most 2 GB.
"""

import shutil
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from catalogs.records import Reel
from flows.night.jobs import Job
from flows.night.reels import Reels
from flows.window.copies import Copies
from flows.window.gate import Begun, Gate
from flows.window.look import LOOK_SECONDS

SHOT_SHARE = 0.8
JOINED_SHARE = 0.9
EVENT = "space"
_RESERVE_SHARE, _MOST_RESERVE = 0.02, 2e9
_NAMED = 5


class Room(Gate):
    """Watches the free space of the store's file system.

    Args:
        reels: of the night, whose open ones say what shots are missing.
    """

    def __init__(self, reels: Reels) -> None:
        self._reels = reels
        self._root = reels.order.store.root
        self._begun: set[str] = set()
        self._free = float("inf")  # when the disk was asked last
        self._copies = Copies(reels.order, self._needed)
        self._refused: dict[str, float] = {}  # until when a reel is not asked after again

    def stops(self, running: Sequence[Begun]) -> bool:
        """Whether there is not even room for what is at work; the disk is asked, once a look."""
        free = free_bytes(self._root)
        self._free = free - self._copies.ahead_bytes()
        return free < self._sum(running)

    def admits(self, job: Job, running: Sequence[Begun]) -> bool:
        """Whether there is room for the job, and for all of its reel where that is not begun.

        By what was free when `stops` was asked, as it is before each job is chosen.
        """
        if self._free - self._sum(running) < self._job_bytes(job):
            return False
        reel_id = job.catalog.reel_id
        if job.reel is None or reel_id in self._begun:
            return True
        if time.monotonic() < self._refused.get(reel_id, 0.0):
            return False  # asked anew each second at most
        fits = self._promised() + self._reel_bytes(reel_id) <= self._free
        if not fits:
            self._refused[reel_id] = time.monotonic() + LOOK_SECONDS
        return fits

    def begun(self, job: Job) -> None:
        """Promise room for all of the job's reel."""
        if job.reel is not None:
            self._begun.add(job.catalog.reel_id)

    def left(self, jobs: Sequence[Job]) -> None:
        """Say what there was no room for, or that there will be none for the next night."""
        self.stops(())
        self._refused.clear()
        reels = dict.fromkeys(job.catalog.reel_id for job in jobs if not self.admits(job, ()))
        if reels:
            self._say_left(reels)
        elif self._free < 0:  # nothing is left, for it would have been refused
            self._say_below_reserve()

    def _say_left(self, reels: Collection[str]) -> None:
        """Say which reels there was no room for beside those in work, and how much to free."""
        promised = self._promised(reels)
        free = self._free - promised
        needs = {reel_id: self._reel_bytes(reel_id) for reel_id in reels}
        self._copies.make_room()
        order = self._reels.order
        each = [f"{reel_id} about {gigabytes(need)}" for reel_id, need in needs.items()]
        more = f" and {len(each) - _NAMED} more" if len(each) > _NAMED else ""
        kept = f" and {gigabytes(promised)} promised to reels in work" if promised else ""
        order.record(
            EVENT, order.batch_id, "warning",
            f"the disk of {self._root} has {gigabytes(max(free, 0.0))} to give, beside its "
            f"reserve{kept}; there was no room for {', '.join(each[:_NAMED])}{more}. "
            f"Free about {gigabytes(min(needs.values()) - free)} to go on, "
            f"{gigabytes(sum(needs.values()) - free)} for all of it, then run it again",
        )  # fmt: skip

    def _say_below_reserve(self) -> None:
        """Say that the next night would begin nothing, unless old copies were in the way."""
        self._copies.make_room()
        free, order = free_bytes(self._root), self._reels.order
        if free < 0:
            order.record(
                EVENT, order.batch_id, "warning",
                f"nothing was left for want of room, but the disk of {self._root} is "
                f"{gigabytes(-free)} below its reserve: the next night begins nothing before "
                "that much is freed",
            )  # fmt: skip

    def _sum(self, running: Sequence[Begun]) -> float:
        return sum(self._job_bytes(one.job) for one in running)

    def _needed(self) -> float:
        """Of the disk, what copies of sources must leave."""
        return self._promised() + _reserve(shutil.disk_usage(self._root).total)

    def _promised(self, but: Collection[str] = ()) -> float:
        """What reels that were begun still need."""
        begun = self._begun & self._reels.open.keys()
        return sum(map(self._reel_bytes, begun.difference(but)))

    def _job_bytes(self, job: Job) -> float:
        if job.reel is None:
            return 0.0
        if job.shot is not None:
            return SHOT_SHARE * job.shot.frame_count * job.reel.header.picture.frame_bytes
        return JOINED_SHARE * picture_bytes(job.reel)

    def _reel_bytes(self, reel_id: str) -> float:
        """What a reel in work still needs."""
        found = self._reels.open.get(reel_id)
        if found is None:
            return 0.0
        frames = sum(shot.frame_count for shot in found.missing)
        shots = SHOT_SHARE * frames * found.reel.header.picture.frame_bytes
        return shots + JOINED_SHARE * picture_bytes(found.reel)


def picture_bytes(reel: Reel) -> float:
    """All frames of a reel, uncompressed."""
    return float(reel.content.frame_count * reel.header.picture.frame_bytes)


def free_bytes(root: Path) -> float:
    """What may be written to a disk; below zero where its reserve is touched."""
    usage = shutil.disk_usage(root)
    return usage.free - _reserve(usage.total)


def _reserve(total: float) -> float:
    """What is left of a disk to the ledger and to others."""
    return min(_RESERVE_SHARE * total, _MOST_RESERVE)


def gigabytes(size: float) -> str:
    """A size for people: `3.4 GB`, `12 MB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size, 0.0) / 1e6:.1f} MB"
