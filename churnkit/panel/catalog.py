"""The standard features: definition, reason group, journey stage, unit, sign and texts in English and Chinese.

A text says what was seen, never what would keep the customer. Signs are on the chance of renewal and set only where the
direction is known beforehand: satisfaction up; waiting, unresolved matters and price increase down.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from churnkit.panel.catalog_service import CLAIMS, COMPLAINTS, CONTACTS, SATISFACTION
from churnkit.panel.feature import Feature, Where

STAGES = ("advice", "purchase", "onboarding", "cover", "servicing", "claim", "complaint", "renewal")
UNITS = ("count", "days", "seconds", "share", "change", "money", "points", "years", "month", "flag", "text", "number")
GROUPS: dict[str, tuple[str, str]] = {
    "satisfaction": ("stated satisfaction", "满意度评价"),
    "survey response": ("answers to surveys", "问卷应答"),
    "waiting": ("waiting times", "等待时间"),
    "contacts": ("contacts with service", "客服联系"),
    "resolution": ("matters resolved at service", "问题解决"),
    "claims": ("claims made", "理赔报案"),
    "claim handling": ("handling of claims", "理赔处理"),
    "complaints": ("complaints", "投诉"),
    "price": ("premium and its change", "保费及变动"),
    "relationship": ("length and breadth of the relationship", "客户关系"),
    "policy": ("the policy itself", "保单特征"),
    "customer": ("who the customer is", "客户特征"),
    "timing": ("time of year and time to the end", "时间因素"),
    "past exits": ("policies ended before", "历史退保"),
    "outreach": ("contact by the retention team", "维系联系"),
}
"""Reason groups and their names; every feature belongs to exactly one."""


def _own(name: str, unit: str, group: str, stage: str, en: str, zh: str, sign: int = 0) -> Feature:
    """An attribute of the observation itself."""
    return Feature(name, "observation", "attribute", column=name, group=group, stage=stage, unit=unit, sign=sign,
                   en=en, zh=zh)  # fmt: skip


def _column(table: str, name: str, unit: str, group: str, stage: str, en: str, zh: str) -> Feature:
    """An attribute of the own customer, policy or term."""
    return Feature(name, table, "attribute", column=name, group=group, stage=stage, unit=unit, en=en, zh=zh)


_TIMING = (
    _own("lead_days", "days", "timing", "renewal", "days until the policy ends: {value}", "距到期{value}天"),
    _own("cutoff_month", "month", "timing", "renewal", "month of the year: {value}", "当前月份：{value}月"),
    _own("days_to_next_end", "days", "timing", "renewal", "days until the next policy ends: {value}",
         "距最近一张保单到期{value}天"),
)  # fmt: skip
_RELATIONSHIP = (
    _own("tenure_days", "days", "relationship", "cover", "days since the policy was first taken out: {value}",
         "保单已持有{value}天"),
    _own("customer_tenure_days", "days", "relationship", "cover", "days since becoming a customer: {value}",
         "成为客户已{value}天"),
    _own("term_number", "count", "relationship", "renewal", "terms of this policy so far: {value}",
         "本保单已投保{value}期"),
    _own("policies_held", "count", "relationship", "cover", "policies in force: {value}", "持有有效保单{value}张"),
    _own("lines_held", "count", "relationship", "cover", "lines of insurance held: {value}", "持有险种{value}类"),
)  # fmt: skip
_PRICE = (
    _column("terms", "premium", "money", "price", "cover", "premium of the current term: {value}", "当期保费{value}"),
    _own("premium_held", "money", "price", "cover", "premium of all policies in force: {value}",
         "有效保单保费合计{value}"),
    _own("premium_change", "change", "price", "renewal", "premium change against the previous term: {value}",
         "保费较上期变动{value}", sign=-1),
    _own("offer_change", "change", "price", "renewal", "premium change in the renewal offer: {value}",
         "续保报价较当期变动{value}", sign=-1),
)  # fmt: skip
_POLICY = (
    _column("policies", "line", "text", "policy", "purchase", "line of insurance: {value}", "险种：{value}"),
    _column("policies", "product", "text", "policy", "purchase", "product: {value}", "产品：{value}"),
    _column("policies", "channel", "text", "policy", "purchase", "sales channel: {value}", "销售渠道：{value}"),
    _column("policies", "payment_mode", "text", "policy", "cover", "way of paying: {value}", "缴费方式：{value}"),
    _column("policies", "auto_renew", "flag", "policy", "cover", "automatic renewal agreed: {value}",
            "约定自动续保：{value}"),
    _column("terms", "sum_insured", "money", "policy", "cover", "sum insured: {value}", "保险金额{value}"),
    _own("sum_insured_held", "money", "policy", "cover", "sum insured of all policies in force: {value}",
         "有效保单保险金额合计{value}"),
    _own("term_days", "days", "policy", "cover", "length of the current term in days: {value}", "本期保障{value}天"),
)  # fmt: skip
_CUSTOMER = (
    _own("age", "years", "customer", "advice", "age: {value}", "年龄{value}岁"),
    _column("customers", "region", "text", "customer", "advice", "region: {value}", "地区：{value}"),
    _column("customers", "city_tier", "text", "customer", "advice", "tier of the city: {value}", "城市级别：{value}"),
    _column("customers", "customer_type", "text", "customer", "advice", "type of customer: {value}",
            "客户类型：{value}"),
    _column("customers", "first_channel", "text", "customer", "advice", "first channel: {value}", "首次渠道：{value}"),
)  # fmt: skip
_EXIT = Where("end_reason", "in", ("customer_cancelled", "nonpayment", "surrendered"))
_REST = (
    Feature("exits_all", "terms", "count", clock="ended_date", group="past exits", stage="renewal",
            where=(_EXIT,), unit="count", en="policies ended by the customer so far: {value}",
            zh="历史上客户主动终止保单{value}张"),
    Feature("outreach_365d", "outreach", "count", clock="contacted_at", days=365, group="outreach", stage="renewal",
            unit="count", en="contacts by the retention team in the last year: {value}", zh="近一年维系联系{value}次"),
    Feature("days_since_outreach", "outreach", "days_since", clock="contacted_at", group="outreach", stage="renewal",
            unit="days", en="days since the last contact by the retention team: {value}",
            zh="距上次维系联系{value}天"),
)  # fmt: skip

_ALL = (*_TIMING, *_RELATIONSHIP, *_PRICE, *_POLICY, *_CUSTOMER, *SATISFACTION, *CONTACTS, *CLAIMS, *COMPLAINTS, *_REST)
_OF_A_CUSTOMER = ("days_to_next_end", "sum_insured_held")
_OF_A_TERM = ("lead_days", "tenure_days", "term_number", "premium_change", "offer_change", "term_days")


def standard_features(target: Literal["renewal", "churn"] | None = None) -> tuple[Feature, ...]:
    """Return the standard features of a target, or all of them.

    Parameters
    ----------
    target : {"renewal", "churn"}, optional
        A churn observation is a customer: what belongs to one policy or term is left out.

    Examples
    --------
    >>> "lead_days" in [f.name for f in standard_features("churn")]
    False
    """
    if target == "churn":
        return tuple(f for f in _ALL if not of_one_policy(f))
    return tuple(f for f in _ALL if target is None or f.name not in _OF_A_CUSTOMER)


def describe(name: str) -> Feature | None:
    """Return the standard feature of that name, or None.

    Examples
    --------
    >>> describe("csat_last").sign, describe("their_own_column")
    (1, None)
    """
    return _by_name().get(name)


@cache
def _by_name() -> dict[str, Feature]:
    return {feature.name: feature for feature in _ALL}


def of_one_policy(feature: Feature) -> bool:
    """Whether a feature tells of one policy or term, and so nothing of a churn observation."""
    own = feature.aggregate == "attribute" and feature.table in ("policies", "terms")
    return own or feature.scope == "policy" or (feature.table == "observation" and feature.column in _OF_A_TERM)
