"""LIP and MOUTH: lips that come late or do not move.

See `tasks.metrics.mouth_motion` for the series and for `share` and `likeness` of a lag k.

    LIP    |k*|, k* the parabolic peak of likeness(k) over -8..8 frames; differential, so that
           nothing is said of whether the source itself was in step with its sound
    MOUTH  max over k of share(k), the least over windows of one second: how much of the
           movement of the source's mouth is in R

Units: frames, higher is worse; share, lower is worse (1 is all, 0 a frozen mouth).
Source: ours. Film is cut to half a frame (ITU-R BR.265; ITU-R BT.1359 for what is detected).

Blind: lips out of step with the sound (TIME sees the usual cause, audio late by a stream), a
mouth of the wrong shape that moves in step. A frozen mouth has no lag: LIP is then not
measurable, and MOUTH says so.
"""

from __future__ import annotations

from torch import Tensor

from tasks.metrics.metric import Metric, Value
from tasks.metrics.mouth_motion import REACH, mouth_motion, shares
from tasks.metrics.pair import Pair
from tasks.metrics.worst_face import worst_face

PEAK = 0.5  # likeness below which a lag is not believed
LONG_ENOUGH = 60  # frames
MOVING = 0.4  # `MouthMotion.moving` below which the mouth is still, or grain hides it
STILL = "the mouth does not move, or too little for its grain"


def _lip(pair: Pair, number: int) -> Value:
    motion = mouth_motion(pair, number)
    if motion is None or len(motion.places) < LONG_ENOUGH:
        return Value.none(f"the face is not seen for {LONG_ENOUGH} frames at a time")
    share = len(motion.places) / pair.count
    if motion.moving < MOVING:
        return Value.none(STILL, share)
    likeness = shares(motion)[1]
    if float(likeness.max()) < PEAK:
        return Value.none("the restored mouth does not follow the source's", share)
    return Value(abs(peak(likeness) - REACH), share)


def peak(values: Tensor) -> float:
    """Where values `[K]` are highest, between the samples by a parabola."""
    at = int(values.argmax())
    if not 0 < at < len(values) - 1:
        return float(at)
    left, here, right = (float(v) for v in values[at - 1 : at + 2])
    bend = left - 2 * here + right
    return at + (0.5 * (left - right) / bend if bend < 0 else 0.0)


def _mouth(pair: Pair, number: int) -> Value:
    motion = mouth_motion(pair, number)
    if motion is None:
        return Value.none("the face is not seen for long enough at a time")
    share = len(motion.places) / pair.count
    window = max(round(pair.rate), 2 * REACH + 4)
    worst, where = float("inf"), 0
    for start in range(0, len(motion.places) - window + 1, window // 2):
        piece = motion.part(start, start + window)
        kept = float(shares(piece)[0].max())
        if piece.moving >= MOVING and kept < worst:
            worst, where = kept, int(piece.places[window // 2])
    if worst == float("inf"):
        return Value.none(STILL, share)
    return Value(worst, share, where=int(pair.faces[number].frames[where]))


def measure_lip(pair: Pair) -> Value:
    """LIP of a pair: that of its worst face."""
    return worst_face(pair, _lip, "higher", 0.0)


LIP = Metric(
    identifier="LIP",
    name="Lip movement late",
    unit="frames",
    worse="higher",
    floor=0.5,
    formula="|parabolic arg-max over -8..8 frames of the correlation of the mouth's detrended "
    "samples in R' and P|, peak at least 0.5, at least 60 frames",
    source="ours; half a frame after ITU-R BR.265",
    blind="lips out of step with the sound in the source as well; a frozen mouth (see MOUTH)",
    measure=measure_lip,
)


def measure_mouth(pair: Pair) -> Value:
    """MOUTH of a pair: that of its worst face."""
    return worst_face(pair, _mouth, "lower", 1.0)


MOUTH = Metric(
    identifier="MOUTH",
    name="Mouth movement kept",
    unit="share",
    worse="lower",
    floor=0.7,
    formula="least over windows of a second of max over lags of the regression of the mouth's "
    "detrended samples in R' on those in P",
    source="ours",
    blind="a mouth of the wrong shape that moves in step; a source whose mouth hardly moves",
    measure=measure_mouth,
)
