"""Treatments as nights recorded them, by their identity."""

from catalogs.ledger import Ledger
from catalogs.recipe import Treatment, read_steps


def recorded_treatments(ledger: Ledger) -> dict[str, Treatment]:
    """Every treatment that a batch names the steps of; what does not prove itself is left out."""
    rows = ledger.read("batches").drop_duplicates("treatment_id", keep="last")
    found: dict[str, Treatment] = {}
    for recipe, treatment_id, text in zip(
        rows["recipe"], rows["treatment_id"], rows["steps_json"], strict=True
    ):
        if isinstance(text, str):
            treatment = Treatment(str(recipe), read_steps(text))
            if treatment.treatment_id == treatment_id:
                found[treatment_id] = treatment
    return found
