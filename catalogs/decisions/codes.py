"""Codes of defects: what a reviewer saw, in words that other houses read.

`CATEGORY/TERM`. Categories FILM and VIDEO are of the MovieLabs Quality Control (QC) Vocabulary,
version 1.1 of 17 December 2019 (movielabs.com/md/qcvocabulary), of which only what applies to the
restoration of film is taken, with meanings in our words. That vocabulary has no terms for what
restoration by learned models gets wrong, and few for restoration: RESTORATION and AI are ours.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A defect that can be named.

    Attributes:
        code: `CATEGORY/TERM`.
        name: as a person reads it.
        means: what is seen.
        metrics: identifiers of the metrics that see the same.
    """

    code: str
    name: str
    means: str
    metrics: tuple[str, ...] = ()

    @property
    def category(self) -> str:
        """`FILM`, `VIDEO`, `RESTORATION` or `AI`."""
        return self.code.partition("/")[0]


_FILM = (
    Code("FILM/DIRT", "Dirt", "Spots of one frame that are on the film, black, white or coloured.",
         ("DIRT",)),
    Code("FILM/HAIR", "Hair", "A hair or fibre, printed in or caught in the gate."),
    Code("FILM/CHEMICAL-STAIN", "Chemical stain", "Clear or coloured spots left by processing."),
    Code("FILM/EMULSION-STAIN", "Emulsion stain", "A blotch on the emulsion side."),
    Code("FILM/FILM-BUMP", "Bump", "The picture jumps in place or brightness, as at a splice.",
         ("WEAVE", "FLK")),
    Code("FILM/FILM-JITTER", "Unsteadiness", "The picture weaves or shakes from frame to frame.",
         ("WEAVE",)),
    Code("FILM/DUST-REMOVAL-ERROR", "Fault of dirt removal",
         "What cleaning left behind: a smear, a copied patch, a piece of picture taken for dirt.",
         ("CHG", "DIRT")),
)  # fmt: skip

_VIDEO = (
    Code("VIDEO/ALIASING", "Aliasing", "Stair steps on diagonal edges."),
    Code("VIDEO/BANDING", "Banding", "Steps in what should be a smooth gradation."),
    Code("VIDEO/BLACKS-CRUSHED", "Crushed blacks", "Detail in the shadows is lost."),
    Code("VIDEO/BLACKS-LIFTED", "Lifted blacks", "Black is grey."),
)  # fmt: skip

_RESTORATION = (
    Code("RESTORATION/SCRATCH", "Scratch left or added", "A line along the film, or what is left "
         "of one.", ("SCRATCH",)),
    Code("RESTORATION/FLICKER", "Flicker", "Brightness pulses, of the whole picture or of parts.",
         ("FLK", "FLK_L", "FLICKER")),
    Code("RESTORATION/COLOUR-DRIFT", "Colour drift", "A cast that comes and goes in a shot.",
         ("CAST",)),
    Code("RESTORATION/GRAIN-LOST", "Grain lost", "The picture is smoother than its film.",
         ("GRAIN", "TEX")),
    Code("RESTORATION/NOISE-ADDED", "Noise added", "Grain or noise that the film does not have.",
         ("REGRAIN",)),
    Code("RESTORATION/BLOCKS", "Blocks of a codec", "Edges on a grid, brought in by restoration.",
         ("BLOCK",)),
    Code("RESTORATION/FRAMES", "Frames wrong", "A frame doubled, frozen, missing or out of order.",
         ("DUP", "SWAP", "TIME")),
    Code("RESTORATION/DAMAGE-LEFT", "Damage left", "A fault of the film that should be gone."),
    Code("RESTORATION/OTHER", "Another fault", "None of these; the comment says what."),
)  # fmt: skip

_AI = (
    Code("AI/EYE-FLICKER", "Eye flicker", "Eyes change from frame to frame: gaze, iris, highlight.",
         ("EYE",)),
    Code("AI/BLINK", "Blink lost or added", "A blink of the source is gone, or one is made up.",
         ("BLINK",)),
    Code("AI/LIP-DRIFT", "Lip drift", "Lips move late, early, or otherwise than in the source.",
         ("LIP", "MOUTH")),
    Code("AI/IDENTITY-DRIFT", "Identity drift", "A face looks like somebody else, or changes.",
         ("ID",)),
    Code("AI/FACE-SHAKE", "Face shake", "A face trembles against its head.", ("JIT",)),
    Code("AI/SKIN-TONE", "Skin tone shift", "Skin is lighter, darker or another colour.",
         ("SKIN",)),
    Code("AI/WAXY-SKIN", "Waxy skin", "Pores and fine lines are gone; skin looks like wax.",
         ("WAX", "TEX")),
    Code("AI/SWIMMING-TEXTURE", "Swimming texture", "Texture crawls over what it belongs to, or "
         "sticks to the screen.", ("BOIL", "STICK")),
    Code("AI/INVENTED-DETAIL", "Invented detail", "Picture that the source does not show.",
         ("CHG",)),
    Code("AI/ERASED-DETAIL", "Erased detail", "Something of the picture was taken for damage.",
         ("CHG",)),
    Code("AI/GHOST", "Ghost", "A trail or double of what moves.", ("GHOST",)),
    Code("AI/PULSING-SHARPNESS", "Pulsing sharpness", "Sharp and soft take turns.", ("CADENCE",)),
    Code("AI/HALO", "Halo", "Bright or dark rims along edges."),
)  # fmt: skip

CODES: dict[str, Code] = {
    code.code: code for code in (*_FILM, *_VIDEO, *_RESTORATION, *_AI)
}  # fmt: skip
