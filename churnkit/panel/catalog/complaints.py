"""Complaints: how many, from where, and what became of them."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, among, equals

_complaint = Area("complaints", "complaints", "complaint")
_OUTSIDE = among("source", "regulator", "association", "media", "court")
COMPLAINTS = (
    *_complaint.over((90, 365, None), "complaints", "count", "complaints {span}: {value}", "{span}投诉{value}次"),
    _complaint("complaints_policy_365d", "count", "complaints about this policy {span}: {value}",
               "{span}就本保单投诉{value}次", days=365, scope="policy"),
    _complaint("days_since_complaint", "days_since", "days since the last complaint: {value}", "距上次投诉{value}天"),
    _complaint("complaints_regulator_all", "count", "complaints through the regulator {span}: {value}",
               "{span}监管转办投诉{value}次", where=equals("source", "regulator")),
    *_complaint.over((None,), "complaints_outside", "count",
                     "complaints through regulator, association, media or court {span}: {value}",
                     "{span}外部渠道投诉{value}次", where=_OUTSIDE),
    _complaint("complaint_category_last", "last", "subject of the last complaint: {value}", "最近一次投诉类别：{value}",
               column="category", unit="text"),
)  # fmt: skip

_handled = Area("complaints", "complaint handling", "complaint")
_decided = Area("complaints", "complaint handling", "complaint", clock="decided_at")
_GRANTED = among("outcome", "upheld", "partly")
HANDLING = (
    _handled("complaints_open", "open", "complaints not decided yet: {value}", "未办结投诉{value}件",
             end_clock="decided_at"),
    _handled("complaints_overdue", "open", "complaints past their due date and not decided: {value}",
             "逾期未办结投诉{value}件", clock="overdue_at", end_clock="decided_at", sign=-1),
    _decided("complaints_late_share_all", "mean", "share of complaints decided after their due date {span}: {value}",
             "{span}逾期办结投诉占比{value}", column="decided_late", unit="share", sign=-1),
    _decided("complaint_days_mean_365d", "mean", "mean working days from complaint to decision {span}: {value}",
             "{span}投诉办结平均用时{value}个工作日", column="handling_days", unit="days", days=365, sign=-1),
    *_decided.over((None,), "complaints_upheld", "count", "complaints upheld, wholly or in part, {span}: {value}",
                   "{span}投诉成立或部分成立{value}件", where=_GRANTED),
    _decided("complaints_rejected_all", "count", "complaints rejected {span}: {value}", "{span}投诉被驳回{value}件",
             where=equals("outcome", "rejected")),
    *_handled.over((None,), "complaints_escalated", "count", "complaints escalated {span}: {value}",
                   "{span}投诉升级{value}件", clock="escalated_at"),
    _handled("complaints_litigated_all", "count", "complaints taken to court {span}: {value}",
             "{span}投诉进入诉讼{value}件", clock="litigation_at"),
    _decided("compensation_sum_all", "sum", "compensation paid on complaints {span}: {value}",
             "{span}投诉补偿金额{value}", column="compensation", unit="money"),
)  # fmt: skip
