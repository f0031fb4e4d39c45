"""What the conservative recipe does to real old film; pictures for docs/pictures.

    python benchmarks/oldfilm.py [--data ../shared/data] [--pictures docs/pictures]

There is no truth here: the figures are the measurements that a night records, before and
after, and the share of samples that each step changed. Look at the pictures.
"""

import argparse
import io
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from catalogs.recipe import read_recipe
from catalogs.records import CatalogReel, Reel, RestoredShot, Shot
from catalogs.source import FrameIndex
from catalogs.store import Store, open_store
from tasks.ingest import ingest_reel
from tasks.measure import measure_shot
from tasks.media.read import read_frames, read_picture
from tasks.media.still import still_png
from tasks.report.changes import shown_change
from tasks.restore import restore_shot
from tasks.split import detect_shots
from tasks.treat import resolve_recipe

REELS = {  # name -> file, frames to look at
    "market_street": ("oldfilm_market_street_1906.mkv", (37, 44)),
    "san_francisco": ("oldfilm_sf_earthquake_1906.mkv", (20, 28)),
    "grand_prix": ("oldfilm_french_gp_1906.ogv", (120, 200)),
    "his_girl_friday": ("oldfilm_his_girl_friday_1940.mp4", (60,)),
}


def look(
    reel: Reel, index: FrameIndex, done: RestoredShot, store: Store, frame: int
) -> Image.Image:
    """One frame before, after, and what was changed, side by side."""
    picture, colour = reel.header.picture, reel.header.colour
    (before,) = read_frames(reel.source, reel.header, index, frame, frame + 1)
    restored = list(read_picture(store.root / done.picture_file, picture))
    after = restored[frame - done.shot.start_frame]
    change = shown_change(before, after, None, picture)
    sides = [
        still_png(side, picture, colour, widest=640) for side in (before, after, change or before)
    ]
    return Image.fromarray(np.hstack([np.asarray(Image.open(io.BytesIO(png))) for png in sides]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pictures", type=Path, help="write the pictures there")
    options = parser.parse_args()
    torch.set_num_threads(1)
    treatment = resolve_recipe(read_recipe("conservative"))
    print(
        f"{'reel':16}{'frames':>12}  {'flicker, %':>16}{'dirt, specks/frame':>22}  changed by step"
    )
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        for name, (file, frames) in REELS.items():
            catalog = CatalogReel(name, name, 1, 1, file, 1)
            reel, index = ingest_reel(catalog, options.data / "oldfilm")
            ranges = detect_shots(reel.source, reel.header, len(index))
            for number, (start, stop) in enumerate(ranges):
                shot = Shot(reel.reel_id, reel.digest, number, start, stop)
                done = restore_shot(reel, index, shot, treatment, store)
                measured = {m.metric: m for m in measure_shot(reel, index, done, store)}
                values = [measured["FLK"], measured["DIRT"]]
                pairs = [
                    f"{m.before:.2f} -> {m.after:.2f}" if m.measurable else "-" for m in values
                ]
                steps = ", ".join(f"{s.name} {100 * s.changed_share:.3f} %" for s in done.steps)
                print(f"{name:16}{f'{start}-{stop}':>12}  {pairs[0]:>16}{pairs[1]:>22}  {steps}")
                for frame in frames if options.pictures else ():
                    if start <= frame < stop:
                        suffix = "" if frame == frames[0] else f"_{frame}"
                        target = options.pictures / f"{name}{suffix}.png"
                        target.parent.mkdir(parents=True, exist_ok=True)
                        look(reel, index, done, store, frame).save(target, optimize=True)


if __name__ == "__main__":
    main()
