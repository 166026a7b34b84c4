"""Who runs what on how much: the stages of the experiment and the peers of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

OWN = "ours"
INSTALL = {
    "duckdb_join": ("duckdb", "pip install duckdb"),
    "pandas_by_hand": ("pandas", "pip install pandas pyarrow"),
    "polars_join": ("polars", "pip install polars"),
    "flattener": ("timeseriesflattener", 'pip install timeseriesflattener==2.5 attrs "pyarrow<26"'),
    "featuretools_own": ("featuretools", 'pip install featuretools==1.31 "pandas<3" pyarrow, in an environment apart'),
}
"""Distribution that a peer needs, and how to get it."""


@dataclass(frozen=True)
class Entry:
    """One line of the table: which peer, how its result ends, on which data and with what.

    ``features``: "all", or "flattened" for the 14 that timeseriesflattener can express.
    """

    peer: str
    end: str = "memory"
    memory: str = ""
    features: str = "all"
    size: str = ""
    cutoffs: int = 12
    compared: bool = False

    @property
    def name(self) -> str:
        """Its name in figures, without the stage."""
        more = [self.end if self.end != "memory" else "", "14" if self.features != "all" else "",
                f"{self.cutoffs}_cutoffs" if self.cutoffs != 12 else ""]  # fmt: skip
        return "_".join(each for each in (self.peer, *more) if each)


OURS = Entry(OWN, compared=True)
STORED = replace(OURS, end="parquet", memory="1GB")
FLATTENED = replace(OURS, features="flattened")
JOINS = tuple(Entry(peer, compared=True) for peer in ("duckdb_join", "pandas_by_hand", "polars_join"))
FLATTENER = Entry("flattener", features="flattened", compared=True)
OWN_FEATURES = Entry("featuretools_own", compared=True)


@dataclass(frozen=True)
class Stage:
    """Entries that are run in turn, and how often."""

    size: str
    rounds: int
    entries: tuple[Entry, ...]


STAGES = {
    "small": Stage("small", 1, (OURS, STORED, *JOINS, FLATTENER, OWN_FEATURES)),
    "tenth": Stage("tenth", 1, (OURS, OWN_FEATURES)),
    "reference": Stage("reference", 2, (
        OURS, STORED, *JOINS[:2], replace(JOINS[0], end="parquet"),
        Entry("floor"), Entry("floor", end="parquet"), FLATTENED, FLATTENER,
    )),
    "cutoffs": Stage("reference", 2, tuple(replace(STORED, cutoffs=number, compared=False) for number in (4, 12, 36))),
    "million": Stage("million", 1, (replace(STORED, compared=False),
                                    replace(STORED, size="reference", compared=False))),
}  # fmt: skip
"""``million`` is five times the reference task, run in turn with it."""
