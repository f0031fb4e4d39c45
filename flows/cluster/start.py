"""The Dask cluster of a night, as its profile says: on this machine, or elsewhere."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dask
from distributed import Client
from distributed.security import Security

from catalogs.errors import ClusterError, ProfileError
from flows.cluster.kubernetes import kubernetes_cluster
from flows.cluster.local import local_cluster
from flows.cluster.profile import ClusterProfile, checked_profile, read_profile
from flows.cluster.settings import LOCAL
from flows.cluster.slurm import LOST, slurm_cluster


def chosen_profile(
    scheduler: str | None = None, workers: int | None = None, cluster: str | None = None
) -> ClusterProfile:
    """The profile that options come to.

    Args:
        scheduler: address of a running scheduler, for instance tcp://host:8786.
        workers: local worker processes; the profile's when None.
        cluster: a file, or a shipped profile.

    Raises:
        ProfileError: it does not hold together, or the options do not.
    """
    profile = read_profile(cluster) if cluster is not None else ClusterProfile()
    if workers is not None and scheduler is None:
        profile = _changed(profile, workers=workers)
    if scheduler is None:
        return profile
    if cluster is not None and profile.kind != "scheduler":
        raise ProfileError(f"--scheduler is not for a profile of kind {profile.kind!r}; "
                           "leave one of them out")  # fmt: skip
    return _changed(profile, kind="scheduler", scheduler={"address": scheduler})


@contextmanager
def night_cluster(profile: ClusterProfile, networks: bool = True) -> Iterator[Client]:
    """A client of the cluster.

    Args:
        profile: a scheduler that runs already is left running, with its workers.
        networks: whether networks are run: on this machine then one worker a GPU.

    Raises:
        ClusterError: it cannot be reached, or be started from here.
    """
    # What goes wrong reaches the night as an exception and its log in plain language.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    security = security_of(profile)
    with dask.config.set({**LOCAL, **(LOST if profile.kind == "slurm" else {})}):
        if profile.scheduler is not None:
            with _reached(profile.scheduler.address, security) as client:
                yield client
            return
        with (
            _started(profile, security, networks) as cluster,
            Client(cluster, security=security, set_as_default=False) as client,
        ):
            if profile.kind == "local":
                _all_there(client, len(cluster.worker_spec))
            yield client


def security_of(profile: ClusterProfile) -> Security | None:
    """The certificates of the connections of scheduler, workers and client."""
    tls = profile.tls
    if tls is None:
        return None
    own = {f"tls_{role}_{part}": str(getattr(tls, part))
           for role in ("client", "worker", "scheduler") for part in ("cert", "key")}  # fmt: skip
    return Security(tls_ca_file=str(tls.ca), require_encryption=True, **own)


def _started(profile: ClusterProfile, security: Security | None, networks: bool) -> Any:
    if profile.kind == "slurm":
        return slurm_cluster(profile, security)
    if profile.kind == "kubernetes":
        return kubernetes_cluster(profile)
    return local_cluster(profile, security, networks)


def _all_there(client: Client, workers: int) -> None:
    try:
        client.wait_for_workers(workers, timeout=120)
    except TimeoutError as error:
        raise ClusterError(
            f"{workers} worker(s) did not start on this machine ({error}); look at its load and "
            "memory, or ask for fewer with --workers"
        ) from error


def _reached(address: str, security: Security | None) -> Client:
    try:
        return Client(address, timeout="30s", security=security, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError) as error:
        secured = "; it wants the certificates of a profile with [tls]" if not security else ""
        raise ClusterError(
            f"the Dask scheduler {address} does not answer ({error}); start it, or correct the "
            f"address{secured}"
        ) from error


def _changed(profile: ClusterProfile, **parts: Any) -> ClusterProfile:
    written = profile.model_dump(mode="json", exclude_defaults=True) | parts
    return checked_profile(written, "the options")
