"""Treatments as nights recorded them, by their identity."""

import json

from catalogs.ledger import Ledger
from catalogs.recipe import Treatment, TreatmentStep


def recorded_treatments(ledger: Ledger) -> dict[str, Treatment]:
    """Every treatment that a batch names the steps of; what does not prove itself is left out."""
    rows = ledger.read("batches").drop_duplicates("treatment_id", keep="last")
    found: dict[str, Treatment] = {}
    for recipe, treatment_id, text in zip(
        rows["recipe"], rows["treatment_id"], rows["steps_json"], strict=True
    ):
        if isinstance(text, str):
            steps = tuple(TreatmentStep(**step) for step in json.loads(text))
            treatment = Treatment(str(recipe), steps)
            if treatment.treatment_id == treatment_id:
                found[treatment_id] = treatment
    return found
