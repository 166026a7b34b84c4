"""The policy itself, its price, how the price moves, and how it is paid."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, attribute, equals, own, two
from churnkit.panel.catalog.relationship import PREMIUM

POLICY = (
    attribute("policies", "line", "policy", "purchase", "text", "line of insurance: {value}", "险种：{value}"),
    attribute("policies", "product", "policy", "purchase", "text", "product: {value}", "产品：{value}"),
    attribute("policies", "channel", "policy", "purchase", "text", "sales channel: {value}", "销售渠道：{value}"),
    attribute("policies", "grace_days", "policy", "purchase", "days", "days of grace after the end: {value}",
              "宽限期{value}天"),
    attribute("terms", "sum_insured", "policy", "cover", "money", "sum insured: {value}", "保险金额{value}"),
    own("term_days", "policy", "cover", "days", "length of the current term in days: {value}", "本期保障{value}天"),
)  # fmt: skip

_term = Area("terms", "price change", "renewal", clock="issued_at", scope="policy", unit="money")
_MEAN = _term("premium_policy_mean_all", "mean", "mean premium of this policy's terms {span}: {value}",
              "本保单{span}平均保费{value}", column="premium")  # fmt: skip
_FIRST = _term("premium_policy_first", "first", "premium of this policy's first term: {value}",
               "本保单首期保费{value}", column="premium")  # fmt: skip
_LINE = Area("lines", "price", "cover", scope="line", unit="money")(
    "line_premium_median", "last", "median premium of the line: {value}", "险种保费中位数{value}",
    column="premium_median")  # fmt: skip
_OFFER = attribute("terms", "offer_premium", "price change", "renewal", "money",
                   "premium of the renewal offer: {value}", "续保报价{value}")  # fmt: skip
_BY_NAME = {feature.name: feature for feature in POLICY}

PRICE = (
    PREMIUM,
    two("premium_rate", "ratio", (PREMIUM, _BY_NAME["sum_insured"]), "price", "cover", "share",
        "premium as a share of the sum insured: {value}", "保费占保险金额的{value}"),
    two("premium_to_line", "ratio", (PREMIUM, _LINE), "price", "cover", "share",
        "premium as a share of the line's median premium: {value}", "保费为险种中位数的{value}"),
    two("offer_to_line", "ratio", (_OFFER, _LINE), "price", "renewal", "share",
        "renewal offer as a share of the line's median premium: {value}", "续保报价为险种中位数的{value}"),
)  # fmt: skip
PRICE_CHANGE = (
    own("premium_change", "price change", "renewal", "change", "premium change against the previous term: {value}",
        "保费较上期变动{value}", sign=-1),
    own("offer_change", "price change", "renewal", "change", "premium change in the renewal offer: {value}",
        "续保报价较当期变动{value}", sign=-1),
    _OFFER,
    attribute("terms", "offer_date", "price change", "renewal", "days", "days since the renewal offer: {value}",
              "距续保报价{value}天", name="days_since_offer"),
    two("premium_to_mean", "ratio", (PREMIUM, _MEAN), "price change", "renewal", "share",
        "premium as a share of the mean of this policy's terms: {value}", "保费为本保单历期均值的{value}", sign=-1),
    two("premium_to_first", "ratio", (PREMIUM, _FIRST), "price change", "renewal", "share",
        "premium as a share of the first term's: {value}", "保费为本保单首期的{value}", sign=-1),
    _term("premium_policy_slope_all", "slope", "yearly change of this policy's premium {span}: {value}",
          "本保单{span}保费每年变化{value}", column="premium", sign=-1),
    _term("premium_policy_std_all", "std", "spread of this policy's premiums {span}: {value}",
          "本保单{span}保费标准差{value}", column="premium"),
)  # fmt: skip

_unpaid = Area("terms", "payment", "cover", clock="ended_date", where=equals("end_reason", "nonpayment"))
PAYMENT = (
    attribute("policies", "payment_mode", "payment", "onboarding", "text", "way of paying: {value}",
              "缴费方式：{value}"),
    attribute("policies", "auto_renew", "payment", "onboarding", "flag", "automatic renewal agreed: {value}",
              "约定自动续保：{value}"),
    _unpaid("nonpayment_all", "count", "terms ended for unpaid premium {span}: {value}", "{span}因欠费终止{value}期"),
    _unpaid("days_since_nonpayment", "days_since", "days since a term was last ended for unpaid premium: {value}",
            "距上次因欠费终止{value}天"),
)  # fmt: skip
