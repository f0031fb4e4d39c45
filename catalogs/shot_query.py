"""Shots of the ledger, asked for in SQL.

One row a shot of the newest version of its reel that was restored, the table `shot`; a later
attempt that failed takes nothing away, nor that the reel is held now:

    reel_id identifier title collection gauge colour reel_number
    shot_index start_frame stop_frame frames width height
    key treatment_id recipe models status changed_share picture_sha256 seconds flagged

`models` and `flagged` are lists of text: the registered models that restored it, the metrics that
flag it. A condition may ask every table of the ledger too, in its newest rows:

    collection = 'Nitrate news' AND list_contains(flagged, 'DIRT')
    key IN (SELECT key FROM measurements WHERE metric = 'BOIL' AND after > 3)

The condition runs in a database in memory, over copies: it can read no file and change nothing.
"""

from collections.abc import Mapping

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from catalogs.errors import RecipeError
from catalogs.ledger import Ledger
from catalogs.mixtures import with_mixtures
from catalogs.recipe import Treatment
from catalogs.shot_list import of_holding_lists
from catalogs.tables import SHOT_PLACE, TABLES

_SHOT = ["reel_id", "key"]
_OF_REEL = ["reel_id", "reel_digest", "treatment_id", "identifier", "title", "collection",
            "gauge", "colour", "reel_number", "width", "height"]  # fmt: skip
_OF_SHOT = [*SHOT_PLACE, "shot_index", "key", "treatment_id", "status", "changed_share",
            "picture_sha256"]  # fmt: skip


def standing_shots(
    ledger: Ledger, treatments: Mapping[str, Treatment], reel_id: str | None = None
) -> pd.DataFrame:
    """The table `shot`, as above; what it cost to restore and to measure is `seconds`.

    Args:
        ledger: of the store.
        treatments: as recorded, by their identity.
        reel_id: of the only reel that is asked for, which takes a short time; all when None.
    """
    rows = ledger.read("reels", reel_id, [*_OF_REEL, "status"])
    rows = rows[rows["status"] == "restored"]
    reels = rows.drop_duplicates("reel_id", keep="last")[_OF_REEL]
    restorations = ledger.newest("restorations", reel_id, [*_OF_SHOT, "seconds"])
    own = restorations[["reel_id", "key", "treatment_id", "seconds"]]
    outcomes = with_mixtures(restorations, ledger.newest("mixtures", reel_id))[_OF_SHOT]
    shots = outcomes.merge(reels, on=["reel_id", "reel_digest", "treatment_id"])
    shots = shots.drop(columns="treatment_id").merge(own, on=_SHOT)
    shots = of_holding_lists(ledger, shots, reel_id)
    shots["frames"] = shots["stop_frame"] - shots["start_frame"]
    known = {name: _models(treatment) for name, treatment in treatments.items()}
    shots["models"] = [known.get(name, []) for name in shots["treatment_id"]]
    names = {name: treatment.recipe_name for name, treatment in treatments.items()}
    shots["recipe"] = [names.get(name, "") for name in shots["treatment_id"]]
    return _measured(ledger, shots, reel_id).sort_values(
        ["reel_id", "start_frame"], ignore_index=True
    )


def matching(ledger: Ledger, shots: pd.DataFrame, where: str) -> pd.DataFrame:
    """Those of the shots that a condition in SQL is true of.

    Raises:
        RecipeError: it is no condition, or names what is not there.
    """
    if shots.empty:  # without rows columns have no types to ask for
        return shots
    query = f"SELECT reel_id, start_frame FROM shot WHERE (\n{where}\n)"
    try:
        with duckdb.connect() as memory:
            memory.register("shot", pa.Table.from_pandas(shots, preserve_index=False))
            named = {name.lower() for name in memory.get_table_names(query)}
            for name in named & set(TABLES):
                memory.register(name, ledger.newest_table(name))
            memory.execute("SET python_enable_replacements = false")
            memory.execute("SET enable_external_access = false")
            memory.execute("SET lock_configuration = true")
            if [s.type.name for s in memory.extract_statements(query)] != ["SELECT"]:
                raise RecipeError(f"--where {where!r} is more than one condition")
            found = memory.execute(query).fetchall()
    except duckdb.Error as error:
        first = str(error).partition("\n")[0]
        raise RecipeError(
            f"--where {where!r}: {first}; columns of a shot are: {', '.join(shots.columns)}"
        ) from error
    chosen = set(found)
    places = zip(shots["reel_id"], shots["start_frame"], strict=True)
    return shots[np.array([place in chosen for place in places], dtype=bool)]


def _measured(ledger: Ledger, shots: pd.DataFrame, reel_id: str | None) -> pd.DataFrame:
    """The shots with the metrics that flag each, and the time that measuring took."""
    rows = ledger.newest("measurements", reel_id, ["verdict", "seconds"])
    flags = rows[rows["verdict"] == "flag"].groupby(_SHOT)["metric"].agg(list).to_dict()
    spent = rows.groupby(_SHOT)["seconds"].sum().to_dict()
    places = list(zip(*(shots[name] for name in _SHOT), strict=True))
    shots["flagged"] = [flags.get(place, []) for place in places]
    measuring = np.array([spent.get(place, 0.0) for place in places], dtype=float)
    shots["seconds"] = shots["seconds"].astype(float) + measuring
    return shots


def _models(treatment: Treatment) -> list[str]:
    return sorted({step.model for step in treatment.steps if step.model})
