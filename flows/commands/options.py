"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

StoreOption = Annotated[
    Path, typer.Option("--store", envvar="WETGATE_STORE", help="Folder of the store.")
]
CatalogArgument = Annotated[
    Path, typer.Argument(help="The catalog: CSV, PBCore, EN 15907 or NYPL AMI JSON.")
]
RecipeOption = Annotated[
    str, typer.Option(help="A recipe's name, shipped or the store's, or its file.")
]
ArchiveOption = Annotated[
    str | None,
    typer.Option(
        help="Archive root: a folder, or s3://bucket/prefix; the catalog's folder if not given."
    ),
]
ScratchOption = Annotated[
    str | None,
    typer.Option(
        envvar="WETGATE_SCRATCH",
        help="Folder for copies of sources in object storage, on every host; STORE/scratch if not "
        "given.",
    ),
]
ScratchSizeOption = Annotated[
    float,
    typer.Option(
        "--scratch-gb", envvar="WETGATE_SCRATCH_GB", help="What they may come to on a host, in GB."
    ),
]
PublishOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="WETGATE_PUBLISH",
        help="Copy finished reels there, s3://bucket/prefix, and read every object back.",
    ),
]
ProfileOption = Annotated[
    str | None,
    typer.Option(help="How the institution's catalog is read: a shipped profile or a file."),
]
FpsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--fps", metavar="[IDENTIFIER=]RATE", help="Frame rate that overrides catalog and header."
    ),
]
ScanOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scan",
        metavar="[IDENTIFIER=]SCAN",
        help="How interlaced picture is read: progressive (frames as they are) or deinterlace.",
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        envvar="WETGATE_POLICY",
        help="What may be done to which collection; STORE/policy.toml if not given.",
    ),
]
NoticeOption = Annotated[
    str | None,
    typer.Option(
        help="Text burned into access copies, such as 'Restored derivative'; '' for none. "
        "Finished reels keep theirs when this is left out."
    ),
]
SidecarOption = Annotated[
    bool,
    typer.Option(
        help="The signal of each master beside it, for QCTools; costs one more reading of it."
    ),
]
FootageOption = Annotated[
    Path, typer.Option("--data", envvar="WETGATE_FOOTAGE", help="Folder of the footage.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Local workers; one a GPU, else one a core.")
]
SameFaultOption = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, help="Stop when N shots in a row fail of one fault; 0 for never."
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        envvar="WETGATE_CLUSTER",
        help="Where the workers run: a cluster profile, a file or the name of a shipped one.",
    ),
]
