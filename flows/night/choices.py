"""What the operator chose for a night: frame rates and scans that override the catalog."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, get_args

from catalogs.catalog import Catalog
from catalogs.errors import CatalogError
from catalogs.records import CatalogReel, Scan
from catalogs.vocabulary import parse_frame_rate


@dataclass(frozen=True)
class Choice:
    """One choice: of all reels, or of those of one identifier.

    Attributes:
        option: as it is written on the command line, for messages and events.
        identifier: whose reels; None for all.
        facts: fields of `CatalogReel` that it sets.
    """

    option: str
    identifier: str | None
    facts: dict[str, Any]

    def suits(self, reel: CatalogReel) -> bool:
        """True when the choice is about this reel."""
        return self.identifier in (None, reel.identifier)


def read_choices(fps: Iterable[str] = (), scan: Iterable[str] = ()) -> tuple[Choice, ...]:
    """Read `--fps` and `--scan`: `18`, or `IDENTIFIER=18` for the reels of one item.

    Raises:
        CatalogError: not a rate, or not a kind of scan.
    """
    return tuple(
        [*_read("--fps", fps, _operator_rate), *_read("--scan", scan, _scan)],
    )


def apply_choices(catalog: Catalog, choices: Iterable[Choice]) -> Catalog:
    """The catalog as the operator wants it read; later choices win over earlier ones.

    Raises:
        CatalogError: a choice is of an identifier that the catalog does not have.
    """
    reels = list(catalog.reels)
    for choice in choices:
        if not any(choice.suits(reel) for reel in reels) and choice.identifier is not None:
            held = any(row.identifier == choice.identifier for row in catalog.held)
            if not held:
                raise CatalogError(
                    f"{choice.option}: {catalog.path.name} has no item {choice.identifier!r}; "
                    "check the identifier"
                )
        reels = [replace(r, **choice.facts) if choice.suits(r) else r for r in reels]
    return replace(catalog, reels=tuple(reels))


def _read(
    option: str, values: Iterable[str], parse: Callable[[str], dict[str, Any]]
) -> Iterator[Choice]:
    for value in values:
        identifier, equals, chosen = value.rpartition("=")
        try:
            facts = parse(chosen.strip())
        except CatalogError as error:
            raise CatalogError(f"{option} {value}: {error}") from error
        yield Choice(f"{option} {value}", identifier if equals else None, facts)


def _operator_rate(text: str) -> dict[str, Any]:
    rate: Fraction = parse_frame_rate(text)
    return {"operator_rate": rate}


def _scan(text: str) -> dict[str, Any]:
    if text not in get_args(Scan):
        raise CatalogError(f"{text!r} is not a scan; use one of: {', '.join(get_args(Scan))}")
    return {"scan": text}
