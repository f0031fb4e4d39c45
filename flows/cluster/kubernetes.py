"""Workers as pods of Kubernetes, started by the operator of dask-kubernetes.

The scheduler is a pod as well. Store and archive are volumes under the paths that they have on
the machine of the night, which must see them too.
"""

from typing import Any

from dask.utils import parse_bytes

from catalogs.errors import ClusterError
from flows.cluster.parts import KubernetesPart
from flows.cluster.profile import ClusterProfile
from flows.cluster.settings import ENVIRONMENT, SCHEDULER, WORKER, exported

SCRATCH = "/scratch"
SCHEDULER_SHARE = {"cpu": "1", "memory": "2Gi"}
EXTRA = "install it: pip install 'wetgate[kubernetes]' --constraint constraints.txt"


def kubernetes_cluster(profile: ClusterProfile) -> Any:
    """A cluster of pods that are removed when it is closed.

    Raises:
        ClusterError: dask-kubernetes is not installed, or Kubernetes does not answer.
    """
    kubernetes = profile.kubernetes
    assert kubernetes is not None  # the kind's part
    try:
        return _library().KubeCluster(
            custom_cluster_spec=manifest(profile), namespace=kubernetes.namespace, quiet=True
        )
    except Exception as error:  # of kr8s, httpx or the operator, which have no base in common
        raise ClusterError(
            f"Kubernetes did not start the cluster ({error}); look at the operator of "
            "dask-kubernetes, at `wetgate cluster show`, and at docs/clusters.md"
        ) from error


def manifest(profile: ClusterProfile) -> dict[str, Any]:
    """The `DaskCluster` that the operator is asked for."""
    kubernetes = profile.kubernetes
    assert kubernetes is not None  # the kind's part
    command = "dask worker --nthreads 1 --memory-limit 0 --local-directory " + SCRATCH
    spec: dict[str, Any] = _library().make_cluster_spec(
        name=kubernetes.name,
        image=kubernetes.image,
        n_workers=profile.workers,
        env={**exported(SCHEDULER, WORKER), **ENVIRONMENT},
        worker_command=command + (" --resources GPU=1" if profile.worker.gpus else ""),
    )
    spec["metadata"]["namespace"] = kubernetes.namespace
    scheduler, worker = spec["spec"]["scheduler"]["spec"], spec["spec"]["worker"]["spec"]
    # The library's default, `dask-scheduler`, is a program that Dask has no more.
    scheduler["containers"][0]["args"] = ["dask", "scheduler", "--host", "0.0.0.0"]
    _fill_pod(scheduler, kubernetes, SCHEDULER_SHARE)
    _fill_pod(worker, kubernetes, _share(profile))
    _mount(worker, kubernetes)
    if kubernetes.credentials:
        secret = {"secretRef": {"name": kubernetes.credentials}}
        worker["containers"][0]["envFrom"] = [secret]
    worker["nodeSelector"] = dict(kubernetes.node_selector)
    return spec


def _share(profile: ClusterProfile) -> dict[str, str]:
    """What a worker is given and may use."""
    kubernetes = profile.kubernetes
    assert kubernetes is not None  # the kind's part
    share = {"cpu": str(profile.worker.cores), "memory": _quantity(str(profile.worker.memory))}
    if kubernetes.scratch_size:
        share["ephemeral-storage"] = _quantity(kubernetes.scratch_size)
    return share | ({"nvidia.com/gpu": "1"} if profile.worker.gpus else {})


def _quantity(size: str) -> str:
    """A size as Kubernetes reads it: bytes."""
    return str(parse_bytes(size))


def _fill_pod(pod: dict[str, Any], kubernetes: KubernetesPart, share: dict[str, str]) -> None:
    container = pod["containers"][0]
    container["resources"] = {"limits": dict(share), "requests": dict(share)}
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    container["volumeMounts"] = [{"name": "scratch", "mountPath": SCRATCH}]
    container["env"] = [*container["env"], {"name": "TMPDIR", "value": SCRATCH},
                        {"name": "HOME", "value": SCRATCH}]  # fmt: skip
    pod["securityContext"] = {
        "runAsNonRoot": True,
        "runAsUser": kubernetes.user,
        "runAsGroup": kubernetes.group,
        "fsGroup": kubernetes.group,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    pod["automountServiceAccountToken"] = False
    pod["volumes"] = [{"name": "scratch", "emptyDir": {}}]
    if kubernetes.image_pull_secret:
        pod["imagePullSecrets"] = [{"name": kubernetes.image_pull_secret}]


def _mount(worker: dict[str, Any], kubernetes: KubernetesPart) -> None:
    for number, volume in enumerate(kubernetes.volumes):
        name = f"film-{number}"
        claim = {"claimName": volume.claim, "readOnly": volume.read_only}
        worker["volumes"].append({"name": name, "persistentVolumeClaim": claim})
        worker["containers"][0]["volumeMounts"].append(
            {"name": name, "mountPath": volume.path, "readOnly": volume.read_only}
        )


def _library() -> Any:
    """The part of dask-kubernetes that speaks to its operator.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        from dask_kubernetes.operator.kubecluster import kubecluster
    except ImportError as error:
        raise ClusterError(f"Kubernetes needs dask-kubernetes; {EXTRA}") from error
    return kubecluster


def manifest_text(profile: ClusterProfile) -> str:
    """The manifest as YAML, for a person or `kubectl apply -f -`."""
    import yaml

    return str(yaml.safe_dump(manifest(profile), sort_keys=False))
