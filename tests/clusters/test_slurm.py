"""The job that SLURM is asked for, to the letter."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from catalogs.errors import ClusterError
from flows.cluster.profile import read_profile
from flows.cluster.slurm import job_script, slurm_cluster
from flows.cluster.start import night_cluster, security_of
from tests.clusters.certificates import Certificates
from tests.clusters.slurm import PlayedSlurm
from tests.faults.nights import wait_until

PROFILE = """
kind = "slurm"
workers = 2
[worker]
cores = 4
memory = "16GiB"
gpus = 1
[slurm]
queue = "gpu"
account = "archive"
walltime = "12:00:00"
rest_minutes = 90
interface = "ib0"
directives = ["--constraint=a100"]
prologue = ["module load python"]
python = "/opt/wetgate/bin/python"
"""
SCRIPT = """\
#!/usr/bin/env bash

#SBATCH -J wetgate
#SBATCH -p gpu
#SBATCH -A archive
#SBATCH -n 1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH -t 12:00:00
#SBATCH --gres=gpu:1
#SBATCH --constraint=a100
export DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH=50
export DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False
export DASK_DISTRIBUTED__WORKER__DAEMON=False
export DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT=30s
export OMP_NUM_THREADS=1
export MKL_NUM_THREADS=1
export MALLOC_TRIM_THRESHOLD_=268435456
export MALLOC_MMAP_THRESHOLD_=67108864
export MALLOC_ARENA_MAX=1
export DASK_LOGGING__DISTRIBUTED=critical
export WETGATE_REST=$(( $(date +%s) + 37800 ))
module load python
/opt/wetgate/bin/python -m distributed.cli.dask_worker SCHEDULER --name NAME --nthreads 4 \
--memory-limit 16.00GiB --nanny --death-timeout 600 --local-directory /tmp --nthreads 1 \
--memory-limit 0 --no-dashboard --lifetime 42900s --resources GPU=1 --interface ib0
"""


def test_the_job_script_is_what_it_is_meant_to_be(tmp_path: Path) -> None:
    """Begins nothing in its last 90 minutes, and ends 5 before SLURM would end it."""
    file = tmp_path / "profile.toml"
    file.write_text(PROFILE)
    assert job_script(read_profile(str(file)), None) == SCRIPT


def test_the_shell_takes_the_script(tmp_path: Path) -> None:
    script = tmp_path / "job.sh"
    script.write_text(job_script(read_profile("slurm"), None))
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_workers_of_a_profile_with_certificates_are_given_them(tmp_path: Path) -> None:
    made = Certificates(tmp_path)
    file = tmp_path / "profile.toml"
    file.write_text(PROFILE + made.toml())
    profile = read_profile(str(file))
    script = job_script(profile, security_of(profile))
    assert "--protocol tls://" in script
    assert f"--tls-ca-file {made.ca} --tls-cert {made.cert} --tls-key {made.key}" in script


def test_where_there_is_no_sbatch_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ClusterError, match="there is no sbatch here"):
        slurm_cluster(read_profile("slurm"), None)


@pytest.mark.filterwarnings("default")  # libraries of others, not ours
@pytest.mark.slow
def test_a_job_that_ended_is_asked_for_again_and_none_is_left_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = PlayedSlurm(tmp_path / "slurm", 1)
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(
        "flows.cluster.start.LOST", {"distributed.deploy.lost-worker-timeout": "1s"}
    )
    monkeypatch.setattr("flows.cluster.slurm.ASK_SECONDS", 0.5)
    with night_cluster(read_profile(str(slurm.profile))) as client:
        client.wait_for_workers(1, timeout=120)
        (first,) = slurm.jobs()
        os.killpg(first, signal.SIGKILL)  # as at the end of its time
        wait_until(lambda: len(slurm.jobs()) == 2, 120)
        wait_until(lambda: len(client.nthreads()) == 1, 120)
        assert client.submit(os.getppid, pure=False).result(timeout=60) != first
    wait_until(lambda: not slurm.run(), 60)
    assert len(slurm.jobs()) == 2
