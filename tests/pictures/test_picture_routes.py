"""What the pictures of a store answer: to the player, and to those who mean ill."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from catalogs.recipe import Recipe
from catalogs.rows import reel_row, restored_row
from catalogs.store import Store
from dashboard.pictures import proxies as proxies_module
from dashboard.pictures.proxies import Proxies, make_room
from dashboard.pictures.routes import router_of
from dashboard.pictures.shots import find_shot
from tasks.media.read import read_picture
from tasks.samples import frames_from
from tasks.treat import resolve_recipe

Serve = Callable[[FastAPI], str]
GONE = "0" * 64


@pytest.fixture
def opened(serve: Serve) -> Callable[..., httpx.Client]:
    """A function that serves a store's pictures."""

    def open_store(store: Store, proxies: Proxies | None = None) -> httpx.Client:
        app = FastAPI()
        app.include_router(router_of(store, proxies))
        return httpx.Client(base_url=serve(app), timeout=30)

    return open_store


def when_ready(client: httpx.Client, address: str) -> dict[str, Any]:
    """The facts, once the proxy is there."""
    for _ in range(300):
        facts: dict[str, Any] = client.get(address).json()
        if facts["state"] != "building":
            return facts
        assert 0 <= facts["done"] <= facts["frames"]
        time.sleep(0.05)
    raise AssertionError("the proxy is not made")


def picture_of(answer: httpx.Response) -> Any:
    assert answer.headers["content-type"] == "image/png"
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED)


def test_a_proxy_is_made_when_asked_for_and_served_by_ranges(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    with opened(known.store) as client:
        address = known.address()
        assert client.get(f"{address}/proxy.mp4").status_code == 404
        facts = when_ready(client, address)
        assert facts["state"] == "ready"
        assert (facts["frames"], facts["start_frame"], facts["rate"]) == (14, 10, [18, 1])
        assert facts["native"] == {"width": 96, "height": 72}
        whole = client.get(facts["video"])
        part = client.get(facts["video"], headers={"Range": "bytes=100-199"})
        assert (whole.status_code, part.status_code) == (200, 206)
        assert part.content == whole.content[100:200]
        assert whole.headers["content-type"] == "video/mp4"
    names = sorted(path.suffix for path in (known.store.proxies / known.reel.reel_id).iterdir())
    assert names == [".json", ".mp4"]


def test_the_series_are_of_the_frames_themselves(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    with opened(known.store) as client:
        steps = client.get(f"{known.address()}/series").json()["series"]
        assert {one["id"].partition(".")[0] for one in steps} == {"deflicker"}
        when_ready(client, known.address())
        found = client.get(f"{known.address()}/series").json()
    series = {one["id"]: one["values"] for one in found["series"]}
    source = [100 * np.frombuffer(raw, np.uint8).mean() / 255 for raw in known.raw[10:24]]
    assert series["luma_source"] == pytest.approx(source, abs=1e-3)
    assert np.std(series["luma_restored"]) < np.std(series["luma_source"]) / 3
    assert all(0 <= share <= 100 for share in series["changed"])
    assert len(series["deflicker.gain"]) == 14
    assert [m["id"] for m in found["metrics"]] == ["GHOST", "FLK"]  # what is flagged first
    assert found["metrics"][0]["interval"] == [0, 13]
    assert found["metrics"][0]["worst_frame"] == 6


@pytest.mark.parametrize("pixel_format", ["gray", "gray10le", "gray16le", "gbrp", "gbrp12le"])
def test_a_crop_holds_the_very_samples_of_either_side(
    pixel_format: str, archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive(pixel_format)
    picture = known.reel.header.picture
    number = 9  # of the shot
    restored = list(read_picture(known.store.root / known.shots[1].picture_file, picture))
    with opened(known.store) as client:
        for side, raw in (("source", known.raw[10 + number]), ("restored", restored[number])):
            query = "left=5&top=7&width=31&height=22"
            found = picture_of(client.get(f"{known.address()}/frames/{number}/{side}.png?{query}"))
            (frame,) = frames_from([raw], picture, "cpu")
            planes = [plane.numpy()[7:29, 5:36].astype(np.uint64) for plane in frame.planes]
            wide = np.stack([planes[n] for n in (1, 0, 2)], -1) if len(planes) == 3 else planes[0]
            if picture.depth > 8:
                back = np.round(found.astype(float) * picture.peak / 65535)
                assert (back == wide).all()  # 16 bits, and no sample lost
            else:
                assert (found == wide).all()


def test_the_difference_is_of_the_samples_and_enlarged(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    picture = known.reel.header.picture
    path = known.store.root / known.shots[1].picture_file
    after = np.frombuffer(list(read_picture(path, picture))[4], np.uint8).reshape(72, 96)
    before = np.frombuffer(known.raw[14], np.uint8).reshape(72, 96)
    size = np.abs(after.astype(int) - before)
    with opened(known.store) as client:
        at = f"{known.address()}/frames/4"
        for gain in (1, 4, 16):
            found = picture_of(client.get(f"{at}/difference.png?gain={gain}"))
            assert np.abs(found - np.minimum(gain * size, 255)).max() <= 1
        assert (picture_of(client.get(f"{at}/change.png")) == 255 * (size > 0)).all()
    assert (size > 0).any()


def test_a_saved_picture_is_named_by_reel_frame_and_restoration(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    with opened(known.store) as client:
        answer = client.get(f"{known.address()}/frames/3/restored.png?save=1")
    name = f"{known.reel.reel_id}.0000013.restored.{known.shots[1].key[:12]}.png"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


def test_what_the_ledger_does_not_know_is_not_there(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    reel_id, key = known.reel.reel_id, known.shots[1].key
    (known.store.root / "tables" / "restorations" / "secret").mkdir()
    asked = [
        f"/pictures/{reel_id}/{GONE}",
        f"/pictures/{reel_id}/{key[:-1]}",
        f"/pictures/{reel_id}/{key}.change",
        f"/pictures/{reel_id}/{key.upper()}",
        f"/pictures/{reel_id}x/{key}",
        f"/pictures/../{key}",
        f"/pictures/%2e%2e/{key}",
        f"/pictures/..%2f..%2f{reel_id}/{key}",
        f"/pictures/secret/{key}",
        f"/pictures/*/{key}",
        f"/pictures/{reel_id}%00/{key}",
        f"/pictures/{reel_id}/..%2f..%2fwetgate-store",
        f"{known.address()}/proxy.mp4.json",
        f"{known.address()}/frames/14/source.png",
        f"{known.address()}/frames/-1/source.png",
        f"{known.address()}/frames/3/master.png",
        f"{known.address()}/frames/3/..%2fsource.png",
        f"{known.address()}/frames/3/difference.png?gain=3",
    ]
    with opened(known.store) as client:
        assert {at: client.get(at).status_code for at in asked} == dict.fromkeys(asked, 404)


def test_a_region_beyond_the_picture_is_refused(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    asked = [
        "left=-1", "top=-5", "width=0", "height=0", "width=97", "left=50&width=47", "height=73",
        "left=96", "width=99999999999", "left=x", "width=1e3", "gain=x", "save=perhaps",
    ]  # fmt: skip
    with opened(known.store) as client:
        at = f"{known.address()}/frames/3/source.png"
        found = {query: client.get(f"{at}?{query}").status_code for query in asked}
    assert found == dict.fromkeys(asked, 422)


def test_an_altered_restored_file_is_said_and_not_shown(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    path = known.store.root / known.shots[1].picture_file
    data = bytearray(path.read_bytes())
    for place in range(len(data) // 3, len(data), 997):
        data[place] ^= 255
    path.write_bytes(data)
    with opened(known.store) as client:
        facts = when_ready(client, known.address())
        assert facts["state"] == "failed"
        assert "does not hold the frames that were restored" in facts["reason"]
        assert client.get(f"{known.address()}/frames/9/restored.png").status_code == 409
        assert when_ready(client, known.address(0))["state"] == "ready"  # the worker goes on
    assert list(known.store.proxies.glob("*/.*")) == []


def test_two_who_ask_have_it_made_once(
    archive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = archive()
    built: list[Path] = []
    gate = threading.Event()

    def slowly(store: Any, reel: Any, index: Any, restored: Any, target: Path, tell: Any) -> None:
        gate.wait(10)
        built.append(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"film")

    monkeypatch.setattr(proxies_module, "build_proxy", slowly)
    made = Proxies(known.store)
    shot = find_shot(known.store, known.reel.reel_id, known.shots[0].key)
    works = {id(made.ask(shot)) for _ in range(5)}
    assert len(works) == 1
    gate.set()
    while made.ask(shot) is not None:
        time.sleep(0.01)
    assert built == [made.file_of(shot)]


def test_the_oldest_proxies_make_room_and_the_newest_stays(tmp_path: Path) -> None:
    folder = tmp_path / "reel"
    folder.mkdir()
    for age, name in enumerate(("new", "old", "older", "oldest")):
        for suffix in (".mp4", ".json"):
            file = folder / (name + suffix)
            file.write_bytes(bytes(100))
            os.utime(file, (1e9 - age, 1e9 - age))
    make_room(tmp_path, 250, folder / "oldest.mp4")
    assert sorted(file.name for file in folder.glob("*.mp4")) == ["new.mp4", "oldest.mp4"]
    assert sorted(file.name for file in folder.glob("*.json")) == ["new.json", "oldest.json"]


def test_a_full_disk_is_left_to_the_night(
    archive: Callable[..., Any],
    opened: Callable[..., httpx.Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = archive()
    with opened(known.store) as client:
        assert when_ready(client, known.address(0))["state"] == "ready"
        usage = shutil.disk_usage(known.store.root)._replace(free=1 << 30)
        monkeypatch.setattr(proxies_module.shutil, "disk_usage", lambda _: usage)
        facts = when_ready(client, known.address(1))
    assert facts["state"] == "failed"
    assert "only 1.1 GB are free" in facts["reason"]
    assert list(known.store.proxies.glob("*/*.mp4")) == []  # what may be deleted gave way


def test_the_last_who_asks_is_served_first_and_the_forgotten_not(
    archive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = archive()
    built: list[int] = []
    gate = threading.Event()

    def slowly(store: Any, reel: Any, index: Any, restored: Any, target: Path, tell: Any) -> None:
        gate.wait(10)
        built.append(int(restored.picture_sha256))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(b"film")

    monkeypatch.setattr(proxies_module, "build_proxy", slowly)
    made = Proxies(known.store)
    one = find_shot(known.store, known.reel.reel_id, known.shots[0].key)
    shots = [replace(one, restored=replace(one.restored, picture_sha256=str(n))) for n in range(4)]
    works = []
    for shot in shots:
        works.append(made.ask(shot))
        time.sleep(0.05)  # the first is begun before the others are asked for
    works[2].asked_at -= 60
    gate.set()
    while made.ask(shots[1]) is not None:
        time.sleep(0.01)
    assert built == [0, 3, 1]


def test_a_new_render_is_seen_at_once(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    with opened(known.store) as client:
        first = when_ready(client, known.address())["video"]
        again = replace(known.shots[1], picture_sha256="f" * 64)
        known.store.ledger().append("restorations", known.reel.reel_id, [restored_row(again, "t")])
        assert when_ready(client, known.address())["video"] != first


def test_a_shot_of_an_older_source_is_not_shown_beside_the_newer(
    archive: Callable[..., Any], opened: Callable[..., httpx.Client]
) -> None:
    known = archive()
    content = replace(known.reel.content, sha256="e" * 64)
    other = replace(known.reel, content=content)
    row = reel_row(other, "restored", resolve_recipe(Recipe("none", "", ())))
    known.store.ledger().append("reels", known.reel.reel_id, [row])
    with opened(known.store) as client:
        facts = client.get(known.address()).json()
        crop = client.get(f"{known.address()}/frames/3/source.png")
    assert facts["state"] == "failed"
    assert "another one than this shot was restored from" in facts["reason"]
    assert crop.status_code == 409


def test_a_file_that_is_compacted_meanwhile_does_not_fail_a_request(
    archive: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = archive()
    found = find_shot(known.store, known.reel.reel_id, known.shots[1].key)
    own = Path.stat

    def gone(path: Path, **said: Any) -> os.stat_result:
        if path.suffix == ".parquet":
            raise FileNotFoundError(path)
        return own(path, **said)

    monkeypatch.setattr(Path, "stat", gone)
    assert find_shot(known.store, known.reel.reel_id, known.shots[1].key) is found
