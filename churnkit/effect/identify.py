"""From shocks, answers and renewals to slopes, with the checks that they rest on and the evidence for a verdict."""

from __future__ import annotations

from dataclasses import dataclass

from churnkit.effect.checks import (
    Check,
    agreement_check,
    control_check,
    first_stage_check,
    hausman_check,
    lasting_check,
    overlap_check,
    share_moved,
    support_check,
)
from churnkit.effect.lasting import fading
from churnkit.effect.latent import Latent
from churnkit.effect.second_opinion import Chosen, SecondOpinion, negative_control
from churnkit.effect.shocks import Fitted, ReducedForm, ResidualShocks, reduced_form
from churnkit.effect.slopes import Slope, anderson_rubin, between, first_stage, shrink, two_sample
from churnkit.effect.terms import EffectTerms
from churnkit.effect.verdict import STRONG, Evidence, words
from churnkit.models.nuisance import Vector


@dataclass(frozen=True)
class Identified:
    """What shocks say of satisfaction and renewal.

    Attributes
    ----------
    shocks : ResidualShocks, those used
    stage : Fitted, of shape (m,), satisfaction per unit of each shock
    reduced : ReducedForm
    slope : Slope, log-odds of renewal per unit of satisfaction
    alone : tuple of Slope, by each shock alone
    by_line : tuple of Slope or None, the lines' own; pulled : the same, pulled towards the common one
    spread : float, variance of the slope between lines
    weak : (low, high), the slopes that are not rejected however weak the shocks
    checks : tuple of Check
    evidence : Evidence
    """

    shocks: ResidualShocks
    stage: Fitted
    reduced: ReducedForm
    slope: Slope
    alone: tuple[Slope, ...]
    by_line: tuple[Slope | None, ...]
    pulled: tuple[Slope, ...]
    spread: float
    weak: tuple[float, float]
    checks: tuple[Check, ...]
    evidence: Evidence


def identify(terms: EffectTerms, shocks: ResidualShocks, latent: Latent, offset: Vector, *, second: SecondOpinion,
             control: Chosen, trusted: str | None) -> Identified:  # fmt: skip
    """Put the reduced form over the first stage, and test what that takes for granted.

    Parameters
    ----------
    terms : EffectTerms
    shocks : ResidualShocks, those that the latent model has first, in its order
    latent : Latent
    offset : array of shape (n_terms,), log-odds of renewal by covariates
    second : SecondOpinion
    control : Chosen
    trusted : str or None, the shock to go by should they contradict each other

    Returns
    -------
    Identified
    """
    whole = slice(len(shocks.names))  # the rest is of terms under way
    stage = Fitted(latent.first_stage, latent.influence[:, latent.shock_places]).take(whole)
    used, weak = strong_shocks(shocks.names, stage, trusted)
    shocks, stage = shocks.take(used), stage.take([shocks.names.index(name) for name in used])
    reduced = reduced_form(terms, shocks, offset)
    slope = two_sample(reduced.slopes, stage)
    checks = _tests(terms, shocks, stage, slope, latent, second=second, control=control, weak=weak)
    passed = {check.name: check.passed for check in checks}
    evidence = Evidence(used, passed["shocks_agree"], passed["control_on_shock"], bool(passed["first_stage"]),
                        passed["lasting"], trusted)  # fmt: skip
    alone = tuple(two_sample(reduced.slopes.take([k]), stage.take([k])) for k in range(len(used)))
    go_by = list(range(len(used)))
    if evidence.agree is False and trusted is not None:
        go_by = [used.index(trusted)]
        slope = alone[go_by[0]]
    lines = tuple(None if own is None else two_sample(own.take(go_by), stage.take(go_by)) for own in reduced.by_line)
    spread = between(lines)
    return Identified(shocks, stage, reduced, slope, alone, lines, shrink(lines, slope, spread), spread,
                      anderson_rubin(reduced.slopes, stage), checks, evidence)  # fmt: skip


def strong_shocks(
    names: tuple[str, ...], stage: Fitted, trusted: str | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The shocks to go by, and those set aside because they hardly move satisfaction.

    The arm of an experiment, if it moves satisfaction, goes before all others and alone; a trusted shock that is weak
    is not replaced by others; and if all are weak, all are used, for an interval only.
    """
    F = {name: first_stage(stage.take([k])) for k, name in enumerate(names)}
    strong = tuple(name for name in names if F[name] >= STRONG)
    if "arm" in strong:
        return ("arm",), ()
    if trusted is not None and trusted in names and trusted not in strong:
        return (trusted,), ()
    if not strong:  # an arm that moves nothing says nothing of satisfaction, and may act on renewal all the same
        return tuple(name for name in names if name != "arm") or names, ()
    return strong, tuple(name for name in names if name not in strong)


def _tests(terms: EffectTerms, shocks: ResidualShocks, stage: Fitted, slope: Slope, latent: Latent, *,
           second: SecondOpinion, control: Chosen, weak: tuple[str, ...]) -> tuple[Check, ...]:  # fmt: skip
    """The checks on the shocks."""
    moved = share_moved(shocks, stage, latent.shift_for(1.0, terms.in_force).value, terms.decided)
    return (
        first_stage_check(stage, shocks.names, weak), agreement_check(slope, shocks.names),
        control_check("control_on_shock", negative_control(terms, control, shocks.Z, shocks.exposed),
                      what=words(shocks.names), chosen=control.name),
        lasting_check(*fading(terms, shocks)), hausman_check(slope, second), overlap_check(shocks),
        support_check(moved, 1.0),
    )  # fmt: skip
