"""What a night has come to."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Reels by what became of them, and how much was computed."""

    restored: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    unpublished: set[str] = field(default_factory=set)
    shots_restored: int = 0
    shots_original_kept: int = 0
    shots_computed: int = 0
    frames_computed: int = 0
    stopped: bool = False
    decisions_open: int = 0
    cancelled: bool = False

    def count(self, status: str) -> None:
        """One more shot is recorded, now or on an earlier night."""
        if status == "restored":
            self.shots_restored += 1
        else:
            self.shots_original_kept += 1

    def computed(self, status: str, frames: int) -> None:
        """One more shot was computed by this night."""
        self.count(status)
        self.shots_computed += 1
        self.frames_computed += frames
