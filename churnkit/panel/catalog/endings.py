"""What ended and what was renewed before, and contact by the retention team."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, among, equals
from churnkit.panel.feature import Where

EXIT = among("end_reason", "customer_cancelled", "nonpayment", "surrendered")
_ended = Area("terms", "past exits", "renewal", clock="ended_date")
_over = Area("terms", "past renewals", "renewal", clock="ended_date")
_RENEWED = equals("end_reason", "renewed")
EXITS = (
    *_ended.over((365, None), "exits", "count", "policies ended by the customer {span}: {value}",
                 "{span}客户主动终止保单{value}张", where=EXIT),
    _ended("exits_policy_all", "count", "terms of this policy ended by the customer {span}: {value}",
           "{span}本保单被客户主动终止{value}期", where=EXIT, scope="policy"),
    _ended("days_since_exit", "days_since", "days since the customer last ended a policy: {value}",
           "距客户上次主动终止保单{value}天", where=EXIT),
    *_ended.over((365, None), "expired", "count", "terms that ran out without renewal {span}: {value}",
                 "{span}到期未续{value}期", where=equals("end_reason", "expired")),
    _ended("insurer_ended_all", "count", "terms ended or declined by the insurer {span}: {value}",
           "{span}公司终止或拒保{value}期", where=among("end_reason", "insurer_cancelled", "insurer_declined")),
    _ended("object_gone_all", "count", "terms ended with the insured object lost or sold {span}: {value}",
           "{span}标的灭失或转让而终止{value}期", where=among("end_reason", "total_loss", "object_sold")),
)  # fmt: skip
RENEWALS = (
    *_over.over((365, None), "renewals", "count", "terms renewed {span}: {value}", "{span}续保{value}期",
                where=_RENEWED),
    _over("renewals_policy_all", "count", "renewals of this policy {span}: {value}", "{span}本保单续保{value}期",
          where=_RENEWED, scope="policy"),
    _over("renewed_share_all", "share", "share of the terms that are over that were renewed {span}: {value}",
          "{span}已结束保期的续保占比{value}", of=_RENEWED, where=(Where("end_reason", "!=", "unknown"),)),
)  # fmt: skip

_reached = Area("outreach", "outreach", "renewal", clock="contacted_at")
OUTREACH = (
    *_reached.over((90, 365), "outreach", "count", "contacts by the retention team {span}: {value}",
                   "{span}维系联系{value}次"),
    _reached("outreach_policy_365d", "count", "contacts by the retention team about this policy {span}: {value}",
             "{span}就本保单维系联系{value}次", days=365, scope="policy"),
    _reached("days_since_outreach", "days_since", "days since the last contact by the retention team: {value}",
             "距上次维系联系{value}天"),
    _reached("reached_share_all", "share",
             "share of the retention team's contacts that reached the customer {span}: {value}",
             "{span}维系联系触达率{value}", of=equals("reached", True)),
    _reached("offer_value_sum_365d", "sum", "value of the retention team's offers {span}: {value}",
             "{span}维系优惠金额{value}", column="offer_value", unit="money", days=365),
    _reached("outreach_action_last", "last", "kind of the retention team's last contact: {value}",
             "最近一次维系方式：{value}", column="action", unit="text"),
)  # fmt: skip
