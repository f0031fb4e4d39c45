"""Reprocessed: reels that stand as they were reprocessed, whatever nights with their recipe do."""

from collections.abc import Mapping, Sequence

from catalogs.ledger import Ledger
from catalogs.mixtures import read_version, reprocessed_version
from catalogs.policy import Policy
from catalogs.recipe import Treatment
from catalogs.records import Reel, Shot
from tasks.permit import forbidden


def standing_treatment(
    ledger: Ledger,
    reel: Reel,
    shots: Sequence[Shot],
    treatment: Treatment,
    policy: Policy,
    recorded: Mapping[str, Treatment],
) -> Treatment | str | None:
    """What a night goes on with where a reel was reprocessed from the night's own treatment.

    Args:
        ledger: of the store.
        reel: as its source is now.
        shots: of the list that holds.
        treatment: of the night.
        policy: what may be done to which collection.
        recorded: treatments as nights recorded them, by their identity.

    Returns:
        The treatment of the version that stands; why that cannot stay, where it cannot; None
        where the reel was not reprocessed from this treatment.
    """
    version = reprocessed_version(ledger, reel, treatment.treatment_id)
    if version is None:
        return None
    own = read_version(ledger, reel, version, recorded)
    if own is None:
        return f"no night of the ledger names the steps of treatment {version}"
    places = [(shot.start_frame, shot.stop_frame) for shot in shots]
    if own.parts and [(part.start_frame, part.stop_frame) for part in own.parts] != places:
        return "its shot list was corrected since"
    return forbidden(reel.catalog, policy, own) or own
