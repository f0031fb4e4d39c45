"""The files of a registered version, as artifacts of its run in MLflow.

    model.json          what the version is
    model.safetensors   its weights; a model of steps has none
    benchmark           a table of results, if one was registered with it

A registry that several stores share is written by others: what is read from it is checked, the
card by the hash that the version is tagged with, all else by the hashes on the card.
"""

import hashlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from catalogs.errors import StoreError
from catalogs.model_version import ModelVersion, read_version, version_json
from tasks.registry.register import Offered

CONTENT = "content_sha256"  # the tag of a version that says which it is
CARD = "card_sha256"  # the tag that says what its model.json holds

_CARD, _WEIGHTS, _BENCHMARK = "model.json", "model.safetensors", "benchmark"


def card_sha256(version: ModelVersion) -> str:
    """Of a version's `model.json`, as it is written before it has a number."""
    return hashlib.sha256(version_json(version)).hexdigest()


def write_files(client: Any, run_id: str, offered: Offered) -> None:
    """Keep what is registered as artifacts of a run."""
    parts = {
        _CARD: version_json(offered.version),
        _WEIGHTS: offered.weights,
        _BENCHMARK: offered.benchmark,
    }
    with tempfile.TemporaryDirectory() as folder:
        for part, data in parts.items():
            if data is not None:
                (Path(folder) / part).write_bytes(data)
        client.log_artifacts(run_id, folder)


def read_files(client: Any, entry: Any) -> Offered:
    """What was registered, by MLflow's entry of the version.

    That the weights are its own is for the shelf to say.

    Raises:
        StoreError: files are missing, or are of something else.
    """
    reference = f"{entry.name}@{entry.version}"
    with tempfile.TemporaryDirectory() as folder:
        client.download_artifacts(entry.run_id, "", folder)
        parts = {file.name: file.read_bytes() for file in Path(folder).iterdir() if file.is_file()}
    card = parts.get(_CARD, b"")
    version = _read_card(card, reference)
    if (version.name, version.content_sha256) != (entry.name, entry.tags.get(CONTENT)):
        raise StoreError(f"{reference}: its {_CARD} is of another model; register it again")
    if version.weights_sha256 and _WEIGHTS not in parts:
        raise StoreError(f"{reference}: the registry has no {_WEIGHTS} of it; register it again")
    if hashlib.sha256(card).hexdigest() != entry.tags.get(CARD):
        raise StoreError(
            f"{reference}: its {_CARD} is not what was registered; put it back, or register it "
            "under another name"
        )
    _check_benchmark(version, parts.get(_BENCHMARK), reference)
    numbered = replace(version, version=int(entry.version))
    return Offered(numbered, parts.get(_WEIGHTS), parts.get(_BENCHMARK))


def _check_benchmark(version: ModelVersion, table: bytes | None, reference: str) -> None:
    found = hashlib.sha256(table).hexdigest() if table is not None else ""
    if found != version.benchmark_sha256:
        raise StoreError(
            f"{reference}: its {_BENCHMARK} is missing or not what was registered; put it back"
        )


def _read_card(text: bytes, reference: str) -> ModelVersion:
    if not text:
        raise StoreError(f"{reference}: the registry has no {_CARD} of it; register it again")
    try:
        return read_version(text)
    except ValueError as error:
        raise StoreError(f"{reference}: its {_CARD} cannot be read ({error})") from error
