"""Workers on this machine: processes that do one piece of work at a time.

`CUDA_VISIBLE_DEVICES` is set in a worker's nanny, before torch is imported.
"""

import os
from pathlib import Path
from typing import Any

from distributed import Nanny, Scheduler, SpecCluster
from distributed.security import Security

from flows.cluster.profile import ClusterProfile

LOOPBACK = "127.0.0.1"  # nobody outside this machine may hand work to a local worker


def local_cluster(
    profile: ClusterProfile, security: Security | None, networks: bool
) -> SpecCluster:
    """A scheduler in this process, and workers.

    Args:
        profile: how many, and their memory.
        security: certificates of the connections between them, if there are to be any.
        networks: whether networks are run: without, a GPU is no reason to have fewer workers.
    """
    protocol = {"protocol": "tls", "security": security} if security else {}
    scheduler = {
        "host": LOOPBACK,
        "port": 0,
        "dashboard": False,
        "dashboard_address": f"{LOOPBACK}:0",
        **protocol,
    }
    specs = worker_specs(profile, networks)
    for spec in specs:
        spec["options"] |= protocol
    return SpecCluster(
        scheduler={"cls": Scheduler, "options": scheduler},
        workers=dict(enumerate(specs)),
        security=security,
        silence_logs=50,
    )


def gpus() -> list[str]:
    """The GPUs that this process may use, asked of the driver without touching CUDA here.

    They are called as `CUDA_VISIBLE_DEVICES` calls them, and what follows an invalid one is not
    seen, as CUDA has it.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        found = [path.name[6:] for path in Path("/dev").glob("nvidia*")]
        return sorted((name for name in found if name.isdigit()), key=int)
    named = []
    for device in map(str.strip, visible.split(",")):
        if not device or device.lower() in ("-1", "none", "void", "nodevfiles"):
            break
        named.append(device)
    return named


def worker_specs(profile: ClusterProfile, networks: bool) -> list[dict[str, Any]]:
    """What each worker is started with."""
    devices = gpus()
    one_each = len(devices) if networks else 0
    number = profile.workers or one_each or os.cpu_count() or 1
    specs = []
    for n in range(number):
        device = {"CUDA_VISIBLE_DEVICES": devices[n % len(devices)]} if devices else {}
        specs.append({
            "cls": Nanny,
            "options": {
                "nthreads": 1,
                "host": LOOPBACK,
                "env": device,
                "resources": {"GPU": 1} if devices else {},
                # Frames are bounded by the steps; see docs/architecture.md.
                "memory_limit": profile.worker.memory or 0,
            },
        })  # fmt: skip
    return specs
