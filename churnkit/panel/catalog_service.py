"""Standard features of what a customer lived through: surveys, contacts, claims, complaints."""

from __future__ import annotations

from churnkit.panel.feature import Feature, Where

_INSTRUMENTS = {"csat": ("CSAT", "满意度"), "nps": ("NPS", "推荐度"), "ces": ("ease (CES)", "便捷度")}


def _rated(name: str, aggregate: str, en: str, zh: str, *, where: tuple[Where, ...] = (), days: int | None = None,
           scope: str = "customer") -> Feature:  # fmt: skip
    """A rating from 0 (worst) to 100 (best), known when answered."""
    return Feature(name, "surveys", aggregate, clock="answered_at", column="rating", where=where, days=days,  # type: ignore[arg-type]
                   scope=scope, group="satisfaction", stage="servicing", unit="points", sign=1, en=en, zh=zh)  # type: ignore[arg-type]  # fmt: skip


def _of_instrument(key: str) -> tuple[Feature, ...]:
    en, zh = _INSTRUMENTS[key]
    only = (Where("instrument", "==", key),)
    return (
        _rated(f"{key}_last", "last",
               f"last {en} answer: {{value}} of 100", f"最近一次{zh}评分{{value}}分（百分制）", where=only),
        _rated(f"{key}_mean_365d", "mean", f"mean {en} answer in the last year: {{value}} of 100",
               f"近一年{zh}平均{{value}}分（百分制）", where=only, days=365),
        _rated(f"{key}_mean_all", "mean", f"mean {en} answer so far: {{value}} of 100",
               f"历史{zh}平均{{value}}分（百分制）", where=only),
    )  # fmt: skip


SATISFACTION = (
    *_of_instrument("csat"),
    *_of_instrument("nps"),
    *_of_instrument("ces"),
    _rated("csat_min_365d", "min", "lowest CSAT answer in the last year: {value} of 100",
           "近一年最低满意度{value}分（百分制）", where=(Where("instrument", "==", "csat"),), days=365),
    _rated("rating_last", "last", "last answer to any survey: {value} of 100", "最近一次问卷评分{value}分（百分制）"),
    _rated("rating_mean_365d", "mean", "mean answer to surveys in the last year: {value} of 100",
           "近一年问卷平均{value}分（百分制）", days=365),
    _rated("rating_mean_all", "mean", "mean answer to surveys so far: {value} of 100",
           "历史问卷平均{value}分（百分制）"),
    _rated("rating_slope_730d", "slope", "yearly change of answers over two years: {value} points",
           "近两年评分每年变化{value}分", days=730),
    _rated("rating_policy_mean_365d", "mean", "mean answer about this policy in the last year: {value} of 100",
           "近一年对本保单的评分平均{value}分（百分制）", days=365, scope="policy"),
    _rated("csat_policy_last", "last", "last CSAT answer about this policy: {value} of 100",
           "最近一次对本保单的满意度{value}分（百分制）", where=(Where("instrument", "==", "csat"),), scope="policy"),
    Feature("answers_365d", "surveys", "count", clock="answered_at", days=365, group="survey response",
            stage="servicing", unit="count", en="survey answers in the last year: {value}",
            zh="近一年回答问卷{value}次"),
    Feature("unanswered_365d", "surveys", "open", clock="sent_at", end_clock="answered_at", days=365,
            group="survey response", stage="servicing", unit="count",
            en="survey invitations of the last year left unanswered: {value}", zh="近一年未回答的问卷邀请{value}次"),
    Feature("days_since_answer", "surveys", "days_since", clock="answered_at", group="survey response",
            stage="servicing", unit="days", en="days since the last survey answer: {value}",
            zh="距上次回答问卷{value}天"),
)  # fmt: skip

_BY_CUSTOMER = (Where("initiator", "==", "customer"),)


def _contact(name: str, aggregate: str, unit: str, en: str, zh: str, **spec: object) -> Feature:
    """Something about contacts with service."""
    defaults: dict[str, object] = {"group": "contacts", "stage": "servicing"}
    return Feature(name, "interactions", aggregate, unit=unit, en=en, zh=zh, **(defaults | spec))  # type: ignore[arg-type]


CONTACTS = (
    _contact("contacts_30d", "count", "count", "contacts by the customer in the last 30 days: {value}",
             "近30天主动联系{value}次", where=_BY_CUSTOMER, days=30),
    _contact("contacts_365d", "count", "count", "contacts by the customer in the last year: {value}",
             "近一年主动联系{value}次", where=_BY_CUSTOMER, days=365),
    _contact("contacts_policy_365d", "count", "count", "contacts about this policy in the last year: {value}",
             "近一年就本保单联系{value}次", where=_BY_CUSTOMER, days=365, scope="policy"),
    _contact("days_since_contact", "days_since", "days", "days since the customer's last contact: {value}",
             "距客户上次联系{value}天", where=_BY_CUSTOMER),
    _contact("wait_mean_365d", "mean", "seconds", "mean waiting time in the last year: {value} seconds",
             "近一年平均等待{value}秒", column="wait_seconds", days=365, group="waiting", sign=-1),
    _contact("wait_mean_all", "mean", "seconds", "mean waiting time so far: {value} seconds",
             "历史平均等待{value}秒", column="wait_seconds", group="waiting", sign=-1),
    _contact("wait_max_365d", "max", "seconds", "longest waiting time in the last year: {value} seconds",
             "近一年最长等待{value}秒", column="wait_seconds", days=365, group="waiting", sign=-1),
    _contact("wait_policy_mean_365d", "mean", "seconds",
             "mean waiting time about this policy in the last year: {value} seconds",
             "近一年就本保单平均等待{value}秒", column="wait_seconds", days=365, scope="policy",
             group="waiting", sign=-1),
    _contact("queue_wait_mean_365d", "mean", "seconds",
             "mean waiting time of the queues called in the last year: {value} seconds",
             "近一年所拨队列平均等待{value}秒", column="queue_wait_mean", days=365, group="waiting", sign=-1),
    _contact("queue_wait_policy_mean_365d", "mean", "seconds",
             "mean waiting time of the queues called about this policy in the last year: {value} seconds",
             "近一年就本保单所拨队列平均等待{value}秒", column="queue_wait_mean", days=365, scope="policy",
             group="waiting", sign=-1),
    _contact("transfers_mean_365d", "mean", "number", "transfers per contact in the last year: {value}",
             "近一年每次联系平均转接{value}次", column="transfers", days=365, group="resolution"),
    _contact("handle_mean_365d", "mean", "seconds", "mean handling time in the last year: {value} seconds",
             "近一年平均处理时长{value}秒", column="handle_seconds", days=365),
    _contact("unresolved_share_365d", "share", "share",
             "share of matters closed without a solution in the last year: {value}",
             "近一年结案但未解决的占比{value}", clock="resolved_at", of=(Where("resolved", "==", False),), days=365,
             group="resolution", sign=-1),
    _contact("matters_open_90d", "open", "count", "contacts of the last 90 days still open: {value}",
             "近90天尚未办结的联系{value}次", end_clock="resolved_at", where=_BY_CUSTOMER, days=90, group="resolution"),
    _contact("repeats_365d", "count", "count", "contacts within 7 days about the same topic in the last year: {value}",
             "近一年7天内同一事项重复联系{value}次", clock="repeated_at", days=365, group="resolution"),
    _contact("sentiment_last", "last", "number", "mood of the last contact, from -1 to 1: {value}",
             "最近一次联系的情绪（-1至1）：{value}", column="sentiment"),
    _contact("sentiment_mean_365d", "mean", "number", "mean mood of contacts in the last year, from -1 to 1: {value}",
             "近一年联系的平均情绪（-1至1）：{value}", column="sentiment", days=365),
    _contact("company_contacts_90d", "count", "count", "contacts by the company in the last 90 days: {value}",
             "近90天公司主动联系{value}次", where=(Where("initiator", "==", "company"),), days=90),
)  # fmt: skip


def _claim(name: str, aggregate: str, unit: str, en: str, zh: str, **spec: object) -> Feature:
    """Something about claims."""
    defaults: dict[str, object] = {"group": "claim handling", "stage": "claim"}
    return Feature(name, "claims", aggregate, unit=unit, en=en, zh=zh, **(defaults | spec))  # type: ignore[arg-type]


_DENIED = (Where("decision", "==", "denied"),)
CLAIMS = (
    _claim("claims_365d", "count", "count", "claims reported in the last year: {value}", "近一年报案{value}次",
           days=365, group="claims"),
    _claim("claims_all", "count", "count", "claims reported so far: {value}", "历史报案{value}次", group="claims"),
    _claim("claims_policy_365d", "count", "count", "claims on this policy in the last year: {value}",
           "近一年本保单报案{value}次", days=365, scope="policy", group="claims"),
    _claim("days_since_claim", "days_since", "days", "days since the last claim: {value}", "距上次报案{value}天",
           group="claims"),
    _claim("claimed_sum_365d", "sum", "money", "amount claimed in the last year: {value}", "近一年索赔金额{value}",
           column="amount_claimed", days=365, group="claims"),
    _claim("claims_open", "open", "count", "claims reported and not closed: {value}", "未结赔案{value}件",
           end_clock="closed_at"),
    _claim("claims_undecided", "open", "count", "claims waiting for a decision: {value}", "待核定赔案{value}件",
           end_clock="decided_at"),
    _claim("cycle_mean_365d", "mean", "days", "mean working days from report to payment in the last year: {value}",
           "近一年赔付平均用时{value}个工作日", clock="paid_at", column="cycle_days", days=365, sign=-1),
    _claim("cycle_last", "last", "days", "working days from report to payment of the last claim paid: {value}",
           "最近一笔赔付用时{value}个工作日", clock="paid_at", column="cycle_days", sign=-1),
    _claim("cycle_policy_mean_365d", "mean", "days",
           "mean working days to payment on this policy in the last year: {value}",
           "近一年本保单赔付平均用时{value}个工作日", clock="paid_at", column="cycle_days", days=365,
           scope="policy", sign=-1),
    _claim("decision_mean_365d", "mean", "days", "mean working days from report to decision in the last year: {value}",
           "近一年核定平均用时{value}个工作日", clock="decided_at", column="decision_days", days=365, sign=-1),
    _claim("denied_365d", "count", "count", "claims denied in the last year: {value}", "近一年拒赔{value}件",
           clock="decided_at", where=_DENIED, days=365),
    _claim("denied_all", "count", "count", "claims denied so far: {value}", "历史拒赔{value}件", clock="decided_at",
           where=_DENIED),
    _claim("paid_sum_365d", "sum", "money", "amount paid on claims in the last year: {value}", "近一年赔付金额{value}",
           clock="paid_at", column="amount_paid", days=365),
    _claim("paid_share_mean_all", "mean", "share", "mean share of the claimed amount that was paid: {value}",
           "历史赔付占索赔金额平均{value}", clock="paid_at", column="paid_share"),
    _claim("handler_load_mean_365d", "mean", "number",
           "open claims of the handler when reported, mean of the last year: {value}",
           "近一年报案时理赔员平均在办赔案{value}件", column="handler_load", days=365),
)  # fmt: skip


def _complaint(name: str, aggregate: str, unit: str, en: str, zh: str, **spec: object) -> Feature:
    """Something about complaints."""
    defaults: dict[str, object] = {"group": "complaints", "stage": "complaint"}
    return Feature(name, "complaints", aggregate, unit=unit, en=en, zh=zh, **(defaults | spec))  # type: ignore[arg-type]


COMPLAINTS = (
    _complaint("complaints_365d", "count", "count",
               "complaints in the last year: {value}", "近一年投诉{value}次", days=365),
    _complaint("complaints_all", "count", "count", "complaints so far: {value}", "历史投诉{value}次"),
    _complaint("complaints_policy_365d", "count", "count", "complaints about this policy in the last year: {value}",
               "近一年就本保单投诉{value}次", days=365, scope="policy"),
    _complaint("days_since_complaint", "days_since", "days", "days since the last complaint: {value}",
               "距上次投诉{value}天"),
    _complaint("complaints_open", "open", "count", "complaints not decided yet: {value}", "未办结投诉{value}件",
               end_clock="decided_at"),
    _complaint("complaints_rejected_all", "count", "count", "complaints rejected so far: {value}",
               "历史投诉被驳回{value}件", clock="decided_at", where=(Where("outcome", "==", "rejected"),)),
    _complaint("complaints_escalated_all", "count", "count", "complaints escalated so far: {value}",
               "历史投诉升级{value}件", clock="escalated_at"),
    _complaint("complaints_outside_all", "count", "count",
               "complaints through regulator, association, media or court so far: {value}",
               "历史外部渠道投诉{value}次",
               where=(Where("source", "in", ("regulator", "association", "media", "court")),)),
)  # fmt: skip
