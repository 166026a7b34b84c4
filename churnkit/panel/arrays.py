"""Types and constants that the panel's arrays share: times are int64 microseconds, codes int64, values float64."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Scalar = TypeVar("Scalar", bound=np.generic)

NEVER = np.iinfo(np.int64).max
FIRST = np.iinfo(np.int64).min
DAY = 86_400_000_000


def numbers(column: Any) -> Floats:
    """Return an Arrow column of numbers or truth values as float64, null and infinite values as NaN."""
    column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    cast = pc.cast(column, pa.int8()) if pa.types.is_boolean(column.type) else column
    values = np.array(pc.cast(cast, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values
