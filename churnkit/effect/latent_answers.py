"""How satisfaction becomes answers: ordered probits that share the wave of their round, tabulated on the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from churnkit.effect.latent_design import Floats, Ints
from churnkit.value.frailty import standard_nodes

_WAVES = 9  # nodes for the wave
_LEAST = 1e-12  # chance of an answer


@dataclass(frozen=True)
class Scale:
    """One instrument in units of its own noise: ``loading S + wave u + e`` cut at `cuts`; u and e standard normal."""

    loading: float
    wave: float
    cuts: Floats


@dataclass(frozen=True)
class AnswerTable:
    """Chance of each pattern of answers at each node, and the derivatives of its logarithm.

    Attributes
    ----------
    chance : array of shape (n_patterns, n_nodes)
    slopes : array of shape (n_patterns, n_nodes, n_instruments * 4): by instrument, of the cut above, the cut below,
        the loading and the wave; 0 where the pattern lacks the instrument
    """

    chance: Floats
    slopes: Floats


def tabulate(scales: list[Scale], patterns: Ints, grid: Floats, *, slopes: bool = True) -> AnswerTable:
    """Chance of patterns of answers of one round, the wave integrated out by Gauss and Hermite.

    Parameters
    ----------
    scales : list of Scale, by instrument
    patterns : array of int of shape (n_patterns, n_instruments), levels, -1 for none
    grid : array of shape (n_nodes,), values of S
    slopes : bool, whether to compute the derivatives

    Examples
    --------
    >>> scale = Scale(1.0, 0.0, np.array([0.0]))
    >>> tabulate([scale], np.array([[0], [1]]), np.array([0.0])).chance.tolist()
    [[0.5], [0.5]]
    """
    u, weight = standard_nodes(_WAVES)
    if not any(scale.wave for scale in scales):
        u, weight = np.zeros(1), np.ones(1)
    found = [_cells(scale, grid, u) for scale in scales]
    each = [chance[patterns[:, m]] for m, (chance, _) in enumerate(found)]  # level -1 takes the last: chance 1
    product = np.multiply.reduce(each) * weight
    total = product.sum(axis=2)
    if not slopes:
        return AnswerTable(total, np.zeros((0, 0, 0)))
    columns = []
    for m, (_, density) in enumerate(found):
        rest = product / each[m]
        above, below = density[patterns[:, m] + 1], density[patterns[:, m]]
        level = patterns[:, m]
        none = (level < 0)[:, None, None]
        above, below = np.where(none, 0.0, above), np.where(none, 0.0, below)
        up, down = (rest * above).sum(axis=2), (rest * below).sum(axis=2)
        columns += [up, -down, -grid * (up - down), -(rest * (above - below) * u).sum(axis=2)]
    return AnswerTable(total, np.stack(columns, axis=2) / total[:, :, None])


def _cells(scale: Scale, grid: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Chance of each level, with 1 at the end, and density at each cut, with 0 at both ends: (level, node, wave)."""
    z = scale.cuts[:, None, None] - scale.loading * grid[:, None] - scale.wave * u
    edge = np.zeros((1, *z.shape[1:]))
    below = np.concatenate([edge, ndtr(z), edge + 1.0])
    density = np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)
    chance = np.maximum(np.diff(below, axis=0), _LEAST)
    return np.concatenate([chance, edge + 1.0]), np.concatenate([edge, density, edge])
