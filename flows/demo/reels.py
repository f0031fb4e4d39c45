"""What the demo's reels are: which footage, which damage, and what the catalog says."""

from dataclasses import dataclass
from fractions import Fraction

from catalogs.picture import PictureFormat
from catalogs.records import CatalogReel
from catalogs.source import ColourTags
from models.degrade import Damage, Dirt, Flicker


@dataclass(frozen=True)
class DemoReel:
    """One reel of the demo.

    Attributes:
        clip: one of `footage.CLIPS`; frames `[start_frame, stop_frame)` are taken.
        rate: frames per second written into the file.
        catalog_rate: what the catalog says; empty when it leaves it to the header.
        damages: in the order in which they happened to the film.
        sound_from_clip: carries the clip's whole sound.
        checksum: the catalog gives the file's SHA-256.
        kept_share: share of the file's bytes that is left; below 1 the file is cut off.
    """

    identifier: str
    title: str
    reel_number: int
    reel_count: int
    clip: str
    start_frame: int
    stop_frame: int
    picture: PictureFormat
    rate: Fraction
    colour: ColourTags
    damages: tuple[Damage, ...]
    catalog_rate: str = ""
    gauge: str = "35mm"
    catalog_colour: str = "colour"
    sound: str = "silent"
    sample_aspect: Fraction = Fraction(1)
    sound_from_clip: bool = False
    timecode: str | None = None
    checksum: bool = False
    kept_share: float = 1.0

    @property
    def reel_id(self) -> str:
        """The name that the catalog reader gives it."""
        row = CatalogReel(self.identifier, self.title, self.reel_number, self.reel_count, "", 0)
        return row.reel_id

    @property
    def file_name(self) -> str:
        """The source in the archive."""
        return f"{self.identifier.lower()}-reel-{self.reel_number}.mkv"

    @property
    def flickers(self) -> bool:
        """True when the damage touches every sample."""
        return any(isinstance(damage, Flicker) for damage in self.damages)


_SD = ColourTags(range="tv", matrix="smpte170m", primaries="smpte170m", transfer="smpte170m")
_HD = ColourTags(range="tv", matrix="bt709", primaries="bt709", transfer="bt709")
_CARPHONE = PictureFormat(352, 288, "yuv422p10le")

REELS = (
    DemoReel(
        identifier="DEMO-0001", title="Vélos en ville", reel_number=1, reel_count=1,
        clip="bikes.mp4", start_frame=0, stop_frame=250,
        picture=PictureFormat(480, 204, "gray"), rate=Fraction(18), catalog_rate="18",
        colour=ColourTags(range="tv"), catalog_colour="black and white",
        damages=(Flicker(), Dirt(density=10, median_size=12)), checksum=True,
    ),
    DemoReel(
        identifier="DEMO-0002", title="Big Buck Bunny (excerpt)", reel_number=1, reel_count=1,
        clip="bigbuckbunny.mp4", start_frame=0, stop_frame=132,
        picture=PictureFormat(480, 270, "yuv420p"), rate=Fraction(25), catalog_rate="25",
        colour=_HD, sound="sound", damages=(Dirt(density=12, median_size=10),),
        sound_from_clip=True, timecode="01:00:00:00", checksum=True,
    ),
    DemoReel(
        identifier="DEMO-0003", title="Car Phone", reel_number=1, reel_count=2,
        clip="carphone_pristine.mp4", start_frame=0, stop_frame=84, picture=_CARPHONE,
        rate=Fraction(30000, 1001), sample_aspect=Fraction(128, 117), colour=_SD, gauge="16mm",
        damages=(Dirt(density=8, median_size=9),),
    ),
    DemoReel(
        identifier="DEMO-0003", title="Car Phone", reel_number=2, reel_count=2,
        clip="carphone_pristine.mp4", start_frame=84, stop_frame=120, picture=_CARPHONE,
        rate=Fraction(30000, 1001), sample_aspect=Fraction(128, 117), colour=_SD, gauge="16mm",
        damages=(Dirt(density=8, median_size=9),), kept_share=0.6,
    ),
)  # fmt: skip
