"""What the trees do not know: offsets as learners with other customers would have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from churnkit.value.ageing import Ageing, means
from churnkit.value.offsets import FOLDS

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Jackknife:
    """How offsets in the years ahead differ between learners that left out different customers.

    Each learner says what becomes of an offset by its own ageing, beside its own mean in the record, line by line: the
    mean is no error of the trees, for the hazard's levels are learnt given the offsets. Delete-a-group jackknife [1]_:
    with G learners an estimate has variance ``(G - 1) / G * sum over learners of (theta_g - mean)^2``. That of any sum
    of policies: an error which policies share does not cancel in it.

    Attributes
    ----------
    ageings : tuple of G Ageing
    base : array of shape (n_lines + 1, G), each learner's mean offset in the record, by line

    References
    ----------
    .. [1] Kott (2001), The delete-a-group jackknife, J. Official Statistics 17(4).
    """

    ageings: tuple[Ageing, ...]
    base: Matrix

    @classmethod
    def learn(cls, pairs: list[tuple[Matrix, Matrix, Codes]], offsets: Matrix, line: Codes, lines: int) -> Jackknife:
        """Learn from the learners' offsets, of shape (n, G) each.

        Parameters
        ----------
        pairs : list of (array, array, array of int), as :meth:`Ageing.learn` takes them, a column for each learner
        offsets : array of shape (n_rows, G), of rows of the record; line : their line codes
        lines : int, number of line codes
        """
        each = [[(moved[:, k], fresh[:, k], code) for moved, fresh, code in pairs] for k in range(FOLDS)]
        base = np.column_stack([means(column, line, lines) for column in offsets.T])
        return cls(tuple(Ageing.learn(one, lines) for one in each), base)

    def apply(self, offsets: Matrix, years: Vector, line: Codes) -> Matrix:
        """Return by how much each learner's offset after some years is above the mean of all, shape (n_rows, G).

        Parameters
        ----------
        offsets : array of shape (n_rows, G), moved forward
        years : array of shape (n_rows,); line : codes, -1 for one that is not known
        """
        found = np.column_stack([
            ageing.apply(column, years, line)[0] for ageing, column in zip(self.ageings, offsets.T, strict=True)
        ]) - self.base[line]  # fmt: skip
        return np.asarray(found - found.mean(axis=1, keepdims=True))


def draws(replicates: int, seed: int) -> Matrix:
    """Weights on the learners' differences whose sum has the jackknife's variance, shape (n_replicates, G).

    Examples
    --------
    >>> draws(2, 0).shape
    (2, 3)
    """
    drawn = np.random.default_rng([seed, FOLDS]).standard_normal((replicates, FOLDS))
    return np.asarray(drawn * np.sqrt((FOLDS - 1) / FOLDS))
