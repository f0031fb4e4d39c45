"""Timecode on the pages: that of the reel, as the player has it."""

from __future__ import annotations

import pytest

from catalogs.store import Store
from dashboard.timecode import timecode
from tests.dashboard.conftest import Open


@pytest.mark.parametrize(
    ("frame", "rate", "first", "said"),
    (
        (0, "24", None, "00:00:00:00"),
        (48, "24", "01:00:00:00", "01:00:02:00"),
        (48, "24000/1001", "01:00:00;00", "01:00:02:00"),
        (1799, "30000/1001", "00:00:00;00", "00:00:59;29"),
        (1800, "30000/1001", "00:00:00;00", "00:01:00;02"),
        (17982, "30000/1001", "00:00:00;00", "00:10:00;00"),
        (107892, "30000/1001", "00:00:00;00", "01:00:00;00"),
        (1, "30000/1001", "09:59:59.29", "10:00:00;00"),
        (3600, "60000/1001", "00:00:00;00", "00:01:00;04"),
        (1800, "30000/1001", "00:00:00:00", "00:01:00:00"),
        (1, "25", "23:59:59:24", "00:00:00:00"),
        (7, "18", "no timecode", "00:00:00:07"),
        (7, None, "01:00:00:00", ""),
    ),
)
def test_it_is_counted_as_smpte_counts_it(
    frame: int, rate: str | None, first: str | None, said: str
) -> None:
    assert timecode(frame, rate, first) == said


def test_every_page_names_a_frame_by_the_reels_own_timecode(
    filled: Store, open_dashboard: Open
) -> None:
    newest = filled.ledger().newest("reels", "R0.r1").iloc[-1].dropna().to_dict()
    own = {name: newest[name] for name in newest if name not in ("record_id", "recorded_at")}
    filled.ledger().append("reels", "R0.r1", [{**own, "timecode": "10:00:00:00"}])
    browser = open_dashboard(filled)
    for address in ("/reels/R0.r1/shots/48", "/reels/R0.r1", "/shots?reel=R0.r1"):
        text = browser.get(address).text
        assert "10:00:02:00" in text
        assert ">00:00:02:00<" not in text
