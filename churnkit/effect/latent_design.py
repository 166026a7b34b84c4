"""What the latent model is fitted to: terms, the rounds in which they were asked, and what was answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnkit.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Instrument:
    """A question with ordered answers.

    Attributes
    ----------
    name : str
    ratings : tuple of float, the rating (0 worst, 100 best) at which each level begins
    satisfied : int, the first level that counts as satisfied (CSAT 4 of 5)
    """

    name: str
    ratings: tuple[float, ...]
    satisfied: int

    @property
    def levels(self) -> int:
        """Number of levels."""
        return len(self.ratings)


@dataclass(frozen=True)
class LatentDesign:
    """Terms with their invitation rounds; the first instrument fixes the scale and defines who is satisfied.

    Attributes
    ----------
    X : array of shape (n_terms, p), covariates of the mean, the first column is 1
    Z : array of shape (n_terms, m), shocks
    owner : array of int of shape (n_terms,), customer code
    round_term : array of int of shape (n_rounds,), the term in which each round was sent
    V : array of shape (n_rounds, v), what decides on answering besides satisfaction, without a constant
    answers : array of int of shape (n_rounds, n_instruments), level of each answer, -1 for none; a round with none at
        all was not answered
    instruments : tuple of Instrument
    x_names, z_names, v_names : names of the columns
    customers : int, number of customer codes
    W : array of shape (n_terms, q), what makes terms differ more or less from their mean; none without it
    w_names : names of its columns
    """

    X: Floats
    Z: Floats
    owner: Ints
    round_term: Ints
    V: Floats
    answers: Ints
    instruments: tuple[Instrument, ...]
    x_names: tuple[str, ...]
    z_names: tuple[str, ...]
    v_names: tuple[str, ...]
    customers: int
    W: Floats | None = None
    w_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n, rounds = len(self.X), len(self.round_term)
        wrong = [
            name
            for name, shape, expected in (
                ("X", self.X.shape, (n, len(self.x_names))), ("Z", self.Z.shape, (n, len(self.z_names))),
                ("W", self.widths.shape, (n, len(self.w_names))),
                ("owner", self.owner.shape, (n,)), ("V", self.V.shape, (rounds, len(self.v_names))),
                ("answers", self.answers.shape, (rounds, len(self.instruments))),
            )
            if shape != expected
        ]  # fmt: skip
        if wrong:
            raise UsageError("The arrays of a latent design belong together by row and name.",
                             found=f"another shape in {', '.join(wrong)}",
                             fix="Give one row per term or round.")  # fmt: skip
        if not np.isfinite(self.X).all() or not np.isfinite(self.Z).all() or not np.isfinite(self.V).all():
            raise UsageError("The latent model takes no missing values.", found="NaN in X, Z or V",
                             fix="Fill them and add a column that says so.")  # fmt: skip

    def __len__(self) -> int:
        return len(self.X)

    @property
    def columns(self) -> Floats:
        """Covariates and shocks beside each other, shape (n_terms, p + m)."""
        return np.hstack([self.X, self.Z])

    @property
    def widths(self) -> Floats:
        """W, without columns where there is none."""
        return np.zeros((len(self.X), 0)) if self.W is None else self.W

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """Whether each round was answered, shape (n_rounds,)."""
        return np.asarray((self.answers >= 0).any(axis=1))

    def take(self, rows: npt.NDArray[np.bool_]) -> LatentDesign:
        """The terms where `rows` is true, with their rounds."""
        place = np.cumsum(rows) - 1
        kept = rows[self.round_term]
        return LatentDesign(self.X[rows], self.Z[rows], self.owner[rows], place[self.round_term[kept]], self.V[kept],
                            self.answers[kept], self.instruments, self.x_names, self.z_names, self.v_names,
                            self.customers, self.widths[rows], self.w_names)  # fmt: skip
