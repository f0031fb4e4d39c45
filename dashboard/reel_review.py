"""Where the review of a reel stands: its output's hash, sign-offs, lock, and open shots."""

from dataclasses import dataclass

from catalogs.decisions.decision import Decision
from catalogs.decisions.standing import ReelState, reel_states
from catalogs.policy import same_name
from dashboard.house import House
from dashboard.ledger_view import Row
from dashboard.outcomes import outcomes_of
from dashboard.shot_filters import Filters, where_clause
from tasks.decisions.decide import open_decisions, reel_outputs, standing_outputs


@dataclass(frozen=True)
class ReelReview:
    """What was decided of a reel as a whole.

    Attributes:
        output_sha256: of its manifest; where none stands and it is locked, of what was locked, so
            that it can be reopened; else empty.
        open_shots: without a decision of the output that stands.
        flagged_open: of these, how many are flagged.
        decisions: of the whole reel, newest first.
        undone: questions, and what was asked for and not done yet, of what stands.
    """

    output_sha256: str
    state: ReelState
    open_shots: int
    flagged_open: int
    decisions: tuple[Decision, ...]
    undone: tuple[Decision, ...]

    @property
    def subject_sha256(self) -> str:
        """The output that is decided of: of a locked reel, where nothing stands, the locked one."""
        locked = self.state.locked
        return self.output_sha256 or (locked.output_sha256 if locked else "")

    @property
    def why_open(self) -> str:
        """Why it can be neither signed off nor locked; empty when it can."""
        count = len(self.undone)
        if not count:
            return ""
        return "1 decision is open" if count == 1 else f"{count} decisions are open"

    @property
    def why_no_lock(self) -> str:
        """Why a lock would not be taken now; empty when it would."""
        if self.why_open:
            return self.why_open
        few = len({same_name(name) for name in self.state.signed_off_by}) < 2
        return "two different people must have signed off" if few else ""

    def has_signed(self, person: str) -> bool:
        """Whether this person signed off what stands."""
        return same_name(person) in {same_name(name) for name in self.state.signed_off_by}


def output_of(house: House, row: Row) -> str:
    """SHA-256 of the manifest of the reel's version that stands; empty where there is none."""
    reel_id = str(row["reel_id"])
    found = reel_outputs(house.store, reel_id).get((reel_id, None, None))
    return found.sha256 if found else ""


def reel_review(house: House, row: Row) -> ReelReview:
    """The review of a reel, by its newest row."""
    reel_id, output = str(row["reel_id"]), output_of(house, row)
    own = [d for d in house.view.decisions.known() if d.reel_id == reel_id]
    state = reel_states(own, {(reel_id, None, None): output}).get(reel_id, ReelState())
    source, values = where_clause(Filters(reel=reel_id, decision="open"))
    counts = house.view.one(
        f"SELECT count(*) AS n, count(*) FILTER (s.light = 'flag') AS flagged {source}", values
    ) or {"n": 0, "flagged": 0}
    whole = tuple(d for d in reversed(own) if d.is_of_reel)
    undone: tuple[Decision, ...] = ()
    if own:
        known = outcomes_of(house.view, own)
        undone = open_decisions(own, standing_outputs(house.store, reel_id), known)
    return ReelReview(output, state, int(counts["n"]), int(counts["flagged"]), whole, undone)
