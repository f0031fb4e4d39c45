"""Objections: why a gate report does not allow a promotion.

A report is taken at its word for what was measured; whose word it is, the caller knows. Everything
else that can be asked again is: whether its figures bear out its verdict, whether its sides are the
two versions and differ in nothing else, and whether both are what this software does today.
"""

import json
from collections.abc import Iterator, Mapping

from catalogs.errors import RecipeError
from catalogs.model_version import OF_STEPS, ModelVersion
from catalogs.recipe import Treatment
from tasks.compare.treatments import gate_reasons
from tasks.registry.gate import Gate, GatedModel, GatedSide, Steps, Yardstick
from tasks.reprocess.renew import around, of_today, with_version

ANEW = "compare anew (`wetgate models gate`, or `wetgate reprocess` and `wetgate compare --gate`)"


def objections(
    gate: Gate, challenger: ModelVersion, champion: ModelVersion | None, here: Yardstick
) -> list[str]:
    """Why a report does not allow a promotion; empty when it does.

    Args:
        gate: the report.
        challenger: the version that is to be promoted.
        champion: the version that is in use.
        here: by what this software compares.
    """
    found = [*gate.reasons, *_unsaid(gate), *_otherwise(gate.yardstick, here)]
    if strangers := list(_strangers(gate, challenger, champion)):
        return found + strangers
    found += _untrue(gate.champion.treatments, champion)
    found += _untrue(gate.challenger.treatments, challenger)
    if champion is not None and _surroundings(gate.champion, challenger, champion) != _surroundings(
        gate.challenger, challenger, champion
    ):
        found.append(
            f"its sides differ in more than the version of {challenger.name}: in other steps, or "
            "in parameters"
        )
    return found


def _unsaid(gate: Gate) -> Iterator[str]:
    """What the figures of a report refuse and its reasons do not name."""
    for reason in gate_reasons(len(gate.names), gate.differences):
        if reason not in gate.reasons:
            yield f"its figures say otherwise: {reason}"


def _otherwise(theirs: Yardstick, here: Yardstick) -> Iterator[str]:
    if theirs.software != here.software:
        yield f"the report is by other software ({theirs.software}; here {here.software}); {ANEW}"
    if theirs.calibration_id != here.calibration_id:
        yield (
            f"the report rests on calibration {theirs.calibration_id}, here it is "
            f"{here.calibration_id}; {ANEW}"
        )


def _strangers(
    gate: Gate, challenger: ModelVersion, champion: ModelVersion | None
) -> Iterator[str]:
    """What does not fit of the models that the sides used."""
    new, old = GatedModel(challenger.reference, challenger.content_sha256), None
    if champion is not None:
        old = GatedModel(champion.reference, champion.content_sha256)
    before, after = (_versions(side, challenger.name) for side in (gate.champion, gate.challenger))
    if new not in after:
        yield f"the report is not about {new.model}"
    elif len(after) > 1:
        yield f"its challenger used other versions of {challenger.name} beside {new.model}"
    if old is not None and old not in before:
        yield f"the report does not compare with the champion, {old.model}"
    elif len(before) > 1:
        yield f"what it compares with used several versions of {challenger.name}"
    if new in before or set(gate.champion.treatments) == set(gate.challenger.treatments):
        yield f"the report compares {new.model} with itself"


def _versions(side: GatedSide, name: str) -> tuple[GatedModel, ...]:
    return tuple(one for one in side.models if one.model.partition("@")[0] == name)


def _untrue(treatments: Mapping[str, Steps], version: ModelVersion | None) -> Iterator[str]:
    """Treatments of a side that are not what they are said to be, or not what they would be now.

    Args:
        treatments: of the side.
        version: that each of them must use; None where any recipe will do.
    """
    for name, steps in treatments.items():
        treatment = Treatment("", steps)
        if treatment.treatment_id != name:
            yield f"the report does not hold the steps of treatment {name[:12]}"
        elif version is not None and all(step.model != version.reference for step in steps):
            yield f"some shots were restored without {version.reference} (treatment {name[:12]})"
        elif not _is_of_today(treatment, version):
            yield f"treatment {name[:12]} is not what its steps do by today's code; {ANEW}"


def _is_of_today(treatment: Treatment, version: ModelVersion | None) -> bool:
    try:
        renewed = treatment if version is None else with_version(treatment, version)
        return of_today(renewed).treatment_id == treatment.treatment_id
    except RecipeError:
        return False


def _surroundings(side: GatedSide, one: ModelVersion, other: ModelVersion) -> set[str]:
    """What the treatments of a side are beside the model, and with which parameters they use it.

    A version of steps takes no parameters, so beside one they are not asked for.
    """
    bare = OF_STEPS in (one.architecture, other.architecture)
    return {
        json.dumps(around(Treatment("", steps), one.name, bare))
        for steps in side.treatments.values()
    }
