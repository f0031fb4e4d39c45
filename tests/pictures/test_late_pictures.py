"""The player against a browser that says "there" too early, too late, or of another picture.

The video is played by a canvas: the test paints pictures on it and says when it has arrived, in
the worst order that a real one may do it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from playwright.sync_api import Page

STAGE = """async () => {
  const { Film } = await import("/static/player/film.js");
  const video = Object.assign(document.createElement("canvas"), { width: 384, height: 16 });
  const context = video.getContext("2d");
  let presented = () => {};
  Object.assign(video, {
    readyState: 4, sent: [], pause() {}, play: async () => {},
    requestVideoFrameCallback(next) { presented = next; },
  });
  Object.defineProperty(video, "currentTime", { set(time) { video.sent.push(time * 25); } });
  const paint = (number) => {
    for (let bit = 0; bit < 24; bit += 1) {
      const isSet = Math.floor(number / 2 ** bit) % 2 === 1;
      context.fillStyle = isSet ? "#fff" : "#000";
      context.fillRect(8 * bit, 0, 8, 16);
      context.fillStyle = isSet ? "#000" : "#fff";
      context.fillRect(8 * (24 + bit), 0, 8, 16);
    }
  };
  const smear = (number) => {
    paint(number);
    context.fillStyle = "#888";
    context.fillRect(100, 0, 8, 16);
    context.fillRect(292, 0, 8, 16);
  };
  const facts = {
    frames: 240, rate: [25, 1], panels: { frame_width: 384, frame_height: 16 },
    strip: { bits: 24, block_width: 8, top: 0, lines: 16 },
  };
  const film = new Film(video, facts, () => {}, () => {});
  const soon = () => new Promise((done) => requestAnimationFrame(done));
  const turn = () => soon().then(soon);
  window.stage = {
    film, paint, smear, turn,
    seeked: () => video.dispatchEvent(new Event("seeked")),
    present: () => presented(),
    at: () => [film.state, film.shown],
    last: () => video.sent.at(-1),
    count: () => video.sent.length,
  };
  film.seek(101);
  paint(101);
  stage.seeked();
  return stage.at();
}"""


@pytest.fixture
def stage(
    page_app: Callable[[], FastAPI], serve: Callable[[FastAPI], str], page: Page
) -> Callable[[str], Any]:
    """A function that runs lines on the stage; it stands on frame 101."""
    page.goto(f"{serve(page_app())}/static/player/player.css")
    assert page.evaluate(STAGE) == ["still", 101]

    def play(lines: str) -> Any:
        opened = "const { film, paint, smear, turn, seeked, present, at, last, count } = stage;"
        return page.evaluate(f"async () => {{ {opened} {lines} }}")

    return play


def test_the_old_picture_is_no_arrival_of_an_errand_back_to_it(stage: Callable[[str], Any]) -> None:
    """There and back before the first arrival: the picture is right, and about to go."""
    assert stage("film.seek(102); film.seek(101); seeked(); return at()") == ["seeking", 101]
    assert stage("return Math.floor(last())") == 101  # and is sent there again
    assert stage("paint(102); present(); return at()") == ["seeking", 102]
    assert stage("seeked(); return at()") == ["seeking", 102]
    assert stage("paint(101); await turn(); return at()") == ["still", 101]


def test_arrival_is_not_believed_before_the_picture_is_there(stage: Callable[[str], Any]) -> None:
    assert stage("film.seek(150); seeked(); await turn(); return at()") == ["seeking", 101]
    assert stage("paint(150); await turn(); return at()") == ["still", 150]


def test_a_late_picture_is_named_truly_and_does_not_stay(stage: Callable[[str], Any]) -> None:
    asked_again = """
        const sent = count();
        paint(99);
        present();
        const found = at();
        while (count() === sent) await turn();
        return found;
        """
    assert stage(asked_again) == ["seeking", 99]
    assert stage("return Math.floor(last())") == 101
    assert stage("paint(101); seeked(); return at()") == ["still", 101]


def test_where_one_place_in_the_frame_shows_another_frame_others_are_tried(
    stage: Callable[[str], Any],
) -> None:
    """As Chromium does from the middle of a frame on."""
    found = stage(
        """
        film.seek(150);
        for (let n = 0; n < 6 && film.state !== "still"; n += 1) {
          const place = last() % 1;
          paint(place > 0.2 ? 151 : 150);
          seeked();
          if (film.state === "still") break;
          const sent = count();
          while (count() === sent) await turn();
        }
        return [...at(), last() % 1 < 0.2];
        """
    )
    assert found == ["still", 150, True]


def test_a_picture_without_a_number_is_not_shown(stage: Callable[[str], Any]) -> None:
    """Torn between two pictures, or not of a proxy at all."""
    assert stage("film.seek(150); smear(150); seeked(); return at()") == ["seeking", 101]
    assert stage("paint(150); await turn(); return at()") == ["still", 150]
