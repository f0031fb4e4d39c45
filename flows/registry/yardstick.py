"""By what this software compares: what a gate report names, and a promotion asks for."""

from flows.night.software import software
from tasks.measure import shipped_calibration
from tasks.registry.gate import Yardstick


def yardstick() -> Yardstick:
    """The versions of what computes, and the calibration that came with them."""
    return Yardstick(software(), shipped_calibration().calibration_id)
