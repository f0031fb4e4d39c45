"""A SLURM that is played by two scripts on this machine."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

SBATCH = """#!/bin/bash
# A job is a process group of its own, its number that of its leader.
cp "$1" "$SLURM_PLAYED/script.$$"
setsid bash "$SLURM_PLAYED/script.$$" >"$SLURM_PLAYED/job-$$.out" 2>&1 </dev/null &
echo "$!" >>"$SLURM_PLAYED/submitted"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/bash
echo "$1" >>"$SLURM_PLAYED/cancelled"
kill -TERM -- "-$1"
"""
PROFILE = """
kind = "slurm"
workers = {workers}
[worker]
memory = "2GB"
[slurm]
walltime = "02:00:00"
interface = "lo"
local_folder = "{folder}"
"""


@dataclass(frozen=True)
class PlayedSlurm:
    """The programs, their jobs, and a profile that asks for some."""

    folder: Path
    workers: int

    def __post_init__(self) -> None:
        self.folder.mkdir()
        for name, script in (("sbatch", SBATCH), ("scancel", SCANCEL)):
            program = self.folder / name
            program.write_text(script)
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.profile.write_text(PROFILE.format(folder=self.folder, workers=self.workers))

    @property
    def profile(self) -> Path:
        return self.folder / "profile.toml"

    @property
    def environment(self) -> dict[str, str]:
        """Of who submits jobs."""
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "SLURM_PLAYED": str(self.folder)}

    def jobs(self, what: str = "submitted") -> list[int]:
        """Numbers of the jobs that were submitted, or `cancelled`."""
        file = self.folder / what
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def run(self) -> list[int]:
        """Those that still run."""
        return [job for job in self.jobs() if Path(f"/proc/{job}").exists()]
