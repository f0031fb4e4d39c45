"""Film damage, simulated: true damage masks beside pictures whose undamaged truth is known.

    for frame, masks in damaged(frames, (Dirt(seed=7), Flicker(seed=7))):
        masks["dirt"]                            # bool [H, W] on the luma grid

A kind of damage is a frozen dataclass with a `name` and a method `applied`, which streams:
one (damaged frame, mask) per frame, in order, without looking ahead. It works in the source's
own samples, in every `PictureFormat`; samples outside the mask are the source's, bit for bit.
The same seed gives the same damage on every machine: all chance comes from a CPU
`torch.Generator` seeded by (seed, frame index).

Sources: the look of dirt (one frame long, opaque to translucent, white from the negative and
black from the print, irregular outline) follows Kokaram, "Motion Picture Restoration", 1998,
chapter 6, and Ivanova et al., "Simulating analogue film damage to analyse and evaluate artefact
restoration on high-resolution scans", 2023. Flicker as a gain and an offset per frame follows
van Roosmalen, Lagendijk, Biemond, "Correction of intensity flicker in old film sequences",
1999, here uniform over the picture.

Limits: no scratches, weave, grain or local flicker; shapes are drawn, not scanned.
"""

from models.degrade.damage import Damage, damaged
from models.degrade.dirt import Dirt
from models.degrade.flicker import Flicker

__all__ = ["Damage", "Dirt", "Flicker", "damaged"]
