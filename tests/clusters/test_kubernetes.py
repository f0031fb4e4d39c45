"""The pods that Kubernetes is asked for, and the schema that its operator holds them to."""

from __future__ import annotations

from importlib import resources
from typing import Any

import jsonschema
import pytest
import yaml

from flows.cluster.kubernetes import manifest, manifest_text
from flows.cluster.profile import read_profile


@pytest.fixture(scope="module")
def asked() -> dict[str, Any]:
    return manifest(read_profile("kubernetes"))


def pod(asked: dict[str, Any], part: str) -> dict[str, Any]:
    found: dict[str, Any] = asked["spec"][part]["spec"]
    return found


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container["env"]}


def test_the_operator_s_own_schema_takes_it(asked: dict[str, Any]) -> None:
    _held_by_the_schema(asked)
    broken = {**asked, "spec": {**asked["spec"], "worker": {"replicas": "many"}}}
    with pytest.raises(jsonschema.ValidationError):
        _held_by_the_schema(broken)


def _held_by_the_schema(asked: dict[str, Any]) -> None:
    crds = resources.files("dask_kubernetes") / "operator/deployment/helm/dask-kubernetes-operator"
    crd = yaml.load((crds / "crds" / "daskcluster.yaml").read_text(), yaml.CSafeLoader)
    schema = jsonschema.Draft7Validator(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
    schema.validate(asked)


def test_workers_are_one_task_wide_and_have_what_the_profile_says(asked: dict[str, Any]) -> None:
    (container,) = pod(asked, "worker")["containers"]
    share = {"cpu": "4", "memory": "16000000000", "nvidia.com/gpu": "1"}
    assert asked["spec"]["worker"]["replicas"] == 4
    assert container["image"] == "registry.example.org/wetgate:0.1.0"
    assert container["resources"] == {"limits": share, "requests": share}
    command = " ".join(container["args"])
    assert command.startswith("dask worker --nthreads 1 --memory-limit 0 ")
    assert "--resources GPU=1" in command
    assert variables(container)["DASK_DISTRIBUTED__WORKER__DAEMON"] == "False"
    assert variables(container)["OMP_NUM_THREADS"] == "1"


def test_a_dead_worker_is_one_failure(asked: dict[str, Any]) -> None:
    """The scheduler is a pod: only its environment can tell it."""
    (container,) = pod(asked, "scheduler")["containers"]
    said = variables(container)
    assert said["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] == "0"
    assert said["DASK_DISTRIBUTED__SCHEDULER__WORK_STEALING"] == "False"
    assert "nvidia.com/gpu" not in container["resources"]["limits"]


def test_store_and_archive_are_mounted_and_the_archive_cannot_be_written(
    asked: dict[str, Any],
) -> None:
    worker = pod(asked, "worker")
    mounts = {m["mountPath"]: m for m in worker["containers"][0]["volumeMounts"]}
    claims = {v["name"]: v["persistentVolumeClaim"] for v in worker["volumes"]
              if "persistentVolumeClaim" in v}  # fmt: skip
    assert set(mounts) == {"/srv/store", "/srv/archive", "/scratch"}
    for path, claim, read_only in (
        ("/srv/store", "wetgate-store", False), ("/srv/archive", "wetgate-archive", True),
    ):  # fmt: skip
        assert mounts[path]["readOnly"] is read_only
        assert claims[mounts[path]["name"]] == {"claimName": claim, "readOnly": read_only}


@pytest.mark.parametrize("part", ["worker", "scheduler"])
def test_nothing_runs_as_root_or_may_become_it(asked: dict[str, Any], part: str) -> None:
    found = pod(asked, part)
    assert found["securityContext"]["runAsNonRoot"] is True
    assert found["securityContext"]["runAsUser"] == 1000
    assert found["automountServiceAccountToken"] is False
    (container,) = found["containers"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_workers_alone_get_the_credentials_of_object_storage_and_room_for_its_copies() -> None:
    """By the name of a Secret: what is in it stands nowhere."""
    plain = read_profile("kubernetes")
    assert plain.kubernetes is not None
    part = plain.kubernetes.model_copy(
        update={"credentials": "archive-s3", "scratch_size": "300 gb"}
    )
    asked = manifest(plain.model_copy(update={"kubernetes": part}))
    (worker,), (scheduler,) = (pod(asked, name)["containers"] for name in ("worker", "scheduler"))
    assert worker["envFrom"] == [{"secretRef": {"name": "archive-s3"}}]
    assert "envFrom" not in scheduler
    for said in ("limits", "requests"):
        assert worker["resources"][said]["ephemeral-storage"] == "300000000000"
        assert "ephemeral-storage" not in scheduler["resources"][said]
    _held_by_the_schema(asked)


def test_what_is_shown_is_what_is_asked_for(asked: dict[str, Any]) -> None:
    assert yaml.safe_load(manifest_text(read_profile("kubernetes"))) == asked
