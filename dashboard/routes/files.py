"""Scripts and styles."""

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from dashboard.house import house_of

router = APIRouter()

_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/static/{name:path}")
def static(request: Request, name: str) -> Response:
    """One file of ours; its address holds its version, so that it is asked for once."""
    asset = house_of(request).assets.find(name)
    if asset is None:
        raise HTTPException(404)
    tag = f'"{asset.version}"'
    is_versioned = request.query_params.get("v") == asset.version
    headers = {"etag": tag, "cache-control": _FOR_EVER if is_versioned else "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.kind, headers=headers)
