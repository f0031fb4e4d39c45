"""What computes: the versions that go into every record."""

import platform
from functools import cache
from importlib import metadata

_PARTS = ("wetgate", "torch", "numpy", "opencv-python-headless", "imageio-ffmpeg")


@cache
def software() -> str:
    """Versions of what changes pixels, in one line."""
    parts = [f"{name} {metadata.version(name)}" for name in _PARTS]
    return ", ".join([*parts, f"Python {platform.python_version()}"])
