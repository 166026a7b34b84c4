"""What can be told from who was asked and answered, and in words what must be assumed instead."""

from __future__ import annotations

import numpy as np

from churnkit.effect.latent_design import LatentDesign
from churnkit.effect.latent_likelihood import Layout

_PAIRS = 100  # terms or rounds with two answers, from which one can tell S, the wave and the noise apart
_FEW, _SELDOM = 2000, 0.05  # answered rounds, and their share, below which the normal shape decides


def settle(design: LatentDesign, *, response: bool) -> tuple[Layout, tuple[str, ...]]:
    """Decide which parameters a design can tell, and say what is assumed.

    Parameters
    ----------
    design : LatentDesign, of the terms with at least one round
    response : bool, whether unanswered rounds are known and tell something

    Returns
    -------
    Layout, and sentences
    """
    given = (design.answers >= 0).sum(axis=1)
    names = " and ".join(each.name.upper() for each in design.instruments)
    said = [
        f"Satisfaction is normal around a line in {design.X.shape[1]} covariates, constant within a term, and moves "
        f"the answers to {names} in one direction."
    ]
    response, sentences = _answering(design, response)
    said += sentences
    wave = bool((given > 1).sum() >= _PAIRS)
    if not wave:
        said.append(
            f"Hardly a round holds two answers, so what a round's mood adds cannot be told from the own noise of "
            f"{design.instruments[0].name.upper()}: it counts as noise."
        )
    if (np.bincount(design.round_term, given, len(design)) > 1).sum() < _PAIRS:
        said.append(
            "Hardly a term holds two answers, so half of what the covariates leave open is taken to be noise; the "
            "index depends on that only where satisfaction decides on answering."
        )
    if not design.z_names:
        said.append("There are no shocks: covariates alone move the mean.")
    return Layout.of(design, response=response, wave=wave), tuple(said)


def _answering(design: LatentDesign, response: bool) -> tuple[bool, list[str]]:
    answered = design.answered
    alike = "those who answered are taken to stand for all with the same covariates."
    if answered.all():
        return False, [f"Nothing is known of who did not answer: {alike}"]
    if not response:
        return False, [f"Unanswered rounds are left out: {alike}"]
    said = [
        f"Whether a round is answered ({answered.mean():.1%} are) depends on satisfaction by a parabola and on "
        f"{len(design.v_names)} columns, and on nothing else that goes with satisfaction."
    ]
    if answered.sum() < _FEW or answered.mean() < _SELDOM:
        said.append(
            f"With {answered.sum():,} answered rounds, how satisfaction decides on answering rests on the normal shape "
            "more than on the answers."
        )
    return True, said
