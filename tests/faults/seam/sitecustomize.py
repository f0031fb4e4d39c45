"""Makes chosen work of a night misbehave, from outside: Python imports this in every process.

`WETGATE_TEST_DEEDS` names a folder. `deeds.json` in it lists, by the label of the work, what is
to be done before it begins, one deed a start; the last one is done again for ever if `always`.
Each start leaves a mark `<label>.<number>` with the number of its process. Product code knows
nothing of this.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = os.environ.get("WETGATE_TEST_DEEDS", "")


def before(label: str) -> None:
    """Do what is to be done at this start of the work with this label."""
    folder = Path(FOLDER)
    name = label.replace("/", "-")
    number = len(list(folder.glob(f"{name}.*")))
    (folder / f"{name}.{number}").write_text(str(os.getpid()))
    deeds = json.loads((folder / "deeds.json").read_text()).get(label, [])
    if number < len(deeds):
        import deeds as known

        deed, *values = deeds[number]
        getattr(known, deed)(*values)


def patch_work(work: ModuleType) -> None:
    """Do deeds before a shot is restored, a reel ingested or joined."""
    restore, ingest, assemble = work.restore_shot, work.ingest_reel, work.assemble_reel

    def restore_shot(reel: Any, index: Any, shot: Any, *more: Any, **named: Any) -> Any:
        before(shot.shot_id)
        return restore(reel, index, shot, *more, **named)

    def ingest_reel(catalog: Any, *more: Any, **named: Any) -> Any:
        before(f"ingest {catalog.reel_id}")
        return ingest(catalog, *more, **named)

    def assemble_reel(reel: Any, *more: Any, **named: Any) -> Any:
        before(f"assemble {reel.reel_id}")
        return assemble(reel, *more, **named)

    work.restore_shot, work.ingest_reel, work.assemble_reel = (
        restore_shot,
        ingest_reel,
        assemble_reel,
    )  # type: ignore[attr-defined]


def patch_joining(joining: ModuleType) -> None:
    """Do deeds before a joined reel is verified."""
    verify = joining.verify_reel

    def verify_reel(reel: Any, *more: Any) -> Any:
        before(f"verify {reel.reel_id}")
        return verify(reel, *more)

    joining.verify_reel = verify_reel  # type: ignore[attr-defined]


def shorten(limits: ModuleType) -> None:
    """Let the time limits of some work, named as in the plan, be a share of what they are."""
    limited = os.environ.get("WETGATE_TEST_LIMITED", "").split(",")
    share = float(os.environ.get("WETGATE_TEST_LIMIT_SHARE", "1"))

    def shortened(name: str, label: Callable[..., str]) -> None:
        limit = getattr(limits, name)

        def of_work(*values: Any) -> float:
            return float(limit(*values)) * (share if label(*values) in limited else 1.0)

        setattr(limits, name, of_work)

    shortened("limit_seconds", lambda reel, shot, *_: shot.shot_id)
    shortened("ingest_limit_seconds", lambda catalog, _: f"ingest {catalog.reel_id}")
    shortened("joining_limit_seconds", lambda reel: f"assemble {reel.reel_id}")


def patch_clock(module: ModuleType) -> None:
    """Move the clock that rows are recorded by, by the seconds in a file, while it is there."""
    true = module.datetime

    class Moved(true):  # type: ignore[misc, valid-type]
        @classmethod
        def now(cls, zone: Any = None) -> Any:
            from datetime import timedelta

            offset = Path(FOLDER) / "clock"
            seconds = float(offset.read_text()) if offset.is_file() else 0.0
            return true.now(zone) + timedelta(seconds=seconds)

    module.datetime = Moved  # type: ignore[attr-defined]


def patch_look(module: ModuleType) -> None:
    """Let a worker not see a folder, as where it is not mounted."""
    look, blind = module.look, os.environ.get("WETGATE_TEST_BLIND")

    def look_in_vain(need: Any) -> Any:
        from dataclasses import replace

        if blind:
            away = Path(f"{blind}-not-mounted")
            folders = tuple(replace(f, path=away) if f.path == Path(blind) else f
                            for f in need.folders)  # fmt: skip
            need = replace(need, folders=folders)
        return look(need)

    module.look = look_in_vain  # type: ignore[attr-defined]


PATCHES: dict[str, Callable[[ModuleType], None]] = {
    "flows.night.work": patch_work,
    "tasks.assemble": patch_joining,
    "flows.night.limits": shorten,
    "catalogs.instant": patch_clock,
    "flows.cluster.worker_look": patch_look,
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are to be patched as they would be found, and patches them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name not in PATCHES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        assert spec is not None and spec.loader is not None
        load = spec.loader.exec_module

        def load_and_patch(module: ModuleType) -> None:
            load(module)
            PATCHES[name](module)

        spec.loader.exec_module = load_and_patch  # type: ignore[method-assign]
        return spec


if FOLDER:
    sys.meta_path.insert(0, Finder())
