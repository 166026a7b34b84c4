"""What happened to others: everybody in the household, and all customers of the policy's agent."""

from __future__ import annotations

from churnkit.panel.catalog.contacts import BY_CUSTOMER
from churnkit.panel.catalog.endings import EXIT
from churnkit.panel.catalog.making import Area, two


def _household(table: str, stage: str) -> Area:
    return Area(table, "household", stage, scope="household")


HOUSEHOLD = (
    _household("terms", "purchase")(
        "household_terms_bound_365d", "count", "terms of cover taken out or renewed in the household {span}: {value}",
        "家庭{span}投保或续保{value}期", clock="issued_at", days=365),
    *_household("terms", "renewal").over(
        (365,), "household_exits", "count", "policies ended by members of the household {span}: {value}",
        "家庭{span}主动终止保单{value}张", clock="ended_date", where=EXIT),
    _household("interactions", "servicing")(
        "household_contacts_365d", "count", "contacts by members of the household {span}: {value}",
        "家庭{span}主动联系{value}次", where=BY_CUSTOMER, days=365),
    _household("claims", "claim")(
        "household_claims_365d", "count", "claims reported in the household {span}: {value}", "家庭{span}报案{value}次",
        days=365),
    _household("complaints", "complaint")(
        "household_complaints_365d", "count", "complaints in the household {span}: {value}", "家庭{span}投诉{value}次",
        days=365),
    _household("surveys", "servicing")(
        "household_rating_mean_365d", "mean", "mean answer to surveys in the household {span}: {value} of 100",
        "家庭{span}问卷平均{value}分（百分制）", clock="answered_at", column="rating", unit="points", days=365),
)  # fmt: skip

_agent = Area("agents", "agent", "advice", scope="agent", days=365, unit="count")
_SUMS = {
    column: _agent(f"agent_{column}_365d", "sum", f"{en} {{span}}: {{value}}", f"代理人客户{{span}}{zh}", column=column)
    for column, en, zh in (
        ("terms_over", "terms of the agent's customers that ended", "到期或终止{value}期"),
        ("exits", "policies ended by the agent's customers", "主动终止保单{value}张"),
        ("expired", "terms of the agent's customers that ran out without renewal", "到期未续{value}期"),
        ("complaints", "complaints by the agent's customers", "投诉{value}次"),
        ("ratings", "survey answers of the agent's customers", "回答问卷{value}次"),
        ("rating_sum", "sum of survey answers of the agent's customers", "问卷合计{value}分"),
    )
}  # fmt: skip
AGENT = (
    _SUMS["terms_over"],
    two("agent_exit_share_365d", "ratio", (_SUMS["exits"], _SUMS["terms_over"]), "agent", "advice", "share",
        "exits per term that ended, of the agent's customers in the last year: {value}",
        "近一年代理人客户每个结束保期的主动终止占比{value}"),
    two("agent_expired_share_365d", "ratio", (_SUMS["expired"], _SUMS["terms_over"]), "agent", "advice", "share",
        "terms that ran out without renewal per term that ended, of the agent's customers in the last year: {value}",
        "近一年代理人客户结束保期中到期未续占比{value}"),
    two("agent_complaints_per_term_365d", "ratio", (_SUMS["complaints"], _SUMS["terms_over"]), "agent", "advice",
        "number", "complaints per term that ended, of the agent's customers in the last year: {value}",
        "近一年代理人客户每个结束保期的投诉{value}次"),
    two("agent_rating_mean_365d", "ratio", (_SUMS["rating_sum"], _SUMS["ratings"]), "agent", "advice", "points",
        "mean survey answer of the agent's customers in the last year: {value} of 100",
        "近一年代理人客户问卷平均{value}分（百分制）"),
)  # fmt: skip
