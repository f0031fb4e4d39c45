"""What the VapourSynth scripts of this folder have in common; runs under Python 3.12 in vspipe.

Every function takes and gives an 8 bit 4:2:0 clip of the same size and length.
"""

from __future__ import annotations

import vapoursynth as vs
from dfttest2 import DFTTest

core = vs.core
BLOCK, OVERLAP = 8, 4
CUT = 1200  # difference of a block that counts as new; the plugin's 400 takes grain for a cut


def source(path: str) -> vs.VideoNode:
    """The frames of a y4m file, without an index beside it."""
    return core.bs.VideoSource(path, cachemode=0)


def descratched(clip: vs.VideoNode, **settings: int) -> vs.VideoNode:
    """DeScratch for black and white scratches (mode 3), near vertical, luma only."""
    return core.descratch.DeScratch(clip, modey=3, modeu=0, modev=0, **settings)


def descratched_strong(clip: vs.VideoNode, least: int = 10) -> vs.VideoNode:
    """DeScratch for scratches wider, more uneven and more broken than it expects."""
    return descratched(clip, mindif=least, asym=30, maxgap=10, maxwidth=5)


def neighbours(clip: vs.VideoNode, radius: int) -> list[vs.VideoNode]:
    """The frames before and after, at 1..radius, moved block by block onto the frame itself.

    Motion is sought on a clip without its smallest specks, so that dirt has less say in it.
    """
    search = core.zsmooth.RemoveGrain(clip, mode=[17])
    form = {"blksize": BLOCK, "overlap": OVERLAP, "pel": 2}
    sought, taken = core.mvu.Super(search, **form), core.mvu.Super(clip, onelevel=True, **form)
    steps = [step for distance in range(1, radius + 1) for step in (distance, -distance)]
    vectors = [core.mvu.Analyse(sought, delta=step, searchparam=4) for step in steps]
    return [core.mvu.Compensate(clip, taken, moved, thscd1=CUT) for moved in vectors]


def spotless(clip: vs.VideoNode, radius: int = 1) -> vs.VideoNode:
    """SpotLess: the median in time of the frame and its compensated neighbours."""
    count = 2 * radius + 1
    moved = neighbours(clip, radius)
    row = core.std.Interleave([*moved[1::2][::-1], clip, *moved[0::2]])
    return core.zsmooth.TemporalMedian(row, radius=radius)[radius::count]


def without_dirt(clip: vs.VideoNode) -> vs.VideoNode:
    """RemoveDirtMC in spirit: compensated clense, kept only where it takes away an outlier.

    The plugin RemoveDirt, whose block logic tells dirt from motion, has no wheel. Here a sample is
    replaced where it is darker or brighter than both compensated neighbours by 8 or more and they
    agree within 8; then RemoveGrain 17 as in the original script.
    """
    after, before = neighbours(clip, 1)
    median = "y z min x y z max min max"  # of x, y and z
    agree = "y z - abs 8 <="
    kept = core.akarin.Expr(
        [clip, before, after], f"{median} M! x M@ - abs 8 >= {agree} and M@ x ?"
    )
    return core.zsmooth.Repair(kept, core.zsmooth.RemoveGrain(kept, mode=[17]), mode=[1])


def degrained(clip: vs.VideoNode, radius: int, thsad: int) -> vs.VideoNode:
    """SMDegrain style: the mean of compensated neighbours, block by block as they match.

    Motion is sought on a blurred clip, where grain neither misleads nor counts as a cut.
    """
    form = {"blksize": BLOCK, "overlap": OVERLAP, "pel": 2}
    blurred = core.zsmooth.RemoveGrain(clip, mode=[11])
    vectors = core.mvu.AnalyseMany(core.mvu.Super(blurred, **form), radius=radius)
    taken = core.mvu.Super(clip, onelevel=True, **form)
    return core.mvu.Degrain(clip, taken, vectors, thsad=[thsad], thscd1=CUT)


def dfttested(clip: vs.VideoNode, sigma: float) -> vs.VideoNode:
    """DFTTest over three frames, in 16 bit."""
    wide = core.resize.Point(clip, format=vs.YUV420P16)
    done = DFTTest(wide, sigma=sigma, tbsize=3)
    return core.resize.Point(done, format=vs.YUV420P8, dither_type="none")


def block_matched(clip: vs.VideoNode, sigma: float) -> vs.VideoNode:
    """V-BM3D on luma over three frames, both estimates, profile "fast".

    This build takes twice the noise's deviation: of white noise of 30 on smooth slopes, asked for
    30 it leaves 26 dB, for 60 it leaves 34.7.
    """
    luma = core.resize.Point(clip, format=vs.GRAYS)
    settings = {"sigma": [2 * sigma], "radius": 1, "profile": "fast"}
    first = core.bm3d.VAggregate(core.bm3d.VBasic(luma, **settings), radius=1, sample=1)
    found = core.bm3d.VFinal(luma, ref=first, **settings)
    final = core.bm3d.VAggregate(found, radius=1, sample=1)
    narrow = core.resize.Point(final, format=vs.GRAY8, dither_type="none")
    return core.std.ShufflePlanes([narrow, clip, clip], [0, 1, 2], vs.YUV)


def steadied(clip: vs.VideoNode) -> vs.VideoNode:
    """Depan: global shifts found by phase correlation, smoothed over time, undone.

    A camera's own motion is smoothed away with the rest.
    """
    found = core.mvu.DepanEstimate(clip)
    return core.mvu.DepanStabilise(clip, found, mirror=15, rotmax=0)
