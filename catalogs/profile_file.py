"""Profiles read from their files, and every mistake in one named."""

import os
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, cast

from catalogs.errors import CatalogError
from catalogs.field_readers import INSIDE, read_value
from catalogs.profile import (
    DELIMITERS,
    ENCODINGS,
    FIELDS,
    FORMATS,
    Format,
    Profile,
    Selector,
    parse_selector,
    path_blanks,
)
from catalogs.vocabulary import TERMS

_KEYS = (
    "base", "format", "encoding", "delimiter", "path", "path_spaces", "incomplete_sets",
    "fields", "notes", "vocabulary", "defaults", "only",
)  # fmt: skip
_TABLES: dict[str, tuple[str, ...] | None] = {
    "fields": FIELDS, "notes": tuple(INSIDE), "vocabulary": tuple(TERMS), "defaults": FIELDS,
    "only": None,
}  # fmt: skip
_CHOICES: dict[str, tuple[str, ...]] = {
    "format": FORMATS, "encoding": ENCODINGS, "delimiter": DELIMITERS,
    "incomplete_sets": ("hold", "allow"),
}  # fmt: skip

Written = dict[str, Any]


def shipped_profiles() -> dict[str, Path]:
    """Name and file of each profile that comes with Wetgate; one bears each format's name."""
    folder = Path(str(resources.files("catalogs") / "profiles"))
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def read_profile(name_or_path: str) -> Profile:
    """Read a shipped profile by name, or any profile by the path of its file.

    Raises:
        CatalogError: no such profile, not TOML, or a mistake in it, which is named.
    """
    path = _profile_path(name_or_path)
    written = _load(path)
    if "base" in written:
        base = shipped_profiles().get(str(written["base"]))
        if base is None:
            raise CatalogError(
                f"{path}: base {written['base']!r} is not shipped; use one of: "
                f"{', '.join(shipped_profiles())}"
            )
        written = _built_upon(_load(base), written)
    try:
        return _profile(path.stem, written)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error}") from error


def _profile_path(name_or_path: str) -> Path:
    shipped = shipped_profiles()
    path = shipped.get(name_or_path, Path(name_or_path))
    if not os.path.isfile(path):  # noqa: PTH113 - Path.is_file raises for overlong names
        raise CatalogError(
            f"no profile {name_or_path!r}; name a file or one of: {', '.join(shipped)}"
        )
    return path


def _load(path: Path) -> Written:
    try:
        written = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise CatalogError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read ({error.strerror}); check it") from error
    _check_names(path, "", written, _KEYS)
    for table, names in _TABLES.items():
        inner = written.get(table, {})
        if not isinstance(inner, dict):
            raise CatalogError(f"{path}: {table} is not a table; write [{table}]")
        if names is not None:
            _check_names(path, f" in [{table}]", inner, names)
    for field, terms in written.get("vocabulary", {}).items():
        if not isinstance(terms, dict):
            raise CatalogError(
                f"{path}: vocabulary {field} is not a table; write [vocabulary.{field}]"
            )
    return written


def _check_names(path: Path, where: str, written: Written, known: tuple[str, ...]) -> None:
    unknown = sorted(set(written) - set(known))
    if unknown:
        raise CatalogError(
            f"{path}: unknown field {', '.join(unknown)}{where}; use: {', '.join(known)}"
        )


def _built_upon(base: Written, written: Written) -> Written:
    tables = {name: base.get(name, {}) | written.get(name, {}) for name in _TABLES}
    terms = {
        name: base.get("vocabulary", {}).get(name, {}) | written.get("vocabulary", {}).get(name, {})
        for name in tables["vocabulary"]
    }
    return base | written | tables | {"vocabulary": terms}


def _profile(name: str, written: Written) -> Profile:
    for key, known in _CHOICES.items():
        if key in written and written[key] not in known:
            words = ", ".join(map(repr, known))
            raise CatalogError(f"{key} {written[key]!r} is not known; use one of: {words}")
    if "format" not in written:
        raise CatalogError(f"format is not given; use one of: {', '.join(FORMATS)}")
    profile = Profile(
        name=name,
        format=cast(Format, written["format"]),
        encoding=written.get("encoding"),
        delimiter=written.get("delimiter"),
        path=_text(written, "path") if "path" in written else None,
        path_spaces=_text(written, "path_spaces") if "path_spaces" in written else " ",
        incomplete_sets=written.get("incomplete_sets", "hold"),
        fields=_selectors(written.get("fields", {})),
        notes=_selectors(written.get("notes", {})),
        vocabulary=_vocabulary(written.get("vocabulary", {})),
        defaults={name: _text(written["defaults"], name) for name in written.get("defaults", {})},
        only=tuple(
            (parse_selector(key), tuple(text.lower() for text in _texts(key, value)))
            for key, value in written.get("only", {}).items()
        ),
    )
    _check(profile)
    return profile


def _check(profile: Profile) -> None:
    """What can only be wrong in use is found now, not at night."""
    for name, text in profile.defaults.items():
        try:
            read_value(name, text)
        except CatalogError as error:
            raise CatalogError(f"[defaults] {error}") from error
    for field, terms in profile.vocabulary.items():
        for theirs, ours in terms.items():
            if ours and ours not in TERMS[field]:
                known = ", ".join(TERMS[field])
                raise CatalogError(
                    f"[vocabulary.{field}] {theirs!r} = {ours!r} is not known; use one of: {known}"
                )
    path = profile.path
    if path is not None and not 0 < path.count("{") == path.count("}") == len(path_blanks(path)):
        raise CatalogError(
            f"path {path!r} has no proper blanks; write for instance "
            '"{identifier}_r{reel:02}.mkv"'
        )


def _vocabulary(written: Written) -> Mapping[str, Mapping[str, str]]:
    return {
        field: {" ".join(theirs.lower().split()): _text(terms, theirs) for theirs in terms}
        for field, terms in written.items()
    }


def _selectors(written: Written) -> Mapping[str, tuple[Selector, ...]]:
    return {
        name: tuple(parse_selector(text) for text in _texts(name, value))
        for name, value in written.items()
    }


def _texts(name: str, value: object) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    known = [text for text in texts if isinstance(text, str)]
    if not texts or len(known) < len(texts):
        raise CatalogError(f"{name} must be a text or a list of texts")
    return known


def _text(written: Written, name: str) -> str:
    if not isinstance(written[name], str):
        raise CatalogError(f"{name} must be a text")
    return cast(str, written[name])
