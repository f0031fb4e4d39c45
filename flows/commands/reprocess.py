"""`wetgate reprocess`: its options, and what it says.

Exit status 0 when all is well; 1 when reels are held, failed, waiting or not published, or when it
was stopped or decisions are open; 2 for wrong usage.
"""

import json
from collections import Counter
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogs.store import existing_store
from flows.commands.options import (
    ClusterOption,
    JsonOption,
    PolicyOption,
    PublishOption,
    SameFaultOption,
    ScratchOption,
    ScratchSizeOption,
    StoreOption,
    WorkersOption,
)
from flows.night.same_fault import SAME_FAULT
from flows.streams import say
from tasks.storage.scratch import SCRATCH_GB

if TYPE_CHECKING:
    from flows.decisions.prepared import Prepared
    from tasks.reprocess.plan import ReprocessPlan


def reprocess(
    store: StoreOption = Path("store"),
    recipe: Annotated[
        str | None, typer.Option(help="Recipe that the chosen shots are to have.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME@VERSION", help="Version that takes the place of NAME's others."),
    ] = None,
    where: Annotated[
        str | None, typer.Option(metavar="SQL", help="Only shots that this is true of.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and why; do nothing.")
    ] = False,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Carry out what reviewers decided, nothing else.")
    ] = False,
    policy: PolicyOption = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A running Dask scheduler, for instance tcp://host:8786.")
    ] = None,
    workers: WorkersOption = None,
    until: Annotated[
        str | None, typer.Option(metavar="HH:MM", help="Begin only what is done by this time.")
    ] = None,
    same_fault: SameFaultOption = SAME_FAULT,
    cluster: ClusterOption = None,
    scratch: ScratchOption = None,
    scratch_gb: ScratchSizeOption = SCRATCH_GB,
    publish: PublishOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore chosen shots anew; their reels get new versions, the old ones stay."""
    from flows.night.object_storage import ObjectStorage
    from flows.services.services import prefect_api, quiet_settings
    from flows.window.drain import check_clock

    if until is not None:
        check_clock(until)
    ObjectStorage.of(scratch, scratch_gb, publish)  # before Prefect records what it was given
    quiet_settings()
    opened = existing_store(store)
    named = str(policy) if policy else None
    if dry_run:
        from flows.reprocess import Asked, prepare

        prepared = prepare(opened, Asked(recipe, model, where, named, decisions), ask=False)
        typer.echo(plan_json(prepared) if as_json else plan_text(prepared))
        raise typer.Exit(1 if prepared.plan.refused or prepared.decided.need_attention else 0)
    with prefect_api(opened.root / "prefect", lambda: import_module("flows.reprocess")):
        from flows import reprocess as flows_reprocess
        from flows.night.summary import told_by_us
        from flows.words import summary_line

        summary: Any = told_by_us(
            lambda: flows_reprocess.reprocess(
                str(opened.root),
                recipe=recipe,
                model=model,
                where=where,
                policy=named,
                decisions=decisions,
                scheduler=scheduler,
                workers=workers,
                until=until,
                same_fault=same_fault,
                cluster=cluster,
                scratch=scratch,
                scratch_gb=scratch_gb,
                publish=publish,
            )
        )
    said = json.dumps(asdict(summary), ensure_ascii=False) if as_json else summary_line(summary)
    say(said)
    raise typer.Exit(0 if summary.all_well else 1)


def plan_text(prepared: "Prepared") -> str:
    """A plan in words: each reel with how many shots and why, then the sums."""
    from flows.decisions.decided_words import decided_lines

    plan = prepared.plan
    lines = [f"remark: {remark}" for remark in prepared.remarks]
    lines += prepared.models
    for reel in plan.reels:
        for why, count in Counter(chosen.why for chosen in reel.chosen).items():
            of = f"{count} of {len(reel.shots)} shots"
            lines.append(f"{reel.reel.reel_id}  {of}: {why}; its version: {reel.treatment.label}")
    lines += [f"{reel_id}  stays as it is: {why}" for reel_id, why in plan.refused.items()]
    lines += decided_lines(prepared.decided)
    lines += [f"{count} shots left out: {why}" for why, count in plan.left_out.items()]
    known = len(plan.chosen) - len(plan.to_compute)
    recorded = f" ({known} more are recorded already)" if known else ""
    lines.append(
        f"{len(plan.to_compute)} shots of {len(plan.reels)} reels to restore{recorded}, "
        f"{plan.frames} frames, about {plan.hours:.2f} worker hours, at the speed seen before"
    )
    return "\n".join(lines)


def plan_json(prepared: "Prepared") -> str:
    """The same for programs, every shot with its reason."""
    plan = prepared.plan
    said = {
        "shots": len(plan.to_compute), "recorded_already": len(plan.chosen) - len(plan.to_compute),
        "reels": len(plan.reels), "frames": plan.frames, "hours": plan.hours,
        "chosen": _shots(plan), "refused": dict(plan.refused), "left_out": dict(plan.left_out),
        "models": prepared.models, "remarks": prepared.remarks,
        "decisions": _decisions(prepared),
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False)


def _decisions(prepared: "Prepared") -> dict[str, object]:
    decided = prepared.decided
    return {
        "carried": [one.sequence for one in decided.carried],
        "held": {one.sequence: why for one, why in decided.held},
        "stale": [one.sequence for one in decided.stale],
        "settled": {one.sequence: why for one, _, why in decided.settled},
        "undone": {one.sequence: why for one, why in decided.undone}, "fault": decided.fault,
    }  # fmt: skip


def _shots(plan: "ReprocessPlan") -> list[dict[str, object]]:
    return [
        {
            "shot": chosen.shot.shot_id, "frames": chosen.shot.frame_count, "why": chosen.why,
            "before": chosen.before.treatment_id, "after": chosen.after.treatment_id,
        }
        for chosen in plan.chosen
    ]  # fmt: skip
