"""The figures of a training run: lines of JSON beside its weights, and an MLflow server if asked.

The server is spoken to by its REST interface (MLflow 2 and 3, `/api/2.0/mlflow`). One that does
not answer while a training runs stops nothing: the lines of JSON have all figures.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TIMEOUT = 10  # seconds
EXPERIMENT = "wetgate-restorer"


class Lines:
    """A file that gets a line of JSON for every report."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """Add a line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **figures}) + "\n")


class MLflowRun:
    """A run on an MLflow server."""

    def __init__(self, server: str, name: str, facts: Mapping[str, str]) -> None:
        """Begin a run.

        Args:
            server: its address, `http://host:port`.
            name: of the run.
            facts: parameters of the run.

        Raises:
            ValueError: the address is not of a server.
            OSError: the server does not answer, or refuses.
        """
        if not server.startswith(("http://", "https://")):
            raise ValueError(f"{server} is not the address of an MLflow server: http://host:port")
        self._root = server.rstrip("/") + "/api/2.0/mlflow/"
        begun = self._ask(
            "runs/create",
            {"experiment_id": self._experiment(), "run_name": name, "start_time": _now()},
        )
        self._run = begun["run"]["info"]["run_id"]
        params = [{"key": key, "value": value[:500]} for key, value in facts.items()]
        self._ask("runs/log-batch", {"run_id": self._run, "params": params})

    def __call__(self, step: int, figures: Mapping[str, float]) -> None:
        """Report figures of one step."""
        metrics = [
            {"key": key, "value": value, "timestamp": _now(), "step": step}
            for key, value in figures.items()
        ]
        self._ask("runs/log-batch", {"run_id": self._run, "metrics": metrics})

    def end(self) -> None:
        """Say that the run has ended."""
        self._ask("runs/update", {"run_id": self._run, "status": "FINISHED", "end_time": _now()})

    def _experiment(self) -> str:
        found = self._ask("experiments/search", {"max_results": 1000})
        for experiment in found.get("experiments", []):
            if experiment["name"] == EXPERIMENT:
                return str(experiment["experiment_id"])
        return str(self._ask("experiments/create", {"name": EXPERIMENT})["experiment_id"])

    def _ask(self, what: str, content: Mapping[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            self._root + what,
            json.dumps(content).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
        return found


def _now() -> int:
    return int(time.time() * 1000)
