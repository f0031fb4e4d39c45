"""The frame rate: from the catalog, the header or the operator, never from a default."""

from collections.abc import Iterator
from fractions import Fraction

from catalogs.errors import SourceError
from catalogs.records import CatalogReel, RateSource
from catalogs.source import Header

_SAME_RATE = Fraction(1, 2000)  # 23.976 and 24000/1001 are one rate, 24 is another

Claim = tuple[str, Fraction]  # who says it, and the rate


def resolve_rate(
    catalog: CatalogReel, header: Header, notes: list[str]
) -> tuple[Fraction, RateSource]:
    """The frame rate of a reel, and who said it.

    Args:
        catalog: what the catalog says, and the operator.
        header: what the source says.
        notes: takes up what must be disclosed.

    Raises:
        SourceError: nobody says a rate, or they contradict each other and nobody decides.
    """
    claims = list(_claims(header))
    if catalog.operator_rate is not None:
        return _operator_rate(catalog, header, claims, notes), "operator"
    if catalog.frame_rate is not None:
        others = [claim for claim in claims if not _same(claim[1], catalog.frame_rate)]
        if len(others) == len(claims) > 0:
            claims = [("catalog", catalog.frame_rate), *claims]
            raise SourceError(_conflict(catalog, header, claims))
        notes += [f"the {who} says {rate} frames/s and was not followed" for who, rate in others]
        return catalog.frame_rate, "catalog"
    if not claims:
        raise SourceError(
            f"{catalog.path}: no frame rate in catalog or header; put it in the catalog, or decide "
            "with --fps"
        )
    if not all(_same(rate, claims[0][1]) for _, rate in claims):
        raise SourceError(_conflict(catalog, header, claims))
    return claims[0][1], "header"


def _claims(header: Header) -> Iterator[Claim]:
    """What the source itself says of its rate; a DPX file may say it twice."""
    sequence = header.sequence
    if sequence is None:
        if header.frame_rate is not None:
            yield "header", header.frame_rate
        return
    if sequence.film_rate is not None:
        yield "film header", sequence.film_rate
    if sequence.television_rate is not None:
        yield "television header", sequence.television_rate


def _operator_rate(
    catalog: CatalogReel, header: Header, claims: list[Claim], notes: list[str]
) -> Fraction:
    chosen = catalog.operator_rate
    assert chosen is not None  # the caller asked
    if _is_tied(catalog, header) and not any(_same(rate, chosen) for _, rate in claims):
        raise SourceError(
            f"{catalog.path}: --fps says {chosen}, the rate is {_words(claims)}, and the file has "
            "sound, which would leave the picture; re-wrap it at that rate, sound included"
        )
    others = [("catalog", catalog.frame_rate)] if catalog.frame_rate else []
    said = [claim for claim in (*others, *claims) if not _same(claim[1], chosen)]
    over = f"; {_words(said)}" if said else ""
    notes.append(f"frame rate {chosen} by the operator{over}")
    return chosen


def _conflict(catalog: CatalogReel, header: Header, claims: list[Claim]) -> str:
    or_decide = "" if _is_tied(catalog, header) else ", or decide with --fps"
    return (
        f"{catalog.path}: frame rate is {_words(claims)}; correct the catalog or re-wrap the file"
        f"{or_decide}"
    )


def _is_tied(catalog: CatalogReel, header: Header) -> bool:
    """True when sound lies in one file with the picture, whose rate is then that file's."""
    return bool(header.audio) and catalog.sound_path is None


def _words(claims: list[Claim]) -> str:
    return " and ".join(f"{rate} in the {who}" for who, rate in claims)


def _same(one: Fraction, other: Fraction) -> bool:
    return abs(one / other - 1) <= _SAME_RATE
