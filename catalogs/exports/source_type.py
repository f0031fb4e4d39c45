"""IPTC digital source type: was anything altered, and was anything invented.

The vocabulary is IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/. Three of
its terms can be true of a restored reel:

- `algorithmicallyEnhanced`: samples were altered by steps that invent nothing;
- `compositeWithTrainedAlgorithmicMedia`: a step that invents picture altered samples;
- `negativeFilm` or `positiveFilm`: no sample was altered, so the picture is what the scan
  was, and the scan is of film of that kind.

`digitalCapture` is never used: by its definition a digital camera captured real life, and a
scanner that photographs film did not. Catalogs do not say yet whether a reel is a negative
or a positive, so of an unaltered reel nothing is claimed: the type is left out.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from catalogs.exports.subject import RestoredReel, ShotRecord

VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"

FilmElement = Literal["negative", "positive"]


@dataclass(frozen=True)
class SourceType:
    """What may be claimed.

    Attributes:
        uri: of the IPTC term; empty where no term is true for certain.
        change: in words, for people.
    """

    uri: str
    change: Literal["unaltered", "altered, nothing invented", "altered, picture invented"]


def digital_source_type(
    altering_steps: Iterable[str],
    inventing_steps: Collection[str],
    element: FilmElement | None = None,
) -> SourceType:
    """Choose the term.

    Args:
        altering_steps: names of the steps that altered at least one sample that is kept.
        inventing_steps: names of the steps that invent picture.
        element: what was scanned, where the catalog says.
    """
    altering = set(altering_steps)
    if altering & set(inventing_steps):
        term = VOCABULARY + "compositeWithTrainedAlgorithmicMedia"
        return SourceType(term, "altered, picture invented")
    if altering:
        return SourceType(VOCABULARY + "algorithmicallyEnhanced", "altered, nothing invented")
    return SourceType(f"{VOCABULARY}{element}Film" if element else "", "unaltered")


def source_type_of(subject: RestoredReel) -> SourceType:
    """The term of a restored reel."""
    reading = {"deinterlacing"} if subject.reel.header.deinterlaced else set()
    altering = altering_steps(subject.shots) | reading
    return digital_source_type(altering, subject.inventing_steps)


def altering_steps(shots: Iterable[ShotRecord]) -> set[str]:
    """Steps that altered samples of shots whose restored frames were kept."""
    return {
        step.name
        for record in shots
        if record.shot.status == "restored"
        for step in record.steps
        if step.changed_share > 0
    }
