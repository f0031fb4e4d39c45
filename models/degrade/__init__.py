"""Film damage, simulated: true damage masks beside pictures whose undamaged truth is known.

    for frame, masks in damaged(frames, (Dirt(seed=7), Flicker(seed=7))):
        masks["dirt"]                            # bool [H, W] on the luma grid

A kind of damage is a frozen dataclass with a `name` and a method `applied`, which streams:
one (damaged frame, mask) per frame, in order, without looking ahead. It works in the source's
own samples, in every `PictureFormat`; samples outside the mask are the source's, bit for bit.
The same seed gives the same damage on every machine: all chance comes from a CPU
`torch.Generator` seeded by (seed, frame index).

`aged(seed)` gives every kind, in the order in which they happen to a film:

    Fade            dyes lose density, unevenly; a cast
    Grain           noise by tone, correlated in space, new on every frame
    Dirt            blotches, each on one frame only; drawn, or shapes scanned from real film
    GateHair        hairs in the gate that stay for a while
    Scratches       upright lines through many frames, broken, wandering
    Missing         destroyed frames, splices
    Flicker         the exposure of each frame wanders
    LocalFlicker    likewise, differently over the picture
    Weave           the frame is displaced; `path` says by how much
    ScanBlur        softness
    Compression     blocks of an access copy

Sources: the look of dirt (one frame long, opaque to translucent, white from the negative and
black from the print, irregular outline) follows Kokaram, "Motion Picture Restoration", 1998,
chapter 6, and Ivanova et al., "Simulating analogue film damage to analyse and evaluate artefact
restoration on high-resolution scans", 2023. Flicker as a gain and an offset per frame follows
van Roosmalen, Lagendijk, Biemond, "Correction of intensity flicker in old film sequences",
1999. Every other file names its own.

Sizes are samples at 480 lines and grow with the picture. All arithmetic is on the frames' own
device, and so are the masks. The truth is the frames that went in.

Limits: a mask lies on the grid of the frame that its damage was given; what Weave moved and
ScanBlur spread afterwards is not followed.
"""

from models.degrade.aged import aged
from models.degrade.blur import ScanBlur
from models.degrade.compression import Compression
from models.degrade.damage import Damage, damaged
from models.degrade.dirt import Dirt
from models.degrade.fade import Fade
from models.degrade.flicker import Flicker
from models.degrade.grain import Grain
from models.degrade.hair import GateHair
from models.degrade.local_flicker import LocalFlicker
from models.degrade.missing import Missing
from models.degrade.scratch import Scratches
from models.degrade.weave import Weave

__all__ = [
    "Compression",
    "Damage",
    "Dirt",
    "Fade",
    "Flicker",
    "GateHair",
    "Grain",
    "LocalFlicker",
    "Missing",
    "ScanBlur",
    "Scratches",
    "Weave",
    "aged",
    "damaged",
]
