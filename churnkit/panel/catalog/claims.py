"""Claims: what was claimed, how it was handled, what came of it."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, among, equals, named, two
from churnkit.panel.catalog.relationship import HELD

_claim = Area("claims", "claims", "claim")
_AMOUNTS = _claim.over((365, None), "claimed_sum", "sum", "amount claimed {span}: {value}", "{span}索赔金额{value}",
                       column="amount_claimed", unit="money")  # fmt: skip
CLAIMS = (
    *_claim.over((90, 365, None), "claims", "count", "claims reported {span}: {value}", "{span}报案{value}次"),
    *_claim.over((365,), "claims_policy", "count", "claims on this policy {span}: {value}",
                 "{span}本保单报案{value}次", scope="policy"),
    _claim("days_since_claim", "days_since", "days since the last claim: {value}", "距上次报案{value}天"),
    *_AMOUNTS,
    _claim("claimed_max_all", "max", "largest amount claimed {span}: {value}", "{span}单笔最高索赔金额{value}",
           column="amount_claimed", unit="money"),
    two("claimed_to_premium_365d", "ratio", (_AMOUNTS[0], HELD["premium_held"]), "claims", "claim", "share",
        "amount claimed in the last year as a share of the premium held: {value}", "近一年索赔金额为有效保费的{value}"),
    _claim("injury_claims_all", "count", "claims with bodily injury {span}: {value}", "{span}涉及人伤的报案{value}次",
           where=equals("bodily_injury", True)),
)  # fmt: skip

_handled = Area("claims", "claim handling", "claim")
_cycle = Area("claims", "claim handling", "claim", clock="paid_at", column="cycle_days", unit="days", sign=-1)
_breach = Area("claims", "claim handling", "claim", clock="paid_at", column="past_service_level", unit="share", sign=-1)
HANDLING = (
    _handled("claims_open", "open", "claims reported and not closed: {value}", "未结赔案{value}件",
             end_clock="closed_at"),
    _handled("claims_undecided", "open", "claims waiting for a decision: {value}", "待核定赔案{value}件",
             end_clock="decided_at"),
    _handled("claims_unpaid", "open", "claims accepted and not paid yet: {value}", "已核赔待支付赔案{value}件",
             clock="decided_at", end_clock="paid_at", where=among("decision", "paid", "partly_paid")),
    *_cycle.over((365, None), "claim_cycle_days_mean", "mean",
                 "mean working days from report to payment {span}: {value}", "{span}赔付平均用时{value}个工作日"),
    _cycle("claim_cycle_days_last", "last", "working days from report to payment of the last claim paid: {value}",
           "最近一笔赔付用时{value}个工作日"),
    _cycle("claim_cycle_days_policy_mean_365d", "mean", "mean working days to payment on this policy {span}: {value}",
           "{span}本保单赔付平均用时{value}个工作日", days=365, scope="policy"),
    *_breach.over((365,), "past_service_level_share", "mean",
                  "share of claims paid later than the service level {span}: {value}", "{span}超时效赔付的占比{value}"),
    _handled("decision_mean_365d", "mean", "mean working days from report to decision {span}: {value}",
             "{span}核定平均用时{value}个工作日", clock="decided_at", column="decision_days", unit="days", days=365,
             sign=-1),
    _handled("claims_reopened_all", "count", "claims opened again after closing {span}: {value}",
             "{span}结案后重开的赔案{value}件", clock="reopened_at", sign=-1),
    _handled("handler_load_mean_365d", "mean",
             "open claims of the handler when reported, mean of the last year: {value}",
             "近一年报案时理赔员平均在办赔案{value}件", column="handler_load", unit="number", days=365),
    _handled("claim_handlers_365d", "distinct", "claim handlers met {span}: {value}", "{span}经手理赔员{value}名",
             column="handler_id", days=365),
)  # fmt: skip

_decided = Area("claims", "claim outcomes", "claim", clock="decided_at")
_paid = Area("claims", "claim outcomes", "claim", clock="paid_at")
_DENIED = equals("decision", "denied")
_PAID = named(*_paid.over((365,), "paid_sum", "sum", "amount paid on claims {span}: {value}",
                          "{span}赔付金额{value}", column="amount_paid", unit="money"))  # fmt: skip
OUTCOMES = (
    _decided("claims_decided_365d", "count", "claims decided {span}: {value}", "{span}核定赔案{value}件", days=365),
    *_decided.over((365, None), "denied", "count", "claims denied {span}: {value}", "{span}拒赔{value}件",
                   where=_DENIED),
    _decided("denied_share_all", "share", "share of claims that were denied {span}: {value}", "{span}拒赔占比{value}",
             of=_DENIED),
    _paid("claims_paid_365d", "count", "claims paid {span}: {value}", "{span}已赔付{value}件", days=365),
    *_PAID.values(),
    _paid("paid_share_mean_all", "mean", "mean share of the claimed amount that was paid: {value}",
          "历史赔付占索赔金额平均{value}", column="paid_share", unit="share"),
    two("paid_to_premium_365d", "ratio", (_PAID["paid_sum_365d"], HELD["premium_held"]), "claim outcomes", "claim",
        "share", "amount paid in the last year as a share of the premium held: {value}",
        "近一年赔付金额为有效保费的{value}"),
)  # fmt: skip
