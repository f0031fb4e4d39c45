"""The dashboard over a ledger of 100,000 shots: opening it, its lists, and decisions.

    python benchmarks/review.py [--shots 100000] [--folder KEPT]

Makes a ledger as nights write it (a row a shot and metric), opens the view, then times each page
of the list of shots as a browser gets it, the worst of many filters and orders, and how long a
decision takes until it is answered, which is after it is on the disk.
"""

import argparse
import random
import re
import statistics
import tempfile
import time
from pathlib import Path

import httpx

from catalogs.ledger import Ledger
from catalogs.store import open_store
from dashboard.app import create_app
from dashboard.serve import serving
from dashboard.settings import Settings
from tasks.metrics.registry import METRICS

SHOTS_OF_A_REEL = 200
LIMIT_SECONDS = 1.0
TIMES = 5

ASKED = (
    "", "light=flag", "light=flag&sort=changed", "metric=EYE&sort=metric",
    "metric=DIRT&verdict=flag&sort=metric", "metric=SSIM&sort=metric&falling=0", "text=reel-04",
    "stratum=gauge:16mm&sort=metric&metric=WAX", "decision=open", "sort=place&page=1000",
    "sort=seconds&falling=0&page=400", "stratum=collection:Newsreels&light=look&sort=frames",
)  # fmt: skip


def make_ledger(ledger: Ledger, shots: int, seed: int = 11) -> None:
    """Rows as nights of many reels leave them; about every thirtieth value is flagged."""
    chance = random.Random(seed)
    for number in range(-(-shots // SHOTS_OF_A_REEL)):
        count = min(SHOTS_OF_A_REEL, shots - number * SHOTS_OF_A_REEL)
        reel(ledger, f"reel-{number:04d}.r1", number, count, chance)


def reel(ledger: Ledger, reel_id: str, number: int, count: int, chance: random.Random) -> None:
    """One reel with its shots and their measurements."""
    digest, treatment = f"{number:064x}", "7" * 64
    ranges = [(index * 120, (index + 1) * 120) for index in range(count)]
    ledger.append("shots", reel_id, [
        {"reel_id": reel_id, "reel_digest": digest, "shot_index": i, "start_frame": a,
         "stop_frame": b, "detector": "wetgate 1"} for i, (a, b) in enumerate(ranges)
    ])  # fmt: skip
    keys = [f"{number:08x}{index:056x}" for index in range(count)]
    ledger.append("restorations", reel_id, [
        {"key": key, "reel_id": reel_id, "reel_digest": digest, "shot_index": i, "start_frame": a,
         "stop_frame": b, "treatment_id": treatment, "status": "restored", "reason": "",
         "picture_sha256": key[::-1], "changed_share": chance.random() ** 4, "seconds": 60.0,
         "frame_md5": ["0" * 32] * 120, "device": "cpu"}
        for i, (key, (a, b)) in enumerate(zip(keys, ranges, strict=True))
    ])  # fmt: skip
    ledger.append("measurements", reel_id, [
        {"key": key, "reel_id": reel_id, "metric": metric.identifier, "before": chance.random(),
         "after": chance.random(), "unit": metric.unit, "measurable": True, "coverage": 1.0,
         "verdict": "flag" if chance.random() < 1 / 400 else "ok" if metric.gated else "",
         "threshold": 1.0, "worst_frame": chance.randrange(120), "seconds": 0.1}
        for key in keys for metric in METRICS
    ])  # fmt: skip
    ledger.append("reels", reel_id, [
        {"reel_id": reel_id, "identifier": reel_id[:-3], "title": f"Title {number}",
         "reel_number": 1, "reel_count": 1, "reel_digest": digest, "treatment_id": treatment,
         "collection": ("Newsreels", "Features", "Amateur")[number % 3], "width": 2048,
         "gauge": ("35mm", "16mm")[number % 2], "colour": "black and white", "height": 1556,
         "frame_rate": "24", "frame_count": count * 120, "status": "restored", "facts_json": "{}",
         "derivative_id": f"{reel_id}.made", "recipe": "made"}
    ])  # fmt: skip


def seconds_of(client: httpx.Client, address: str) -> float:
    """The median of some requests, after one that does not count."""
    taken = []
    for _ in range(TIMES + 1):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 200, answer.text
    return statistics.median(taken[1:])


def decision_seconds(client: httpx.Client) -> float:
    """The median of some decisions, one shot each."""
    origin = {"origin": str(client.base_url).rstrip("/")}
    taken = []
    for index in range(TIMES):
        shot = f"/reels/reel-0001.r1/shots/{index * 120}"
        proof = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get(shot).text)
        assert proof, f"no form on {shot}"
        output = f"{1:08x}{index:056x}"[::-1]
        form = {"csrf": proof.group(1), "verb": "accept", "output_sha256": output}
        began = time.perf_counter()
        answer = client.post(f"{shot}/decide", data=form, headers=origin)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 303, answer.text
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        store = open_store(asked.folder or Path(temporary) / "store")
        if not store.tables.is_dir():
            make_ledger(store.ledger("20260101-000000-aaaaaa"), asked.shots)
        began = time.perf_counter()
        settings = Settings(port=0, person="A. Reviewer")
        app = create_app(store, settings)
        print(f"{'opened':64} {time.perf_counter() - began:7.2f} s")
        with serving(app, settings) as address, httpx.Client(base_url=address) as client:
            worst = 0.0
            for query in ASKED:
                taken = seconds_of(client, f"/shots?{query}")
                worst = max(worst, taken)
                print(f"/shots?{query:56} {taken:7.3f} s")
            for page in ("/", "/reels", "/reels/reel-0001.r1", "/reels/reel-0001.r1/shots/0"):
                print(f"{page:64} {seconds_of(client, page):7.3f} s")
            print(f"{'a decision':64} {decision_seconds(client):7.3f} s")
    print(f"worst list of {asked.shots:,} shots: {worst:.3f} s, limit {LIMIT_SECONDS} s")
    raise SystemExit(0 if worst < LIMIT_SECONDS else 1)


if __name__ == "__main__":
    main()
