"""The rules' exact limits.

A rule is broken on the wrong side of a limit, not on it.
"""

STRONG_AUC = 0.95  # of a designated metric against all harmless outputs, strong fault
MILD_AUC = 0.80
STRATUM_AUC = 0.90  # strong fault, within the worst stratum
STRATUM_CLIPS = 5  # of a stratum, with the fault and a value; fewer are too few to judge
STRONG_FOUND = 0.90  # share of strong faults flagged at the shipped thresholds
FALSE_ALARMS = 0.05  # share of harmless outputs flagged, per metric
ANY_ALARM = 0.15  # share of harmless outputs flagged by any metric
MEASURABLE = 0.50  # share of a fault's outputs on which its metric has a value
TRIPPED = 0.20  # a strong fault trips a metric that flags more of its outputs than this
RESAMPLES = 1000  # of the bootstrap by clip
CONFIDENCE = 0.95

NEED_NOT_RISE = frozenset({"TIME"})  # counts what differs: more of a fault is not worse
