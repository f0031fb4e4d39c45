"""Every page, on a store with nights and on an empty one."""

from __future__ import annotations

import re

import pytest

from tests.dashboard.conftest import NIGHT, Browser

PAGES = (
    "/", f"/nights/{NIGHT}", "/queue", f"/queue?night={NIGHT}", "/reels", "/reels?status=held",
    "/reels/R0.r1", "/reels/H.r1", "/shots", "/shots?light=flag", "/shots?metric=EYE&sort=metric",
    f"/shots?sample={NIGHT}&sort=drawn", "/shots?stratum=collection:News", "/reels/R0.r1/shots/48",
    "/strata", "/compare", "/metrics", "/metrics/EYE", "/audit", "/audit?kind=events",
)  # fmt: skip
EMPTY = ("/", "/queue", "/reels", "/shots", "/strata", "/compare", "/metrics", "/metrics/EYE",
         "/audit")  # fmt: skip
MOST_BYTES = 150 * 1024


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_whole_and_escapes_what_the_ledger_says(browser: Browser, address: str) -> None:
    answer = browser.get(address)
    assert answer.status_code == 200
    assert answer.text.rstrip().endswith("</html>")
    assert "<script>alert" not in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon\w+=|style=", answer.text)


@pytest.mark.parametrize("address", EMPTY)
def test_a_page_of_an_empty_store_says_so(empty_browser: Browser, address: str) -> None:
    assert empty_browser.get(address).status_code == 200


@pytest.mark.parametrize("address", PAGES)
def test_a_page_with_all_it_loads_is_small(browser: Browser, address: str) -> None:
    text = browser.get(address).text
    parts = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', text))
    assert parts
    size = len(text) + sum(len(browser.get(part.replace("&amp;", "&")).content) for part in parts)
    assert size < MOST_BYTES


@pytest.mark.parametrize("address", PAGES)
def test_links_of_a_page_lead_somewhere(browser: Browser, address: str) -> None:
    links = set(re.findall(r'href="(/[^"#]*)', browser.get(address).text))
    broken = [link for link in sorted(links)
              if browser.get(link.replace("&amp;", "&")).status_code != 200]  # fmt: skip
    assert broken == []


@pytest.mark.parametrize("address", ("/nights/x", "/reels/x", "/reels/R0.r1/shots/1",
                                     "/reels/R0.r1/shots/-1", "/metrics/x", "/queue?night=x",
                                     "/static/x.js", "/pictures/R0.r1/x"))  # fmt: skip
def test_what_is_not_there_is_not_found(browser: Browser, address: str) -> None:
    assert browser.get(address).status_code == 404


def test_the_night_says_what_it_did(browser: Browser) -> None:
    text = browser.get("/").text
    assert "Last night" in text and "F.r1" in text and "no rate" in text
    assert text.index("F.r1") < text.index("H.r1") < text.index("R0.r1")


def test_a_list_for_htmx_is_the_list_alone_and_names_its_address(browser: Browser) -> None:
    answer = browser.get("/shots?light=flag&text=&metric=", headers={"hx-request": "true"})
    assert answer.text.lstrip().startswith('<section id="list"')
    assert answer.headers["hx-push-url"] == "/shots?light=flag"


def test_a_shot_knows_its_neighbours_in_the_list_it_was_opened_from(browser: Browser) -> None:
    text = browser.get("/reels/R1.r1/shots/48?light=flag&sort=place").text
    assert "/reels/R0.r1/shots/48?light=flag&amp;sort=place" in text
    assert "/reels/R2.r1/shots/48?light=flag&amp;sort=place" in text
    assert "2 of 3" in text
