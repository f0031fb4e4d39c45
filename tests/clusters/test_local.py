"""Workers on one machine: one a GPU for networks, else one a core; each sees its own device."""

from __future__ import annotations

import os
import resource

import numpy as np
import pytest

from flows.cluster.local import gpus, worker_specs
from flows.cluster.profile import ClusterProfile
from flows.cluster.start import night_cluster

pytestmark = pytest.mark.filterwarnings("default")  # libraries of others, not ours


def seen(profile: ClusterProfile, networks: bool) -> list[str | None]:
    """The device that each worker would see."""
    specs = worker_specs(profile, networks)
    return [spec["options"]["env"].get("CUDA_VISIBLE_DEVICES") for spec in specs]


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("0,1", ["0", "1"]),
        (" 2, 3 ", ["2", "3"]),
        ("GPU-8f2c,MIG-1", ["GPU-8f2c", "MIG-1"]),
        ("", []),
        ("-1", []),
        ("0,-1,1", ["0"]),
    ],
)
def test_gpus_are_those_that_cuda_would_see(
    monkeypatch: pytest.MonkeyPatch, visible: str, found: list[str]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus() == found


def test_without_a_gpu_there_is_a_worker_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert seen(ClusterProfile(), networks=True) == [None] * 6


def test_networks_have_a_worker_a_gpu_and_nothing_else_is_held_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A recipe without a network uses every core of a machine with one GPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert seen(ClusterProfile(), networks=True) == ["4", "7"]
    assert seen(ClusterProfile(), networks=False) == ["4", "7", "4", "7", "4"]
    assert seen(ClusterProfile(workers=3), networks=True) == ["4", "7", "4"]


def test_memory_is_limited_only_where_a_profile_says_so() -> None:
    profile = ClusterProfile.model_validate_json('{"worker": {"memory": "3GB"}, "workers": 1}')
    (spec,) = worker_specs(profile, networks=False)
    assert spec["options"]["memory_limit"] == "3GB"
    (spec,) = worker_specs(ClusterProfile(workers=1), networks=False)
    assert spec["options"]["memory_limit"] == 0


def environment(dask_worker: object) -> tuple[str | None, str | None, object]:
    """Asked of a worker: device, threads, resources."""
    resources = dask_worker.state.total_resources  # type: ignore[attr-defined]
    return os.environ.get("CUDA_VISIBLE_DEVICES"), os.environ.get("OMP_NUM_THREADS"), resources


def faults_of_frames() -> int:
    """Asked of a worker: pages that the system gives it for a hundred arrays of a large frame."""
    for _ in range(10):
        np.ones(8_000_000, np.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        np.ones(8_000_000, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_a_worker_keeps_the_memory_of_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given back and asked for again it would be 2,000 pages an array, zeroed by the system."""
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX"):
        monkeypatch.delenv(name, raising=False)
    with night_cluster(ClusterProfile(workers=1)) as client:
        assert client.submit(faults_of_frames, pure=False).result(timeout=60) < 20_000


def test_processes_see_the_device_that_they_are_meant_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,6")
    with night_cluster(ClusterProfile()) as client:
        found = client.run(environment)
        gpu = client.submit(os.getenv, "CUDA_VISIBLE_DEVICES", resources={"GPU": 1}, pure=False)
        assert gpu.result(timeout=60) in ("5", "6")
    assert sorted(found.values()) == [("5", "1", {"GPU": 1}), ("6", "1", {"GPU": 1})]
