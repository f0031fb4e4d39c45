"""A real S3 server on this machine, with what it was asked kept."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from catalogs.origin import RemoteRoot
from tasks.storage import bucket as bucket_module
from tasks.storage.scratch import Scratch
from tests.faults.nights import Frames, Site, make_archive
from tests.storage.places import SECRET, Place


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Address of a server that lives as long as the tests of this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_environment(s3_server: str) -> dict[str, str]:
    """How processes find the server, the usual way of AWS."""
    return {
        "AWS_ENDPOINT_URL": s3_server, "AWS_ACCESS_KEY_ID": "operator",
        "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }  # fmt: skip


@pytest.fixture(autouse=True)
def here(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """This process speaks to the server."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def anew(here: None) -> Iterator[None]:
    """The same, with clients that remember nothing of other tests."""
    forget()
    yield
    forget()


def forget() -> None:
    bucket_module._filesystem.cache_clear()
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture(scope="session")
def keeper(s3_server: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=s3_server, region_name="us-east-1",
        aws_access_key_id="keeper", aws_secret_access_key="of the archive",
    )  # fmt: skip


@pytest.fixture
def place(keeper: Any) -> Place:
    """A bucket of versions with nothing in it."""
    return make_place(keeper)


def make_place(client: Any) -> Place:
    name = f"archive-{uuid.uuid4().hex[:8]}"
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return Place(client, name)


@pytest.fixture
def root(place: Place) -> RemoteRoot:
    return RemoteRoot(place.url)


@pytest.fixture
def scratch(tmp_path: Path) -> Scratch:
    return Scratch(tmp_path / "scratch", 100_000_000)


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("storage") / "archive")


@pytest.fixture(scope="session")
def undisturbed(
    catalog: Path, prefect_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Frames:
    """Frames of a night over the same films in a local folder."""
    site = Site(tmp_path_factory.mktemp("local"), catalog)
    assert site.night().reels == (3, 0, 0)
    return site.masters()


@pytest.fixture
def site(
    catalog: Path, prefect_server: str, s3_environment: dict[str, str], place: Place,
    tmp_path: Path,
) -> tuple[Site, Place]:  # fmt: skip
    """Nights over a bucket that holds the films of the archive."""
    place.put_folder(catalog.parent)
    site = Site(tmp_path, catalog, environment=s3_environment)
    site.options += ["--archive", place.url]
    return site, place
