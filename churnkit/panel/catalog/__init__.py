"""The standard features: definition, reason group, journey stage, unit, sign and texts in English and Chinese.

One file per area; a feature is one entry there, in the words of :mod:`churnkit.panel.catalog.making`. A text says what
was seen, never what would keep the customer. Signs are on the chance of renewal and set only where the direction is
known beforehand: satisfaction up; waiting, unresolved matters, breaches, delay and price increase down.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Literal

from churnkit.book.validate import near_miss
from churnkit.errors import UsageError
from churnkit.panel.catalog import claims, complaints, contacts, cover, endings, others, relationship, service, surveys
from churnkit.panel.feature import Feature

STAGES = ("advice", "purchase", "onboarding", "cover", "servicing", "claim", "complaint", "renewal")
UNITS = ("count", "days", "seconds", "share", "change", "money", "points", "years", "month", "flag", "text", "number")
GROUPS: dict[str, tuple[str, str]] = {
    "timing": ("time of year and time to the end", "时间因素"),
    "relationship": ("length of the relationship", "客户关系"),
    "holdings": ("policies and premium held", "持有保单"),
    "customer": ("who the customer is", "客户特征"),
    "policy": ("the policy itself", "保单特征"),
    "price": ("premium and its level", "保费水平"),
    "price change": ("change of the premium, renewal offer", "保费变动与续保报价"),
    "payment": ("way of paying, unpaid premium", "缴费"),
    "contacts": ("contacts with service", "客服联系"),
    "contact channels": ("channels of contact", "联系渠道"),
    "contact topics": ("topics of contact", "联系事项"),
    "waiting": ("waiting times", "等待时间"),
    "service handling": ("transfers, handling time and mood", "服务过程"),
    "resolution": ("matters resolved at service", "问题解决"),
    "satisfaction": ("stated satisfaction", "满意度评价"),
    "satisfaction change": ("change of stated satisfaction", "满意度变化"),
    "survey response": ("answers to surveys", "问卷应答"),
    "claims": ("claims made", "理赔报案"),
    "claim handling": ("handling of claims", "理赔处理"),
    "claim outcomes": ("what came of claims", "理赔结果"),
    "complaints": ("complaints", "投诉"),
    "complaint handling": ("handling of complaints", "投诉处理"),
    "past exits": ("policies ended before", "历史退保"),
    "past renewals": ("terms renewed before", "历史续保"),
    "outreach": ("contact by the retention team", "维系联系"),
    "household": ("what happened in the household", "家庭情况"),
    "agent": ("the policy's agent", "代理人"),
}
"""Reason groups and their names; every feature belongs to exactly one."""
CHANGEABLE = frozenset({
    "price", "price change", "payment", "contacts", "contact channels", "contact topics", "waiting", "service handling",
    "resolution", "satisfaction", "satisfaction change", "claim handling", "claim outcomes", "complaints",
    "complaint handling", "outreach", "agent",
})  # fmt: skip
"""Groups that tell of what the insurer decides or does, and of what was made of it; the others are background."""

_ALL = (
    *relationship.TIMING, *relationship.RELATIONSHIP, *relationship.HOLDINGS, *relationship.CUSTOMER,
    *cover.POLICY, *cover.PRICE, *cover.PRICE_CHANGE, *cover.PAYMENT,
    *contacts.CONTACTS, *contacts.CHANNELS, *contacts.TOPICS,
    *service.WAITING, *service.HANDLING, *service.RESOLUTION,
    *surveys.SATISFACTION, *surveys.SATISFACTION_CHANGE, *surveys.RESPONSE,
    *claims.CLAIMS, *claims.HANDLING, *claims.OUTCOMES, *complaints.COMPLAINTS, *complaints.HANDLING,
    *endings.EXITS, *endings.RENEWALS, *endings.OUTREACH, *others.HOUSEHOLD, *others.AGENT,
)  # fmt: skip
_OF_A_CUSTOMER = ("days_to_next_end", "sum_insured_held")
_OF_A_RENEWAL = ("lead_days", "offer_change", "offer_premium", "days_since_offer", "offer_to_line")
_OF_A_TERM = ("lead_days", "tenure_days", "term_number", "premium_change", "offer_change", "term_days")


def standard_features(
    target: Literal["renewal", "churn", "cancellation"] | None = None,
    *,
    groups: str | Iterable[str] | None = None,
    without: str | Iterable[str] = (),
) -> tuple[Feature, ...]:
    """Return the standard features of a target, or all of them.

    Parameters
    ----------
    target : {"renewal", "churn", "cancellation"}, optional
        A churn observation is a customer: what belongs to one policy or term is left out. Monthly terms have no lead
        and no offer.
    groups : name or names of reason groups, optional
        Only these (``GROUPS`` of this module, ``churnkit features``).
    without : name or names
        Reason groups and features to leave out.

    Raises
    ------
    UsageError
        If a name is none of a group, nor, in `without`, of a feature.

    Examples
    --------
    >>> "lead_days" in [f.name for f in standard_features("churn")]
    False
    >>> [f.name for f in standard_features("renewal", groups="timing", without="cutoff_month")]
    ['lead_days']
    """
    wanted, dropped = _names(groups if groups is not None else GROUPS), _names(without)
    _known(wanted, "groups", tuple(GROUPS))
    _known(dropped, "without", (*GROUPS, *_by_name()))
    found = (f for f in _ALL if f.group in wanted and not {f.group, f.name} & dropped)
    if target == "churn":
        return tuple(f for f in found if not of_one_policy(f))
    unfit = {"renewal": _OF_A_CUSTOMER, "cancellation": _OF_A_RENEWAL}.get(target or "", ())
    return tuple(f for f in found if f.name not in unfit)


def _names(given: str | Iterable[str]) -> frozenset[str]:
    return frozenset((given,) if isinstance(given, str) else given)


def _known(names: frozenset[str], part: str, allowed: tuple[str, ...]) -> None:
    for name in sorted(names - set(allowed)):
        raise UsageError("Standard features are chosen by the names of their groups, and left out by their own too.",
                         found=repr(name), where=part, fix=near_miss(name, allowed))  # fmt: skip


def describe(name: str) -> Feature | None:
    """Return the standard feature of that name, or None.

    Examples
    --------
    >>> describe("csat_last").sign, describe("their_own_column")
    (1, None)
    """
    return _by_name().get(name)


def kind_of_group(group: str) -> Literal["changeable", "background"]:
    """Say whether a reason group tells of what the insurer decides or does; an unknown one is background.

    Examples
    --------
    >>> kind_of_group("waiting"), kind_of_group("customer"), kind_of_group("vehicle")
    ('changeable', 'background', 'background')
    """
    return "changeable" if group in CHANGEABLE else "background"


@cache
def _by_name() -> dict[str, Feature]:
    return {feature.name: feature for feature in _ALL}


def of_one_policy(feature: Feature) -> bool:
    """Whether a feature tells of one policy or term, and so nothing of a churn observation."""
    if feature.parts:
        return any(of_one_policy(part) for part in feature.parts)
    own = feature.aggregate == "attribute" and feature.table in ("policies", "terms")
    only = feature.scope in ("policy", "agent", "line")
    return own or only or (feature.table == "observation" and feature.column in _OF_A_TERM)
