"""DIRT: blotches of the source that are left, and blotches that the restoration added.

Formula, over the blotches (`tasks.metrics.blotch`) of the sampled frames, v their visibility:

    left    certain blotches of S that stand out on R by more than half of what they do on S
    added   certain blotches of R that stand out on S by less than half of that
    value   (sum v left + sum v added) / (sum v of S + frames x TYPICAL), percent

How a blotch stands out is measured against the two neighbours in place, of S on S and of R on R
along the motion of S, less what stands out around it; so flicker, grades and grain do not count.
The term with `TYPICAL`, one plain blotch a frame, lets a clean source be measured: one blotch
left of one is less than ten left of ten.

What is left counts where the recipe declares to take dirt out; elsewhere the note shows it. What
is added always counts.

Unit: percent, lower is cleaner. Equal pictures have no added blotch.
Source: SDIp and ROD (Kokaram, "Motion Picture Restoration", 1998); damping where motion fails
after Wechtitsch, Fassold, Schallauer, "Robust dirt detection under pathological motion", ICPR
2012. Asking of each blotch of S whether it was removed is what made the measure hold: a count of
spikes on R alone counts motion (area under the curve 0.67 for two specks a frame).

Blind to: dirt that stays for two frames; dirt where the flow fails or the picture is busy, which
is not certain; faint or tiny specks. The blotches are found without the detector of the step
`dirt`: no learned weights, two neighbours instead of four, no tone asked for. Shared with it is
the kind of motion search (DIS on guides), so both are lost where it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from tasks.metrics.blotch import find
from tasks.metrics.certain import is_certain
from tasks.metrics.metric import Metric, Value
from tasks.metrics.neighbours import Sight, places_of
from tasks.metrics.pair import Pair, Triplet

LEFT = 0.5  # part of a blotch's contrast
TYPICAL = 8.0  # visibility of a plain blotch: 30 % of 27 samples at 480 lines
REMOVERS = frozenset({"dirt"})


@dataclass(frozen=True)
class Count:
    """The certain blotches of one frame, by their visibility.

    Attributes:
        frame: in the stretch.
        gone: of S, removed.
        left: of S, not removed.
        added: of R.
    """

    frame: int
    gone: tuple[float, ...]
    left: tuple[float, ...]
    added: tuple[float, ...]


def count(pair: Pair, triplet: Triplet) -> Count | None:
    """Look at one sampled frame; None where its motion is not followed."""
    places = places_of(pair, triplet)
    source = Sight.of(triplet.source, places)
    if not source.views.is_followed:
        return None
    restored = Sight.of(triplet.restored, places)
    gone: list[float] = []
    left: list[float] = []
    added: list[float] = []
    for blotch in find(source.views):
        if is_certain(blotch, source.views, source.before, source.after):
            kept = blotch.kept_on(restored.views)
            (left if kept > LEFT else gone).append(blotch.visibility)
    for blotch in find(restored.views):
        if blotch.kept_on(source.views) >= LEFT:
            continue
        if is_certain(blotch, restored.views, restored.before, restored.after):
            added.append(blotch.visibility)
    return Count(triplet.frame, tuple(gone), tuple(left), tuple(added))


def _measure(pair: Pair) -> Value:
    if not pair.triplets:
        return Value.none("needs a frame with a neighbour on either side")
    counts = [one for triplet in pair.triplets if (one := count(pair, triplet))]
    if not counts:
        return Value.none("the neighbours of no sampled frame show what it shows")
    removes = bool(pair.declared.steps & REMOVERS)
    frames = len(counts)
    left, gone, added = (
        sum(sum(getattr(one, name)) for one in counts) for name in ("left", "gone", "added")
    )
    faults = [(sum(one.left) if removes else 0.0) + sum(one.added) for one in counts]
    total = left + gone + frames * TYPICAL
    worst = max(range(frames), key=faults.__getitem__)
    return Value(
        100 * sum(faults) / total,
        frames / pair.count,
        before=100 * (left + gone) / total,
        note=_note(counts, removes, bool(added)),
        where=counts[worst].frame if faults[worst] > 0 else None,
    )


def _note(counts: list[Count], removes: bool, added: bool) -> str:
    source = sum(len(one.gone) + len(one.left) for one in counts) / len(counts)
    left = sum(len(one.left) for one in counts) / len(counts)
    said = f"{left:.1f} of {source:.1f} blotches a frame left"
    if added:
        said += f", {sum(len(one.added) for one in counts) / len(counts):.1f} added"
    return said if removes else f"{said}; the recipe takes no dirt out"


DIRT = Metric(
    identifier="DIRT",
    name="Dirt left or added",
    unit="%",
    worse="higher",
    floor=25.0,
    formula=(
        "Blotches of S beyond all that is near in both motion-compensated neighbours, certain "
        "where the neighbours agree, the surroundings fit and the thing is seen nowhere near on a "
        "neighbour. Left: stands out on R by more than half of what it does on S, and the recipe "
        "takes dirt out. Added: certain on R, less than half of it on S. Value: visibility of "
        "left and added / (that of all of S + one typical blotch a frame). Visibility: contrast x "
        "area, beyond 25 samples at 480 lines x its root."
    ),
    source=(
        "Kokaram, Motion Picture Restoration, 1998 (SDIp, ROD); Wechtitsch, Fassold, Schallauer, "
        "ICPR 2012; visibility after Ricco and Piper; the comparison of both sides is ours"
    ),
    blind=(
        "Dirt that stays for two frames, or lies where motion is not followed or the picture is "
        "busy. Faint or tiny specks. Six frames of a stretch are looked at. Not the detector of "
        "the step dirt, but the same kind of motion search."
    ),
    measure=_measure,
)
METRICS = (DIRT,)
