"""What may be said: the verdict on an effect, from how it was found and which checks it passed."""

from __future__ import annotations

from dataclasses import dataclass

EXPERIMENT, IDENTIFIED, BOUNDS = "identified by experiment", "identified under named assumptions", "bounds"
ASSOCIATION, REFUSED = "association only", "refused"
LEVEL = 0.01
"""Level of every test that a verdict rests on."""
STRONG = 10.0
"""F of the first stage from which an estimate may be shown (Staiger, Stock 1997, Econometrica 65(3))."""
WORDS = {"queue_wait": "waiting time", "handler_load": "handler load", "arm": "the experiment's arm"}


@dataclass(frozen=True)
class Verdict:
    """A verdict and its reason.

    Attributes
    ----------
    kind : str
        "identified by experiment", "identified under named assumptions", "bounds", "association only" or "refused".
    reason : str, in one sentence
    shown : {"estimate", "union", "anderson_rubin", "nothing"}
        What of the estimate by shocks is shown: it all, the union of the shocks' own intervals, the interval that
        holds with weak shocks, or nothing.

    Examples
    --------
    >>> print(Verdict("refused", "scores were asked after the outcome", "nothing"))
    refused: scores were asked after the outcome
    """

    kind: str
    reason: str
    shown: str

    @property
    def identified(self) -> bool:
        """Whether an estimate stands."""
        return self.kind in (EXPERIMENT, IDENTIFIED)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on; None where a test could not be made.

    Attributes
    ----------
    shocks : tuple of str, those used
    agree : bool or None, over-identification passes
    control : bool or None, the negative control on the shocks passes
    strong : bool, F of the first stage is at least 10
    lasting : bool or None, what a shock does to satisfaction lasts until the renewal
    trusted : str or None, the shock that the user named
    untimed : str, why scores cannot be used; empty if they can
    asked : bool, there are answers to surveys
    """

    shocks: tuple[str, ...] = ()
    agree: bool | None = None
    control: bool | None = None
    strong: bool = False
    lasting: bool | None = None
    trusted: str | None = None
    untimed: str = ""
    asked: bool = True


def judge(found: Evidence) -> Verdict:
    """Give the verdict on the evidence; the first row that fits decides.

    Parameters
    ----------
    found : Evidence

    Returns
    -------
    Verdict

    Examples
    --------
    >>> judge(Evidence(("queue_wait",), control=True, strong=True, trusted=None)).kind
    'identified under named assumptions'
    >>> judge(Evidence(("queue_wait", "handler_load"), agree=False, control=True, strong=True)).shown
    'union'
    """
    if found.untimed:
        return Verdict(REFUSED, found.untimed, "nothing")
    if not found.asked:
        return Verdict(ASSOCIATION, "the book has no answers to surveys, so nobody's satisfaction is known", "nothing")
    if not found.shocks:
        return Verdict(ASSOCIATION, "nothing in the book falls on customers for reasons unrelated to them", "nothing")
    names, verb = words(found.shocks), "is" if len(found.shocks) == 1 else "are"
    if found.control is False:
        return Verdict(ASSOCIATION, f"{names} {verb} not as good as random: the negative control, which"
                       " satisfaction cannot have moved, goes with it", "nothing")  # fmt: skip
    if not found.strong:
        return Verdict(BOUNDS, f"{names} {'moves' if verb == 'is' else 'move'} satisfaction too little for an estimate;"
                       " the interval is Anderson and Rubin's, which holds all the same", "anderson_rubin")  # fmt: skip
    if found.lasting is False:
        return Verdict(BOUNDS, "what a shock does to satisfaction fades within the term, so answers given soon after it"
                       " show more than is left at the renewal; the interval is likely too low", "union")  # fmt: skip
    if found.shocks == ("arm",):
        return Verdict(EXPERIMENT, "the arm was drawn by lot and acts only through satisfaction", "estimate")
    return _by_shocks(found, names)


def _by_shocks(found: Evidence, names: str) -> Verdict:
    """The rows of the table on shocks that are strong and not contradicted by the negative control."""
    many = len(found.shocks) > 1
    if many and found.agree is False and found.trusted is None:
        return Verdict(BOUNDS, f"{names} contradict each other, so at least one also acts past satisfaction; the"
                       " interval is the union of their own; name the one you trust (trusted=) and why",
                       "union")  # fmt: skip
    untested = "; no negative control was there to test that" if found.control is None else ""
    if many and found.agree is False:
        chosen = words((found.trusted or "",))
        return Verdict(IDENTIFIED, f"the shocks contradict each other, and by your choice {chosen} acts only through"
                       f" satisfaction; it is taken as good as random{untested}", "estimate")  # fmt: skip
    if many:
        return Verdict(IDENTIFIED, f"{names} are as good as random within line, region and season, and act only through"
                       f" satisfaction{untested}", "estimate")  # fmt: skip
    if found.control is None:
        return Verdict(BOUNDS, f"that {names} is as good as random and acts only through satisfaction could not be"
                       " tested; the interval takes both for granted", "union")  # fmt: skip
    return Verdict(IDENTIFIED, f"untested is that {names} acts only through satisfaction; it is taken as good as random"
                   " within line, region and season", "estimate")  # fmt: skip


def words(shocks: tuple[str, ...]) -> str:
    """Names of shocks in plain words.

    Examples
    --------
    >>> words(("queue_wait", "handler_load"))
    'waiting time and handler load'
    """
    return " and ".join(WORDS.get(name, name) for name in shocks)
