"""An old film, all together: every kind of damage, in the order in which it happened."""

from __future__ import annotations

from models.degrade.blur import ScanBlur
from models.degrade.compression import Compression
from models.degrade.damage import Damage, require
from models.degrade.dirt import Dirt
from models.degrade.fade import Fade
from models.degrade.flicker import Flicker
from models.degrade.grain import Grain
from models.degrade.hair import GateHair
from models.degrade.local_flicker import LocalFlicker
from models.degrade.missing import Missing
from models.degrade.scratch import Scratches
from models.degrade.weave import Weave

APART = 104_729  # Dirt and Flicker draw from the same chance when they share a seed


def aged(seed: int, severity: float = 1.0) -> tuple[Damage, ...]:
    """Every kind of damage in the order of the physics: film, handling, printing, scan, copy.

    Args:
        seed: where chance starts; no two kinds share their chance.
        severity: 0.1..2; how often things happen and how strong they are, 1 for a worn print.

    Raises:
        ValueError: the severity is out of range.
    """
    require("severity", severity, 0.1, 2)
    return (
        Fade(
            density_loss=0.2 * severity,
            unevenness=0.06 * severity,
            chroma_loss=0.25 * severity,
            tint=0.015 * severity,
            seed=seed,
        ),
        Grain(strength=0.03 * severity, seed=seed),
        Dirt(density=12 * severity, seed=seed),
        GateHair(rate=0.02 * severity, seed=seed),
        Scratches(rate=0.02 * severity, seed=seed),
        Missing(rate=0.004 * severity, splice_rate=0.01 * severity, seed=seed),
        Flicker(gain=0.04 * severity, offset=0.01 * severity, seed=seed + APART),
        LocalFlicker(gain=0.03 * severity, seed=seed),
        Weave(sway=0.7 * severity, bounce=0.5 * severity, rotation=0.03 * severity, seed=seed),
        ScanBlur(sigma=0.5 + 0.2 * severity),
        Compression(quality=100 - 25 * severity),
    )
