"""The pages, one small file each."""

from fastapi import APIRouter

from dashboard.routes import (
    audit,
    compare,
    decide,
    files,
    login,
    metrics,
    night,
    queue,
    reels,
    shot,
    shots,
    strata,
)

ROUTERS: tuple[APIRouter, ...] = (
    files.router, login.router, night.router, queue.router, reels.router, shots.router,
    shot.router, decide.router, strata.router, compare.router, metrics.router, audit.router,
)  # fmt: skip
