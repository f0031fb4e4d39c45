"""The pictures of shots, by HTTP.

/pictures/REEL/KEY                          facts of the proxy, which is made if need be
/pictures/REEL/KEY/proxy.mp4                the proxy, by ranges
/pictures/REEL/KEY/series                   what the timelines show
/pictures/REEL/KEY/frames/N/SIDE.png        native samples; left, top, width, height, gain, save
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel

from catalogs.errors import WetgateError
from catalogs.store import Store
from dashboard.pictures.crops import GAINS, SIDES, Frames, Side
from dashboard.pictures.facts import proxy_facts
from dashboard.pictures.proxies import Proxies
from dashboard.pictures.series import series_of
from dashboard.pictures.shots import KnownShot, UnknownShot, find_shot
from dashboard.turns import Turns
from tasks.media.proxy import panels_of
from tasks.media.still import Region

_AT_ONCE = 2  # frames that are decoded at the same time
_WAITING = 16  # more than one browser asks for at once; beyond it 503

_FRESH = {"Cache-Control": "no-store"}
_KEPT = {"Cache-Control": "private, max-age=600"}


class Cut(BaseModel):
    """What is asked for of a frame; a region that is left out reaches to the picture's edge."""

    left: int = 0
    top: int = 0
    width: int | None = None
    height: int | None = None
    gain: int = 1
    save: bool = False


def router_of(
    store: Store, proxies: Proxies | None = None, dependencies: Sequence[Any] = ()
) -> APIRouter:
    """The router of a store's pictures.

    Args:
        store: whose pictures.
        proxies: of that store; made here when left out.
        dependencies: what every request must pass, for instance that its sender may look.
    """
    router = APIRouter(prefix="/pictures/{reel_id}/{key}", dependencies=[*dependencies])
    made = proxies or Proxies(store)
    frames, turns = Frames(store), Turns(_AT_ONCE, _WAITING)

    @router.get("")
    def facts(reel_id: str, key: str) -> JSONResponse:
        """What the player asks, again and again until it is ready."""
        return JSONResponse(_answer(store, made, reel_id, key), headers=_FRESH)

    @router.get("/proxy.mp4")
    def proxy(reel_id: str, key: str) -> FileResponse:
        """The proxy itself."""
        file = made.ready(_found(store, reel_id, key))
        if file is None:
            raise HTTPException(404, "This proxy is not made yet.")
        return FileResponse(file, media_type="video/mp4", headers=_KEPT)

    @router.get("/series")
    def series(reel_id: str, key: str) -> JSONResponse:
        """Values per frame, and metrics."""
        shot = _found(store, reel_id, key)
        return JSONResponse(series_of(store.ledger(), shot, made.series(shot)), headers=_FRESH)

    @router.get("/frames/{frame}/{name}")
    async def frame(
        reel_id: str, key: str, frame: int, name: str, asked: Annotated[Cut, Query()]
    ) -> Response:
        """Native samples of one frame, when its turn came."""
        return await turns.run(lambda: _cut(store, frames, (reel_id, key), (frame, name), asked))

    return router


def _cut(
    store: Store, frames: Frames, place: tuple[str, str], which: tuple[int, str], asked: Cut
) -> Response:
    """A PNG of the frame and side (`which`) of a shot (`place`: its reel and key)."""
    shot = _found(store, *place)
    frame, side = which[0], _side(which[1])
    if not 0 <= frame < shot.restored.shot.frame_count or asked.gain not in GAINS:
        raise HTTPException(404, "There is no such frame.")
    region = _region(shot, asked)
    try:
        png = frames.cut(shot, frame, side, region, asked.gain)
    except WetgateError as error:
        raise HTTPException(409, str(error).partition("\n")[0]) from error
    headers = dict(_KEPT)
    if asked.save:
        headers["Content-Disposition"] = f'attachment; filename="{_name(shot, frame, side)}"'
    return Response(png, media_type="image/png", headers=headers)


def _found(store: Store, reel_id: str, key: str) -> KnownShot:
    try:
        return find_shot(store, reel_id, key)
    except UnknownShot:
        raise HTTPException(404, "There is no such shot.") from None
    except WetgateError as error:
        raise HTTPException(409, str(error)) from error


def _answer(store: Store, proxies: Proxies, reel_id: str, key: str) -> dict[str, Any]:
    """What the player shows: the facts, how far it is, or why there is nothing."""
    try:
        return _facts(proxies, find_shot(store, reel_id, key))
    except UnknownShot:
        raise HTTPException(404, "There is no such shot.") from None
    except WetgateError as error:
        return {"state": "failed", "reason": str(error)}


def _facts(proxies: Proxies, shot: KnownShot) -> dict[str, Any]:
    frames = shot.restored.shot.frame_count
    if work := proxies.ask(shot):
        if work.reason:
            return {"state": "failed", "reason": work.reason}
        return {"state": "building", "done": work.done, "frames": frames}
    header = shot.reel.header
    return proxy_facts(
        shot.address, header.picture, panels_of(header.picture, header.sample_aspect),
        frames=frames, start_frame=shot.restored.shot.start_frame, rate=shot.reel.frame_rate,
        timecode=header.timecode, version=proxies.file_of(shot).stem.rpartition(".")[2],
    )  # fmt: skip


def _side(name: str) -> Side:
    for side in SIDES:
        if name == f"{side}.png":
            return side
    raise HTTPException(404, "There is no such picture.")


def _region(shot: KnownShot, asked: Cut) -> Region | None:
    """What is asked for, which must lie within the picture."""
    picture, left, top = shot.reel.header.picture, asked.left, asked.top
    wide = picture.width - left if asked.width is None else asked.width
    high = picture.height - top if asked.height is None else asked.height
    is_within = left >= 0 and top >= 0 and wide >= 1 and high >= 1
    if not is_within or left + wide > picture.width or top + high > picture.height:
        raise HTTPException(422, "This region is not within the picture.")
    whole = (wide, high) == (picture.width, picture.height)
    return None if whole else Region(left, top, wide, high)


def _name(shot: KnownShot, frame: int, side: Side) -> str:
    """Of the file that is saved: reel, frame of the reel, side, and which restoration."""
    number = shot.restored.shot.start_frame + frame
    version = "" if side == "source" else f".{shot.restored.key[:12]}"
    return f"{shot.reel.reel_id}.{number:07d}.{side}{version}.png"
