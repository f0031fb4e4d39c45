"""PBCore and EN 15907: real irregularities are read, attacks are refused, every loss is said."""

import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from catalogs.catalog import Catalog, read_catalog
from catalogs.errors import CatalogError

SAMPLES = Path(__file__).parent / "catalogs"
PBCORE = "http://www.pbcore.org/PBCore/PBCoreNamespace.html"

Read = Callable[..., Catalog]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads text or bytes as an XML catalog."""

    def read_written(written: str | bytes, profile: str | None = None) -> Catalog:
        path = tmp_path / "export.xml"
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return read_catalog(path, profile)

    return read_written


def pbcore(inside: str, root: str = "pbcoreDescriptionDocument") -> str:
    return (
        f'<{root} xmlns="{PBCORE}"><pbcoreIdentifier source="Local">N 1</pbcoreIdentifier>'
        f"<pbcoreTitle>T</pbcoreTitle>{inside}</{root}>"
    )


def digital(path: str, inside: str = "") -> str:
    return (
        "<pbcoreInstantiation><instantiationDigital>video/mxf</instantiationDigital>"
        f"<instantiationLocation>{path}</instantiationLocation>{inside}</pbcoreInstantiation>"
    )


# PBCore


def test_the_series_title_is_not_the_programs(read: Read) -> None:
    """As the American Archive of Public Broadcasting writes them, in this order."""
    titles = '<pbcoreTitle titleType="Program">Harbor, The</pbcoreTitle>'
    written = pbcore(titles + digital("a.mkv")).replace(
        "<pbcoreTitle>T<", '<pbcoreTitle titleType="Series">Focus<'
    )
    assert [reel.title for reel in read(written).reels] == ["The Harbor"]


def test_the_collection_is_the_title_of_that_type(read: Read) -> None:
    """`pbcoreCollection` only wraps documents; it is no collection of the archive."""
    title = '<pbcoreTitle titleType="Collection">Harbour  News</pbcoreTitle>'
    inside = pbcore(title + digital("a.mkv"))
    (reel,) = read(
        f'<pbcoreCollection collectionTitle="Export 7">{inside}</pbcoreCollection>'
    ).reels
    assert (reel.title, reel.collection) == ("T", "Harbour News")
    second = title.replace("Harbour", "City")
    (held,) = read(pbcore(title + second + digital("a.mkv"))).held
    assert "field collection (pbcoreTitle[titleType=Collection]) says different" in held.reason


def test_proxies_beside_the_masters_are_held_until_a_profile_leaves_them_out(
    read: Read, tmp_path: Path
) -> None:
    kind = "<instantiationGenerations>{}</instantiationGenerations>"
    written = pbcore(
        digital("a.mkv", kind.format("Preservation master"))
        + digital("a.mp4", kind.format("Proxy"))
    )
    assert len(read(written).held) == 2
    profile = tmp_path / "ours.toml"
    only = '"pbcoreInstantiation/instantiationGenerations" = ["Preservation master"]'
    profile.write_text(f'base = "pbcore"\n[only]\n{only}\n')
    assert [reel.path for reel in read(written, str(profile)).reels] == ["a.mkv"]


def test_a_pbcore_record_of_the_wild_is_read_with_its_doubts() -> None:
    """Wrong case of the root, inverted article, reels in notes, doubtful durations."""
    catalog = read_catalog(SAMPLES / "regional.xml", "regional-film")
    assert catalog.held == ()
    first, second = catalog.reels
    assert (first.identifier, first.title, first.date) == ("RFA 1983.12", "The Fair", "1950?")
    assert (first.path, second.path) == (
        "RFA-1983.12/RFA-1983.12_r01.mov", "fair/second reel.mov",
    )  # fmt: skip
    assert [(r.reel_number, r.reel_count) for r in catalog.reels] == [(1, 2), (2, 2)]
    assert [r.duration_seconds for r in catalog.reels] == [Fraction(1800), Fraction(1749)]
    assert {r.gauge for r in catalog.reels} == {"16mm"}
    assert {r.colour for r in catalog.reels} == {"tinted"}
    assert {r.frame_rate for r in catalog.reels} == {Fraction(18)}
    doubted = ("reel_number", "frame_rate", "date", "duration_seconds")
    assert [r.uncertain for r in catalog.reels] == [doubted, doubted]
    assert (first.line, second.line) == (18, 24)


def test_an_unknown_colour_is_held_and_never_passed() -> None:
    catalog = read_catalog(SAMPLES / "regional.xml")
    assert catalog.reels == ()
    assert all("'BW with tints' is not known" in held.reason for held in catalog.held)
    assert [held.reel_id for held in catalog.held] == ["record-1", "record-2"]


def test_parts_of_an_instantiation_are_reels_and_old_pbcore_is_read() -> None:
    catalog = read_catalog(SAMPLES / "parts.xml")
    assert [(r.identifier, r.path, r.colour) for r in catalog.reels] == [
        ("N-1", "harvest/1.mkv", "colour"),
        ("N-1", "harvest/2.mkv", "colour"),
        ("N-2", "harvest2.mp4", "black and white"),
    ]
    assert [r.duration_seconds for r in catalog.reels] == [Fraction(1200), None, Fraction(1800)]
    assert [r.gauge for r in catalog.reels] == [None, "16mm", None]
    assert [(r.reel_number, r.reel_count) for r in catalog.reels] == [(1, 2), (2, 2), (1, 1)]


@pytest.mark.parametrize(
    "root", ["pbcoreDescriptionDocument", "PBCoreDescriptionDocument", "PBCOREDESCRIPTIONDOCUMENT"]
)
def test_the_case_of_the_root_does_not_matter(read: Read, root: str) -> None:
    catalog = read(pbcore(digital("a.mxf"), root))
    assert [reel.path for reel in catalog.reels] == ["a.mxf"]


def test_a_reel_that_nothing_tells_is_one_of_one_by_default_and_said_so(read: Read) -> None:
    catalog = read(pbcore(digital("a.mxf")))
    assert [(r.reel_number, r.reel_count) for r in catalog.reels] == [(1, 1)]
    assert [e.field for e in catalog.mapping if e.status == "defaulted"] == ["reel"]


def test_two_files_of_one_asset_without_reels_contradict_each_other(read: Read) -> None:
    """A master and its access copy, perhaps; which is the reel is not ours to guess."""
    catalog = read(pbcore(digital("a.mxf") + digital("b.mp4")))
    assert catalog.reels == ()
    assert "path a.mxf" in catalog.held[0].reason
    assert "path b.mp4" in catalog.held[0].reason


def test_two_colours_of_one_record_are_conflicting(read: Read) -> None:
    two = "<instantiationColors>Tinted</instantiationColors><instantiationColors>B&amp;W</instantiationColors>"  # noqa: E501
    catalog = read(pbcore(digital("a.mxf", two)))
    assert "says different things in one record (Tinted | B&W)" in catalog.held[0].reason
    assert [e.field for e in catalog.mapping if e.status == "conflicting"] == ["colour"]


def test_what_is_not_a_film_is_held(read: Read) -> None:
    tape = "<pbcoreInstantiation><instantiationPhysical>Betacam</instantiationPhysical></pbcoreInstantiation>"  # noqa: E501
    catalog = read(pbcore(digital("a.mxf") + tape))
    assert "gauge (physical/instantiationPhysical) 'Betacam' is not known" in catalog.held[0].reason


def test_a_video_copy_beside_a_film_may_say_nothing_by_profile(read: Read, tmp_path: Path) -> None:
    carriers = "".join(
        f"<pbcoreInstantiation><instantiationPhysical>{carrier}</instantiationPhysical>"
        "</pbcoreInstantiation>"
        for carrier in ("VHS", "Film: 16mm")
    )
    written, profile = pbcore(carriers + digital("a.mkv")), tmp_path / "ours.toml"
    assert len(read(written).held) == 1
    profile.write_text('base = "pbcore"\n[vocabulary.gauge]\n"vhs" = ""\n')
    assert [reel.gauge for reel in read(written, str(profile)).reels] == ["16mm"]


def test_every_text_that_was_not_used_is_reported(read: Read) -> None:
    catalog = read(pbcore("<pbcoreDescription>Pigs</pbcoreDescription>" + digital("a.mxf")))
    unmapped = {e.source: e.found for e in catalog.mapping if e.status == "unmapped"}
    assert unmapped == {
        "pbcoreidentifier@source": "Local",
        "pbcoredescription": "Pigs",
        "pbcoreinstantiation/instantiationdigital": "video/mxf",
    }


# EN 15907


def test_efg_manifestations_are_the_reels_of_their_work() -> None:
    catalog = read_catalog(SAMPLES / "efg.xml", "kinemathek")
    (reel,) = catalog.reels
    assert (reel.identifier, reel.title, reel.path) == (
        "KNM_avCreation_88", "Ein Tag im Hafen", "KNM_avCreation_88/88-1.mov",
    )  # fmt: skip
    assert (reel.gauge, reel.colour, reel.sound) == ("35mm", "tinted", "silent")
    assert (reel.frame_rate, reel.duration_seconds) == (Fraction(16), Fraction(733))
    assert (reel.reel_number, reel.reel_count, reel.uncertain) == (
        1,
        2,
        ("reel_number", "reel_count"),
    )
    (held,) = catalog.held
    assert "'Technicolor No. II' is not known" in held.reason


def test_a_profile_says_of_which_collection_an_efg_catalog_is(tmp_path: Path) -> None:
    profile = tmp_path / "ours.toml"
    profile.write_text(
        'base = "en15907"\npath = "{identifier}.mov"\n[defaults]\ncollection = "Harbour News"\n'
    )
    (reel,) = read_catalog(SAMPLES / "efg.xml", str(profile)).reels
    assert reel.collection == "Harbour News"


def test_without_a_profile_efg_names_no_files_and_is_held_saying_so() -> None:
    catalog = read_catalog(SAMPLES / "efg.xml")
    assert catalog.reels == ()
    assert "let the profile's path say how files are named" in catalog.held[0].reason


def test_finna_films_are_read_and_its_stills_left_out() -> None:
    catalog = read_catalog(SAMPLES / "forward.xml", "finna")
    (reel,) = catalog.reels
    assert (reel.identifier, reel.title, reel.path) == ("104217", "Kesä saaristossa", "104217.mkv")
    assert (reel.colour, reel.sound, reel.duration_seconds) == ("black and white", "silent", 540)
    assert (reel.date, reel.uncertain) == ("[1911,1912]", ("date",))
    assert catalog.remarks == ("left out, as the profile asks: 1 records of another kind",)


# What is no catalog, and what would be worse


@pytest.mark.parametrize(
    ("attack", "says"),
    {
        "entity": ('<!DOCTYPE a [<!ENTITY b "c">]>', "document type"),
        "external entity": ('<!DOCTYPE a [<!ENTITY b SYSTEM "secret.txt">]>', "document type"),
        "external type": ('<!DOCTYPE a SYSTEM "http://localhost:9/a.dtd">', "document type"),
        "billion laughs": (
            '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]>',
            "document type",
        ),
    }.values(),
    ids=["entity", "external entity", "external type", "billion laughs"],
)  # fmt: skip
def test_no_entity_is_expanded_and_nothing_else_is_opened(
    read: Read, tmp_path: Path, attack: str, says: str
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    body = pbcore("<pbcoreDescription>&b;</pbcoreDescription>" + digital("a.mxf"))
    opened: list[str] = []
    watching = [True]

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("open", "socket.connect"):
            opened.append(f"{event} {arguments[0]}")

    sys.addaudithook(watch)
    try:
        with pytest.raises(CatalogError, match=says):
            read(f'<?xml version="1.0"?>{attack}{body}')
    finally:
        watching.clear()
    assert any("export.xml" in event for event in opened), "the watch sees nothing"
    assert not [event for event in opened if "secret" in event or "socket" in event]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("<pbcoreDescriptionDocument>", "not XML"),
        (pbcore("&nbsp;" + digital("a.mxf")), "not XML: .*undefined entity"),
        ("<collection/>", "neither PBCore nor EN 15907"),
        ("", "neither PBCore nor EN 15907"),
        ("<pbcoreCollection></pbcoreCollection>", "no pbcoredescriptiondocument"),
        (pbcore("<a>" * 5_000 + "</a>" * 5_000), "nested more than 60 deep"),
        ('<?xml version="1.0" encoding="utf-7"?>' + pbcore(""), "encoding utf-7 is not read"),
    ],
    ids=["cut off", "unknown entity", "another root", "empty", "no record", "deep", "encoding"],
)
def test_what_is_no_catalog_is_refused_with_its_file(read: Read, written: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says) as caught:
        read(written)
    assert "export.xml" in str(caught.value)


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", ""), ("utf-8", "UTF-8"), ("utf-8-sig", ""), ("utf-16", "UTF-16"),
     ("latin-1", "ISO-8859-1"), ("cp1252", "windows-1252")],
)  # fmt: skip
def test_declared_encodings_are_read(read: Read, encoding: str, declared: str) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    catalog = read((text + pbcore(digital("é.mxf"))).encode(encoding))
    assert [reel.path for reel in catalog.reels] == ["é.mxf"]
    assert catalog.remarks == ()


def test_a_file_that_lies_about_its_encoding_is_read_and_said_so(read: Read) -> None:
    text = '<?xml version="1.0" encoding="UTF-8"?>' + pbcore(digital("é.mxf"))
    catalog = read(text.encode("cp1252"))
    assert [reel.path for reel in catalog.reels] == ["é.mxf"]
    assert catalog.remarks == ("says utf-8, read as cp1252",)
