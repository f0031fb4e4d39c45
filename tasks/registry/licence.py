"""Licence: what must be said whenever a registered model is used."""

from catalogs.model_version import is_noncommercial
from catalogs.recipe import Treatment


def licence_remarks(treatment: Treatment) -> tuple[str, ...]:
    """A sentence for each model of a treatment that must not be used commercially.

    It stands in the plan, among the night's remarks, and in each reel's disclosures.
    """
    models = {step.model: step.licence for step in treatment.steps if step.model}
    return tuple(
        f"model {model} is not licensed for commercial use (licence: {licence})"
        for model, licence in models.items()
        if is_noncommercial(licence)
    )
