"""`kill -9` loses no decision that was answered for."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from catalogs.decisions.log import DecisionLog

from .conftest import draft

DECISIONS = 200
WRITERS = 3

# Answers with the sequence and hash of each decision once `append` has returned.
WRITER = """
import os, sys
from pathlib import Path
from catalogs.decisions.decision import Draft
from catalogs.decisions.log import DecisionLog
log = DecisionLog(Path(sys.argv[1]))
while True:
    taken = log.append(Draft(
        person="A. Reviewer", verb="accept", reel_id="R.r1", start_frame=0, stop_frame=10,
        treatment_id="t", output_sha256="a" * 64, comment="x" * (7 * os.getpid() % 3000),
    ))
    os.write(1, f"{taken.sequence} {taken.sha256}\\n".encode())
"""


def begin(folder: Path, answers: Path) -> "subprocess.Popen[bytes]":
    with answers.open("ab") as stream:
        return subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=stream)


def answered(answers: list[Path]) -> list[tuple[int, str]]:
    """What was answered for; an answer that the kill cut short was none."""
    lines = [line for file in answers for line in file.read_text().split("\n")[:-1]]
    return [(int(number), sha256) for number, sha256 in map(str.split, lines)]


def test_kill_9_in_the_midst_of_200_decisions_loses_none(log: DecisionLog, tmp_path: Path) -> None:
    """Three processes decide; one after another is killed at any instant and begun again."""
    generator = random.Random(os.environ.get("WETGATE_TEST_SEED", "1"))
    answers = [tmp_path / f"answers-{n}.txt" for n in range(WRITERS)]
    running = [begin(log.folder, file) for file in answers]
    kills = 0
    deadline = time.monotonic() + 200
    try:
        while len(answered(answers)) < DECISIONS or kills < 6:
            assert time.monotonic() < deadline, "too few decisions were taken"
            time.sleep(generator.uniform(0.05, 0.5))
            if len(answered(answers)) > kills * DECISIONS // 8:
                n = generator.randrange(WRITERS)
                running[n].send_signal(signal.SIGKILL)
                running[n].wait()
                kills += 1
                running[n] = begin(log.folder, answers[n])
    finally:
        for one in running:
            one.kill()
            one.wait()
    log.append(draft(comment="the day after"))  # mends what the last kill tore, if it did
    kept = {decision.sequence: decision.sha256 for decision in DecisionLog(log.folder).read()}
    acknowledged = answered(answers)
    assert len(acknowledged) >= DECISIONS
    assert kills >= 6
    assert [(n, sha256) for n, sha256 in acknowledged if kept.get(n) != sha256] == []
    assert sorted(kept) == list(range(1, len(kept) + 1))
    assert len(kept) - len(acknowledged) <= kills + WRITERS + 1  # taken, and killed before it said
