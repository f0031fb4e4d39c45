"""Under which treatments shots were restored, by the names that folders and reports use.

Shots of several treatments may be compared; a stratum that one treatment had more of then differs
by what the treatment does, and not by what the stratum is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pandas as pd

from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.recipe import treatment_label

_TELL = ("reels", "batches")  # tables that say by which recipe a treatment is
_COLUMNS = ["recorded_at", "treatment_id", "recipe"]


def treatment_labels(ledger: Ledger) -> dict[str, str]:
    """The label of each treatment that is on record, by its id: `conservative-0f3a51c2b7d9`."""
    rows = pd.concat([ledger.read(name)[_COLUMNS] for name in _TELL]).sort_values("recorded_at")
    rows = rows[rows[["treatment_id", "recipe"]].fillna("").ne("").all(axis=1)]
    recipes = dict(zip(rows["treatment_id"], rows["recipe"], strict=True))
    return {treatment: treatment_label(recipe, treatment) for treatment, recipe in recipes.items()}


def find_treatment(ledger: Ledger, wanted: str) -> str:
    """The id of the one treatment whose id or label begins as asked for.

    Raises:
        StoreError: there is none, or more than one.
    """
    labels = treatment_labels(ledger)
    found = [
        treatment
        for treatment, label in labels.items()
        if treatment.startswith(wanted) or label.startswith(wanted)
    ]
    if len(found) == 1:
        return found[0]
    said = ", ".join(sorted(labels[treatment] for treatment in found or labels))
    if found:
        raise StoreError(f"{wanted!r} is the beginning of several treatments; name one of: {said}")
    raise StoreError(f"no treatment {wanted!r}; there are: {said or 'none'}")


def mixture(labels: Iterable[str]) -> str:
    """What must be said of shots of more than one treatment; "" for those of one."""
    counts = Counter(labels)
    if len(counts) < 2:
        return ""
    each = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return (
        f"Shots of {len(counts)} treatments are compared ({each}): a difference between strata may "
        "be one between treatments; `--treatment` compares the shots of one."
    )
