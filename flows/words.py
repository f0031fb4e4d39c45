"""What the command line says: plans, standings and summaries as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalogs.errors import StoreError
from catalogs.mixtures import with_mixtures
from catalogs.publications import read_publications
from catalogs.records import Reel
from catalogs.rows import known_reels
from catalogs.shot_list import holding_rows, of_holding_lists
from catalogs.store import Store
from catalogs.tables import SHOT_PLACE
from tasks.report.words import STANDS

if TYPE_CHECKING:  # loads torch and Prefect, which no other word needs
    from flows.plan import Plan

_OF_REEL = (
    "reel_digest", "title", "status", "reason", "treatment_id", "batch_id", "source",
    "derivative_id",
)  # fmt: skip
_OF_SHOT = (*SHOT_PLACE, "treatment_id", "status")


@dataclass(frozen=True)
class Standing:
    """Where one reel stands.

    Attributes:
        waits: for which storage under maintenance; "" where it need not.
    """

    reel_id: str
    title: str
    status: str
    reason: str
    shots_done: int
    shots_kept: int
    shots: int
    waits: str = ""
    published: tuple[str, ...] = ()


def reel_standings(store: Store) -> tuple[Standing, ...]:
    """Every reel the store knows, in the order of their names."""
    ledger = store.ledger()
    reels = ledger.newest("reels", columns=_OF_REEL).sort_values("reel_id")
    batches = ledger.read("batches", columns=[])
    # A row that could not be read has no reel; it stands until a later night reads it.
    last = batches.iloc[-1]["batch_id"] if len(batches) else ""
    reels = reels[reels["title"].notna() | (reels["batch_id"] == last)]
    listed = holding_rows(ledger.newest("shots", columns=SHOT_PLACE))
    shots = listed.groupby(["reel_id", "reel_digest"]).size()
    restored = with_mixtures(
        ledger.newest("restorations", columns=_OF_SHOT), ledger.newest("mixtures")
    )
    outcomes = of_holding_lists(ledger, restored)
    by_reel = ["reel_id", "reel_digest", "treatment_id"]
    done = outcomes.groupby(by_reel).size()
    copies = read_publications(ledger)
    kept = outcomes[outcomes["status"] == "original kept"].groupby(by_reel).size()
    return tuple(
        Standing(
            reel_id=row.reel_id,
            title=row.title or "",
            status=row.status,
            reason=row.reason or "",
            shots_done=int(done.get((row.reel_id, row.reel_digest, row.treatment_id), 0)),
            shots_kept=int(kept.get((row.reel_id, row.reel_digest, row.treatment_id), 0)),
            shots=int(shots.get((row.reel_id, row.reel_digest), 0)),
            waits=_waits(store, row.source) if row.status != "restored" else "",
            published=tuple(str(c) for c in copies if c.derivative_id == row.derivative_id),
        )
        for row in reels.itertuples()
    )


def _waits(store: Store, source: object) -> str:
    """For which storage a reel waits."""
    if not isinstance(source, str) or not source:
        return ""
    holding = (str(one) for one in store.controls.storages if one.holds(Path(source)))
    return next(holding, "")


def standings_text(standing: tuple[Standing, ...]) -> str:
    """Standings, one line a reel."""
    lines = []
    for reel in standing:
        shots = f"{reel.shots_done}/{reel.shots} shots" if reel.shots else "no shots yet"
        if reel.shots_kept:
            shots += f" ({reel.shots_kept} kept their original)"
        reason = f": {first_line(reel.reason)}" if reel.reason else ""
        word = "in work" if reel.status == "ingested" else reel.status
        if reel.waits and reel.status in ("held", "failed"):
            reason += f"; waits: {reel.waits}"
        elif reel.waits:
            word, reason = "waits", f": {reel.waits}"
        copies = "".join(f"; {first_line(copy)}" for copy in reel.published)
        lines.append(f"{reel.reel_id}  {word}, {shots}{copies}{reason}")
    return "\n".join(lines) or "the store holds no reels yet"


def plan_text(plan: Plan) -> str:
    """A plan in words."""
    lines = [f"remark: {remark}" for remark in plan.remarks]
    for reel in plan.reels:
        size = f"{reel.frames} frames" if reel.frames else "length not in the header"
        finished = STANDS if reel.reprocessed else "finished already"
        done = finished if reel.finished else "to be restored"
        picture = f"{size}, {reel.megapixels:.2f} megapixels"
        where = picture if reel.megapixels else "in object storage, not looked into"
        lines.append(f"{reel.reel_id}  {done}, {where}")
    lines += [f"{h.reel_id}  would be held: {first_line(h.reason)}" for h in plan.held]
    unknown = any(not reel.frames and not reel.finished for reel in plan.reels)
    more = " (more: some lengths are not known before reading)" if unknown else ""
    lines.append(
        f"{sum(not r.finished for r in plan.reels)} reels to restore, {len(plan.held)} would be "
        f"held; about {plan.disk_bytes / 1e9:.1f} GB{more}, {plan.free_bytes / 1e9:.0f} GB free"
    )
    if plan.disk_bytes > plan.free_bytes:
        lines.append(
            f"not all of it fits: free about {(plan.disk_bytes - plan.free_bytes) / 1e9:.1f} GB, "
            "or the night restores what fits and says what it left"
        )
    if plan.hours is None:
        lines.append("time: not known before the store has restored its first shots")
    else:
        lines.append(f"time: about {plan.hours:.1f} worker hours, at the speed seen so far{more}")
    return "\n".join(lines)


def first_line(reason: str) -> str:
    """A reason without what a program said; that is in the report and the reel's log."""
    return reason.partition("\n")[0]


def summary_line(summary: Any) -> str:
    """How the night ended, and where its report is."""
    stopped = " The night was stopped before it was done." if summary.stopped else ""
    shots = "1 shot" if summary.shots_computed == 1 else f"{summary.shots_computed} shots"
    if summary.shots_original_kept:
        shots += f" ({summary.shots_original_kept} kept their original)"
    counts = f"{summary.restored} restored, {summary.held} held, {summary.failed} failed"
    if summary.waiting:
        counts += f", {summary.waiting} waiting for a storage"
    if summary.unpublished:
        counts += f", {summary.unpublished} not published"
    computed = f"{shots} computed.{stopped}{_open(summary.decisions_open)}"
    return f"Reels: {counts}; {computed}\nReport: {summary.report}"


def _open(decisions: int) -> str:
    """That decisions of reviewers wait for somebody."""
    if not decisions:
        return ""
    waiting = "1 decision needs" if decisions == 1 else f"{decisions} decisions need"
    return f" {waiting} a look; the report says why."


def known_batch(store: Store, wanted: str | None) -> str:
    """A night of the store: the one that is named, or the newest.

    Raises:
        StoreError: there was no night, or none of that name.
    """
    batches = list(store.ledger().read("batches", columns=[])["batch_id"].unique())
    if not batches:
        raise StoreError(f"{store.root} has seen no night yet; run `wetgate run` first")
    if wanted is not None and wanted not in batches:
        raise StoreError(f"no night {wanted!r}; the last are: {', '.join(batches[-5:])}")
    return str(wanted or batches[-1])


def restored_masters(store: Store) -> dict[str, Path]:
    """The newest restored master of each reel, by reel_id."""
    rows = store.ledger().newest("reels")
    rows = rows[rows["status"] == "restored"]
    known = known_reels(store.ledger())
    return {
        row.reel_id: _master(store, known[row.reel_id], row.derivative_id)
        for row in rows.itertuples()
    }


def _master(store: Store, reel: Reel, derivative_id: str) -> Path:
    label = derivative_id.removeprefix(f"{reel.reel_id}.")
    return store.reel_folder(reel.reel_id, label) / f"{derivative_id}.mkv"


def as_json(value: Any) -> str:
    """What a command says with `--json`."""
    return json.dumps(value, default=str, ensure_ascii=False)
