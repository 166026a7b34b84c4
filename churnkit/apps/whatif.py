"""What-if on a book: the effect, the value and the levers, ready to be asked."""

from __future__ import annotations

from pathlib import Path

from churnkit import plots
from churnkit.apps.console import Steps
from churnkit.apps.training import fit_target
from churnkit.book.open import Book
from churnkit.effect.effect import SatisfactionEffect
from churnkit.effect.operations import SATISFACTION
from churnkit.effect.scenarios.curve import lever_curve
from churnkit.effect.scenarios.hangs_on import hangs_on
from churnkit.effect.scenarios.result import ScenarioResult, Worked
from churnkit.effect.scenarios.scenario import Scenario, Setting
from churnkit.effect.scenarios.whatif import WhatIf
from churnkit.effect.to_value import REPLICATES
from churnkit.errors import UsageError
from churnkit.models.classifier import RenewalModel
from churnkit.panel.build import build_panel
from churnkit.value.lifetime import LifetimeValue

MOST = 5
"""Scenarios that are compared at once."""


def read_scenarios(paths: list[Path]) -> list[Scenario]:
    """Read scenarios, each under a name of its own, before any work is done.

    Raises
    ------
    UsageError
        For more than five, two of one name, one that sets nothing or looks further than the value, or a file that is no
        scenario.
    """
    if len(paths) > MOST:
        raise UsageError(f"Up to {MOST} scenarios are compared at once.", found=str(len(paths)),
                         fix="Leave some out.")  # fmt: skip
    found = [Scenario.from_toml(path) for path in paths]
    idle = ", ".join(each.name for each in found if not each.settings)
    if idle:
        raise UsageError("A scenario sets a lever.", found=f"no [[set]] in {idle}",
                         fix='Add [[set]] and below it, a line each: lever = "claim_cycle_days" and to = 3.'
                         )  # fmt: skip
    most = LifetimeValue().years
    far = ", ".join(each.name for each in found if each.horizon is not None and each.horizon > most)
    if far:
        raise UsageError(f"The command looks up to {most} renewals ahead.", found=f"a longer horizon in {far}",
                         fix="Shorten it, or fit a longer lifetime value in Python.")  # fmt: skip
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        raise UsageError("Scenarios that are compared have names of their own.", found=", ".join(names),
                         fix="Change name in one of the files.")  # fmt: skip
    return found


def prepare(
    book: Book, steps: Steps, *, trusted: str | None = None, replicates: int = REPLICATES, random_state: int = 0
) -> WhatIf:
    """Estimate effect and value of a book, and its levers.

    Parameters
    ----------
    book : Book
    steps : Steps
    trusted : str, optional, the shock to go by should the shocks contradict each other
    replicates : int, of the bootstrap behind the intervals
    random_state : int
    """
    with steps.step("effect", "Estimating what satisfaction does to renewal"):
        effect = SatisfactionEffect(trusted=trusted, random_state=random_state).fit(book)
    trained = fit_target(book, "renewal", steps, random_state=random_state)
    assert isinstance(trained.model, RenewalModel)
    with steps.step("value", "Fitting the lifetime value"):
        value = LifetimeValue(economics=book, random_state=random_state)
        value.fit(trained.panel, trained.model, replicates=replicates)
    return ready(book, effect, value, steps, replicates=replicates)


def ready(
    book: Book, effect: SatisfactionEffect, value: LifetimeValue, steps: Steps, *, replicates: int = REPLICATES
) -> WhatIf:
    """Make an effect and a value ready for scenarios on the policies in force at the data cutoff."""
    with steps.step("levers", "Estimating what operations do"):
        policies = build_panel(book, "renewal", as_of=book.settings.data_cutoff,
                               features=getattr(value.model_, "features_", None))  # fmt: skip
        return WhatIf(replicates=replicates, currency=book.settings.currency).fit(effect, value, policies, steps.say)


def pictures(prepared: WhatIf, result: ScenarioResult, *, unit: str) -> dict[str, plots.Figure]:
    """The pictures of a result, by name: a waterfall and a tornado each, the comparison, a curve of what is set."""
    found, bars = {}, result.waterfall
    for number, each in enumerate(result.worked, start=1):
        if result.table["net"].notna().to_numpy()[number - 1]:
            own = bars[bars["scenario"] == each.scenario.name]
            found[f"waterfall_{number}"] = plots.waterfall(own, unit=unit)
            table, net = hangs_on(prepared, each.scenario)
            if table["swing"].notna().all():
                found[f"tornado_{number}"] = plots.tornado(table, base=net, unit=unit)
    if len(result.worked) > 1 and result.table["net"].notna().any():
        found["comparison"] = plots.comparison(result.table[result.table["net"].notna()], unit=unit)
    for scenario, setting in _alone(result.worked):
        whom = dict(scenario.population)
        for column, values in setting.where:  # both hold
            whom[column] = tuple(value for value in values if value in whom.get(column, values))
        found[f"curve_{setting.lever}"] = plots.lever_curve(lever_curve(prepared, setting.lever, **whom))
    effect = prepared.effect_
    if effect.verdict.shown != "nothing":
        found["effect_curve"] = plots.effect_curve(effect.curve(), effect="renewal", verdict=effect.verdict.kind)
    return found


def _alone(worked: tuple[Worked, ...]) -> list[tuple[Scenario, Setting]]:
    """Operations that are set, each as it is first, and the scenario that sets it."""
    found: dict[str, tuple[Scenario, Setting]] = {}
    for each in worked:
        if each.scenario.claimed is None:
            for setting in each.scenario.settings:
                found.setdefault(setting.lever, (each.scenario, setting))
    return [both for lever, both in found.items() if lever != SATISFACTION]
