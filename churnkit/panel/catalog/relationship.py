"""Time, the relationship, what the customer holds, and who the customer is."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, attribute, named, own, two

TIMING = (
    own("lead_days", "timing", "renewal", "days", "days until the policy ends: {value}", "距到期{value}天"),
    own("cutoff_month", "timing", "renewal", "month", "month of the year: {value}", "当前月份：{value}月"),
    own("days_to_next_end", "timing", "renewal", "days", "days until the next policy ends: {value}",
        "距最近一张保单到期{value}天"),
)  # fmt: skip

_bound = Area("terms", "relationship", "purchase", clock="issued_at")
RELATIONSHIP = (
    own("tenure_days", "relationship", "cover", "days", "days since the policy was first taken out: {value}",
        "保单已持有{value}天"),
    own("customer_tenure_days", "relationship", "cover", "days", "days since becoming a customer: {value}",
        "成为客户已{value}天"),
    own("term_number", "relationship", "renewal", "count", "terms of this policy so far: {value}",
        "本保单已投保{value}期"),
    *_bound.over((365,), "terms_bound", "count", "terms of cover taken out or renewed {span}: {value}",
                 "{span}投保或续保{value}期"),
    _bound("days_since_bound", "days_since", "days since cover was last taken out or renewed: {value}",
           "距上次投保或续保{value}天"),
    _bound("bound_gap_max", "gap_max", "longest time between taking out or renewing cover: {value} days",
           "历次投保或续保最长间隔{value}天"),
)  # fmt: skip

_HELD = (
    own("policies_held", "holdings", "cover", "count", "policies in force: {value}", "持有有效保单{value}张"),
    own("lines_held", "holdings", "cover", "count", "lines of insurance held: {value}", "持有险种{value}类"),
    own("premium_held", "holdings", "cover", "money", "premium of all policies in force: {value}",
        "有效保单保费合计{value}"),
    own("sum_insured_held", "holdings", "cover", "money", "sum insured of all policies in force: {value}",
        "有效保单保险金额合计{value}"),
)  # fmt: skip
HELD = named(*_HELD)
PREMIUM = attribute("terms", "premium", "price", "cover", "money", "premium of the current term: {value}",
                    "当期保费{value}")  # fmt: skip
HOLDINGS = (
    *_HELD,
    two("premium_per_policy", "ratio", (HELD["premium_held"], HELD["policies_held"]), "holdings", "cover", "money",
        "mean premium of the policies in force: {value}", "有效保单平均保费{value}"),
    two("premium_share_held", "ratio", (PREMIUM, HELD["premium_held"]), "holdings", "cover", "share",
        "this policy's share of the premium of all policies in force: {value}", "本保单占有效保单保费的{value}"),
)  # fmt: skip

CUSTOMER = (
    own("age", "customer", "advice", "years", "age: {value}", "年龄{value}岁"),
    attribute("customers", "region", "customer", "advice", "text", "region: {value}", "地区：{value}"),
    attribute("customers", "city_tier", "customer", "advice", "text", "tier of the city: {value}",
              "城市级别：{value}"),
    attribute("customers", "customer_type", "customer", "advice", "text", "type of customer: {value}",
              "客户类型：{value}"),
    attribute("customers", "first_channel", "customer", "advice", "text", "first channel: {value}",
              "首次渠道：{value}"),
    attribute("customers", "staff", "customer", "advice", "flag", "member of staff: {value}", "公司员工：{value}"),
)  # fmt: skip
