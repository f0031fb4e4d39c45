"""Read the shapes of real film damage, for `models.degrade.Dirt(textures=...)`.

    python benchmarks/textures.py [--masks ../shared/data/textures/filmdamage_masks]

The masks are 400 x 400 PNG, one folder a class; damage is white on black, grey where it is
translucent. Every connected piece of usable size becomes one texture, cropped to its content.
The command prints how many pieces each class gives, and how large they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

CLASSES = ("dirt", "dots", "smut", "spots", "stain", "lint", "hair-short")
VISIBLE = 32  # of 255: fainter samples join no pieces
SMALLEST = 10  # samples of the longer side; smaller pieces have no shape
MOST = 12  # pieces of one mask, the largest; a mask of dirt has hundreds


def load_textures(folder: Path) -> tuple[Tensor, ...]:
    """Shapes of all classes.

    Args:
        folder: holds one folder of PNG files for each of `CLASSES`; classes may be absent.

    Returns:
        Opacity, float32 `[h, w]` in 0..1 each, cropped to content, in the order of file names.

    Raises:
        FileNotFoundError: there is no mask in the folder.
    """
    files = [path for name in CLASSES for path in sorted((folder / name).glob("*.png"))]
    if not files:
        raise FileNotFoundError(f"no masks of damage in {folder}")
    return tuple(piece for path in files for piece in mask_pieces(path))


def mask_pieces(path: Path) -> list[Tensor]:
    """The pieces of one mask, the largest first."""
    opacity = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if opacity is None:
        raise ValueError(f"{path} is not a picture")
    visible = (opacity >= VISIBLE).astype(np.uint8)
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(visible, connectivity=8)
    order = np.argsort(-boxes[1:, cv2.CC_STAT_AREA], kind="stable") + 1
    usable = [n for n in order if max(boxes[n, 2:4]) >= SMALLEST][:MOST]
    return [_cropped(opacity, labels == number, boxes[number, :4]) for number in usable]


def _cropped(opacity: np.ndarray, piece: np.ndarray, box: np.ndarray) -> Tensor:
    """One piece with its soft border of a sample, without its neighbours."""
    left, top, width, height = (int(value) for value in box)
    area = np.s_[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
    around = cv2.dilate(piece[area].astype(np.uint8), np.ones((3, 3), np.uint8))
    return torch.from_numpy((opacity[area] * around).astype(np.float32) / 255)


def main() -> None:
    """Print what each class gives."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--masks", type=Path, default=Path("../shared/data/textures/filmdamage_masks")
    )
    folder = parser.parse_args().masks
    for name in CLASSES:
        pieces = [p for path in sorted((folder / name).glob("*.png")) for p in mask_pieces(path)]
        sizes = sorted(max(piece.shape) for piece in pieces) or [0]
        print(f"{name:12} {len(pieces):5} pieces, {sizes[0]}..{sizes[-1]} samples long,", end=" ")
        print(f"median {sizes[len(sizes) // 2]}")


if __name__ == "__main__":
    main()
