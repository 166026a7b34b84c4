"""The causal worlds: what is confounded, noisy, unanswered. Frozen before any estimator exists.

Nine named worlds, A to I, differ only in the knobs of `World`. Their intercepts were **solved** for the industry's
published levels (`TARGETS`) by `churnkit.simulate.calibrate.calibrate`; a test holds the stored constants to them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from churnkit.errors import UsageError

TARGETS = {"renewal": 0.815, "churn": 0.185, "index": 0.736, "claim_cycle_days": 5.8}


@dataclass(frozen=True)
class World:
    """Knobs of one simulated insurer.

    Parameters
    ----------
    observed_confounding : float
        How strongly age, region and wealth move satisfaction; they always move renewal.
    latent_trait : float
        How strongly the unobserved loyalty trait moves both satisfaction and renewal.
    survey_noise, wave_noise : float
        Standard deviation of an answer's own noise, and of the noise shared by the answers of one invitation round,
        in units of latent satisfaction.
    response_style : float
        Standard deviation of a customer's lasting habit of scoring high or low.
    nonrandom_response : float
        How strongly satisfaction decides who answers (1: the unhappy and the very happy answer more).
    answer_rate : float
        Share of invitations answered (the answer intercept is solved for it).
    response_shape : {"quadratic", "step"}
        Log-odds of answering as a parabola in satisfaction, or a step for the unhappy.
    direct_delay_effect : float
        Log-odds of renewal per unit of log claim delay that does **not** run through satisfaction.
    skewed_satisfaction : bool
        Innovations with a long lower tail instead of normal ones.
    within_term_decay : float
        Rate per year at which an experience fades within its term; 0 keeps satisfaction constant within a term.
    negative_control : float
        Log-odds of autopay at inception per unit of the loyalty trait.
    renewal_intercept, exit_rate, csat_threshold, claim_days, answer_intercept : float
        Solved constants: renewal, yearly mid-term cancellation, the cut between CSAT 3 and 4, the motor cycle's
        scale in working days, the log-odds of answering.
    """

    name: str = "F"
    observed_confounding: float = 1.0
    latent_trait: float = 0.0
    survey_noise: float = 0.3
    wave_noise: float = 0.0
    response_style: float = 0.0
    nonrandom_response: float = 0.0
    answer_rate: float = 0.6
    response_shape: Literal["quadratic", "step"] = "quadratic"
    direct_delay_effect: float = 0.0
    skewed_satisfaction: bool = False
    within_term_decay: float = 0.0
    negative_control: float = 0.6
    renewal_intercept: float = 1.6
    exit_rate: float = 0.04
    csat_threshold: float = -0.7
    claim_days: float = 5.0
    answer_intercept: float = 0.4


# Solved on 60,000 customers, seed 90210: renewal, exit_rate, csat_threshold, claim_days, answer_intercept.
_SOLVED: dict[str, tuple[float, float, float, float, float]] = {
    "A": (1.31815, 0.05945, -0.25943, 5.71288, 0.30968),
    "B": (1.29939, 0.05443, -0.21591, 5.72812, 0.29567),
    "C": (1.21699, 0.05412, -0.13441, 5.71108, 0.29686),
    "D": (1.29939, 0.05443, -0.44947, 5.72812, 0.29567),
    "E": (1.29939, 0.05443, -0.21591, 5.72812, -1.51622),
    "F": (1.21699, 0.05412, -0.35381, 5.71108, -1.49766),
    "G": (1.22961, 0.053, -0.34763, 5.69624, -1.49495),
    "H": (1.21566, 0.05376, -0.32025, 5.69223, -1.75929),
    "I": (1.28519, 0.05349, -0.49212, 5.69419, -1.53312),
}

_NOISY = {"survey_noise": 0.8, "wave_noise": 0.6}
_UNANSWERED = {"nonrandom_response": 1.0, "answer_rate": 0.23}
_ALL_FAULTS = {"latent_trait": 1.0, **_NOISY, **_UNANSWERED}

_KNOBS: dict[str, dict[str, object]] = {
    "A": {"observed_confounding": 0.0},
    "B": {},
    "C": {"latent_trait": 1.0},
    "D": {"survey_noise": 1.0},
    "E": {**_UNANSWERED},
    "F": {**_ALL_FAULTS},
    "G": {**_ALL_FAULTS, "direct_delay_effect": 0.45},
    "H": {**_ALL_FAULTS, "skewed_satisfaction": True, "response_shape": "step"},
    "I": {**_ALL_FAULTS, "within_term_decay": 3.0},
}


def _build(name: str) -> World:
    made = World(name=name, **_KNOBS[name])  # type: ignore[arg-type]
    if name not in _SOLVED:
        return made
    renewal, exits, csat, days, answer = _SOLVED[name]
    return replace(made, renewal_intercept=renewal, exit_rate=exits, csat_threshold=csat, claim_days=days,
                   answer_intercept=answer)  # fmt: skip


WORLDS: dict[str, World] = {name: _build(name) for name in _KNOBS}


def get_world(world: str | World) -> World:
    """Return a named world, or the one given.

    Raises
    ------
    UsageError
        If there is no world of that name.

    Examples
    --------
    >>> get_world("C").latent_trait
    1.0
    """
    if isinstance(world, World):
        return world
    if world not in WORLDS:
        names = ", ".join(WORLDS)
        raise UsageError("A world has a name from A to I.", found=repr(world), fix=f"Choose one of {names}.")
    return WORLDS[world]
