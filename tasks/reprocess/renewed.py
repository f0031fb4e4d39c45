"""Renewed: reels that a night restores anew because their recipe does something else by now.

A newer version of a step, another version of a model or an edited recipe file give a recipe another
treatment: what was restored by the one before stays, and is not taken for what is made today.
"""

from collections import Counter
from collections.abc import Iterable

from catalogs.ledger import Ledger
from catalogs.recipe import Treatment
from catalogs.treatments import recorded_treatments
from tasks.reprocess.plan import change_words


def renewal_remarks(
    ledger: Ledger, reel_ids: Iterable[str], treatment: Treatment
) -> tuple[str, ...]:
    """A sentence for each treatment that the recipe was when reels were restored by it.

    Args:
        ledger: of the store.
        reel_ids: what a night would restore.
        treatment: by which it would do so.
    """
    rows = ledger.read("reels", columns=("status", "treatment_id", "base_treatment_id"))
    rows = rows[(rows["status"] == "restored") & rows["reel_id"].isin(set(reel_ids))]
    same = rows["treatment_id"] == treatment.treatment_id
    same |= rows["base_treatment_id"] == treatment.treatment_id
    rows = rows[~rows["reel_id"].isin(set(rows.loc[same, "reel_id"]))]
    newest = rows.drop_duplicates("reel_id", keep="last")
    base = newest["base_treatment_id"].fillna("")  # null in rows of before there was the column
    counts = Counter(base.where(base != "", newest["treatment_id"]))
    recorded = recorded_treatments(ledger)
    return tuple(
        _sentence(count, recorded[name], treatment)
        for name, count in counts.most_common()
        if name in recorded and recorded[name].recipe_name == treatment.recipe_name
    )


def _sentence(count: int, before: Treatment, after: Treatment) -> str:
    are = "1 reel is" if count == 1 else f"{count} reels are"
    return (
        f"{are} restored already and will be restored anew: {change_words(before, after)}; the "
        "earlier versions stay. To keep them as they are, leave these reels out of the catalog"
    )
