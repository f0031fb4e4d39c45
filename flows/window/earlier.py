"""How long work took on earlier nights, by the ledger."""

from dataclasses import dataclass

import pandas as pd

from catalogs.ledger import Ledger
from flows.night.jobs import Kind

Key = tuple[Kind, str]  # kind of the work, treatment

REMEMBERED = 200  # newest pieces of work of a kind that count
_MOST_READ = 100_000  # rows, after which older nights are not read
_KEY = ("kind", "treatment_id")
_OF_DURATION = (*_KEY, "size", "seconds")
_OF_SHOT = ("reel_id", "start_frame", "stop_frame", "status", "seconds")


@dataclass(frozen=True)
class Earlier:
    """What earlier nights measured.

    Attributes:
        seen: size and seconds of the newest pieces of work of each kind and treatment.
        is_all: no night was left unread.
    """

    seen: dict[Key, list[tuple[float, float]]]
    is_all: bool

    @staticmethod
    def of(ledger: Ledger) -> "Earlier":
        """Read one night after another, the newest first, until there are rows enough."""
        seen: dict[Key, list[tuple[float, float]]] = {}
        read = 0
        for night in reversed(ledger.partitions("durations")):
            if read >= _MOST_READ:
                return Earlier(seen, False)
            rows = ledger.read("durations", night, _OF_DURATION)
            read += len(rows)
            for key, alike in rows.dropna(subset=["size", "seconds"]).groupby(list(_KEY)):
                known = seen.setdefault(key, [])
                newest = alike.tail(REMEMBERED - len(known))
                known.extend(zip(newest["size"], newest["seconds"], strict=True))
        return Earlier(seen, True)


def of_restorations(ledger: Ledger, treatment_id: str) -> list[tuple[float, float]]:
    """Shots that were restored and measured before durations were recorded."""
    shots = ledger.find("restorations", columns=_OF_SHOT, treatment_id=treatment_id)
    shots = shots.drop_duplicates(["reel_id", "key"], keep="last")
    shots = shots[(shots["status"] == "restored") & (shots["seconds"] > 0)]
    if shots.empty:
        return []
    reels = ledger.newest("reels", columns=("width", "height")).set_index("reel_id")
    megapixels = (reels["width"] * reels["height"] / 1e6).to_dict()
    measured = ledger.newest("measurements", columns=("seconds",))
    seconds = measured.groupby("key")["seconds"].sum().to_dict()
    frames = (shots["stop_frame"] - shots["start_frame"]).astype(float)
    seen = pd.DataFrame({
        "size": frames * shots["reel_id"].map(megapixels).astype(float),
        "seconds": shots["seconds"] + shots["key"].map(seconds).astype(float).fillna(0.0),
    }).dropna().tail(REMEMBERED)  # fmt: skip
    return list(zip(seen["size"], seen["seconds"], strict=True))
