"""Where things lie in a store. Who may write there is in `catalogs.store_lock`.

tables/          the ledger
clock            time of its newest row, see `catalogs.instant`
shots/<reel>/    restored shots and their change maps, by key
reels/<reel>/<treatment>/  restored master, access copy, change map, sidecar, manifest.json last
features/<reel>/ faces of sources, kept so that a source is searched once; may be deleted
proxies/<reel>/  what the dashboard shows of shots, made when asked for; may be deleted
scratch/<host>/  copies of sources in object storage, see `tasks.storage.scratch`
models/          what recipes may name of the model registry, see `catalogs.model_shelf`
reports/         one folder a night
controls/        what people ask of nights, see `catalogs.controls`
mappings/        how each night's catalog was read, field by field
logs/            one file a reel, in plain language
exports/         what was exported, by derivative
strata/          what the last comparison of strata found
accounts.json    who may use the dashboard, see `dashboard.accounts`
decisions/       what reviewers decided, see `catalogs.decisions.log`; never deleted
recipes/         recipes of the house, NAME.toml, that may be named; written by people
notify.txt       who is told of the end of a night; written by people, holds secrets
policy.toml      what may be done to which collection; written by people, never by a night
tags.csv         tags of shots and reels, for strata; written by people as well
"""

from dataclasses import dataclass
from pathlib import Path

from catalogs.controls import Controls
from catalogs.decisions.log import DecisionLog
from catalogs.durable import write_whole
from catalogs.errors import StoreError
from catalogs.ledger import Ledger
from catalogs.model_shelf import Shelf
from catalogs.recipe import known_recipes
from catalogs.sweep import sweep
from catalogs.tables import SCHEMA_VERSION

STORE_VERSION = SCHEMA_VERSION  # stands in the store's marker, so that older software keeps out
OLDEST_READ = 2
MARKER = "wetgate-store"
POLICY = "policy.toml"


@dataclass(frozen=True)
class Store:
    """A folder laid out as above."""

    root: Path

    @property
    def tables(self) -> Path:
        """The ledger's folder."""
        return self.root / "tables"

    def ledger(self, batch_id: str = "") -> Ledger:
        """The ledger, writing as one batch."""
        return Ledger(self.tables, batch_id)

    def shot_folder(self, reel_id: str) -> Path:
        """Restored shots of a reel."""
        return self.root / "shots" / reel_id

    def reel_folder(self, reel_id: str, treatment_label: str) -> Path:
        """The restored reel under one treatment."""
        return self.root / "reels" / reel_id / treatment_label

    def features_file(self, reel_id: str, start_frame: int, stop_frame: int, key: str) -> Path:
        """What was found on frames of a source; of one range the newest file holds."""
        name = f"{start_frame:07d}-{stop_frame:07d}.{key}.parquet"
        return self.root / "features" / reel_id / name

    @property
    def proxies(self) -> Path:
        """What the dashboard shows."""
        return self.root / "proxies"

    @property
    def shelf(self) -> Shelf:
        """The models that are kept here."""
        return Shelf(self.root / "models")

    @property
    def decisions(self) -> DecisionLog:
        """What reviewers decided here."""
        return DecisionLog(self.root / "decisions")

    @property
    def controls(self) -> Controls:
        """What people ask of nights here."""
        return Controls(self.root / "controls")

    @property
    def recipes(self) -> dict[str, Path]:
        """Recipes that may be named here, by name; those of Wetgate are what they always are."""
        return known_recipes(recipes_folder(self.root))

    def report_folder(self, batch_id: str) -> Path:
        """One night's report."""
        return self.root / "reports" / batch_id

    def mapping_file(self, batch_id: str) -> Path:
        """How one night's catalog was read."""
        return self.root / "mappings" / f"{batch_id}.csv"

    def sweep(self) -> None:
        """Remove what is half written or no longer of use; only while the store is held."""
        sweep(self.root)

    def log_file(self, reel_id: str) -> Path:
        """One reel's log."""
        return self.root / "logs" / f"{reel_id}.log"


def open_store(root: Path) -> Store:
    """Open a store, or lay out a new one in an empty or missing folder.

    Raises:
        StoreError: not writable, of another version, or a folder with other things in it.
    """
    marker = root / MARKER
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not marker.exists():
            if any(path.name != POLICY for path in root.iterdir()):
                raise StoreError(f"{root} is neither empty nor a store; choose another folder")
            mark(root)
        version = marker.read_text(errors="replace").strip()
    except OSError as error:
        raise StoreError(f"{root} cannot be a store: {error.strerror}; check it") from error
    _check_version(root, version)
    return Store(root.resolve())


def _check_version(root: Path, version: str) -> None:
    number = int(version) if version.isdecimal() else 0
    if number > STORE_VERSION:
        raise StoreError(
            f"{root} is a store of version {version}, of newer software than this, which knows "
            f"{STORE_VERSION}; use the newer one. Nothing was changed"
        )
    if number < OLDEST_READ:
        raise StoreError(
            f"{root} is a store of version {version or 'none'}, and {OLDEST_READ} is the oldest "
            f"that can be read; look at {MARKER} in it. Its reels are whole files as they lie "
            "there; to go on, begin a new store"
        )


def mark(root: Path) -> None:
    """Say which software may use the store."""
    write_whole(root / MARKER, f"{STORE_VERSION}\n".encode())


def is_store(root: Path) -> bool:
    """Whether a folder is a store."""
    return (root / MARKER).is_file()


def recipes_folder(root: Path) -> Path:
    """Where a store has recipes of its own, whether it is there yet or not."""
    return root / "recipes"


def existing_store(root: Path) -> Store:
    """Open a store for reading only.

    Raises:
        StoreError: there is no store.
    """
    if not is_store(root):
        raise StoreError(f"{root} is not a store; run `wetgate run` first or name another --store")
    return open_store(root)
