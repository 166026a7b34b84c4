"""How service went: waiting, handling, and whether matters were resolved."""

from __future__ import annotations

from churnkit.panel.catalog.contacts import BY_CUSTOMER, CONTACT_COUNTS
from churnkit.panel.catalog.making import Area, equals, named, two
from churnkit.panel.feature import Where

_wait = Area("interactions", "waiting", "servicing", column="wait_seconds", unit="seconds", sign=-1)
_queue = Area("interactions", "waiting", "servicing", column="queue_wait_mean", unit="seconds", sign=-1)
_WAITS = _wait.over((90, 365, None), "wait_mean", "mean", "mean waiting time {span}: {value} seconds",
                    "{span}平均等待{value}秒")  # fmt: skip
_WAIT = named(*_WAITS)
WAITING = (
    *_WAITS,
    two("wait_mean_90d_to_365d", "ratio", (_WAIT["wait_mean_90d"], _WAIT["wait_mean_365d"]), "waiting", "servicing",
        "share", "waiting time of the last 90 days as a share of the year's: {value}",
        "近90天平均等待为近一年的{value}", sign=-1),
    _wait("wait_last", "last", "waiting time of the last contact: {value} seconds", "最近一次等待{value}秒"),
    _wait("wait_max_365d", "max", "longest waiting time {span}: {value} seconds", "{span}最长等待{value}秒", days=365),
    _wait("long_wait_share_365d", "share", "share of contacts that waited over five minutes {span}: {value}",
          "{span}等待超过五分钟的占比{value}", of=(Where("wait_seconds", ">", 300.0),), column="", unit="share",
          where=(Where("wait_seconds", ">=", 0.0),), days=365),
    _wait("wait_policy_mean_365d", "mean", "mean waiting time about this policy {span}: {value} seconds",
          "{span}就本保单平均等待{value}秒", days=365, scope="policy"),
    _queue("queue_wait_mean_365d", "mean", "mean waiting time of the queues called {span}: {value} seconds",
           "{span}所拨队列平均等待{value}秒", days=365),
    _queue("queue_wait_policy_mean_365d", "mean",
           "mean waiting time of the queues called about this policy {span}: {value} seconds",
           "{span}就本保单所拨队列平均等待{value}秒", days=365, scope="policy"),
)  # fmt: skip

_handled = Area("interactions", "service handling", "servicing")
HANDLING = (
    _handled("transfers_mean_365d", "mean", "transfers per contact {span}: {value}", "{span}每次联系平均转接{value}次",
             column="transfers", days=365, unit="number"),
    _handled("handle_mean_365d", "mean", "mean handling time {span}: {value} seconds", "{span}平均处理时长{value}秒",
             column="handle_seconds", days=365, unit="seconds"),
    _handled("sentiment_last", "last", "mood of the last contact, from -1 to 1: {value}",
             "最近一次联系的情绪（-1至1）：{value}", column="sentiment", unit="number"),
    _handled("sentiment_mean_365d", "mean", "mean mood of contacts {span}, from -1 to 1: {value}",
             "{span}联系的平均情绪（-1至1）：{value}", column="sentiment", days=365, unit="number"),
)  # fmt: skip

_matter = Area("interactions", "resolution", "servicing")
_solved = Area("interactions", "resolution", "servicing", clock="resolved_at", column="resolution_days", unit="days",
               sign=-1)  # fmt: skip
_first = Area("interactions", "resolution", "servicing", clock="week_over_at", column="first_contact_resolution",
              unit="share", sign=1)  # fmt: skip
_UNSOLVED = equals("resolved", False)
_REPEATS = named(*_matter.over((365,), "repeats", "count",
                               "contacts within 7 days about the same topic {span}: {value}",
                               "{span}7天内同一事项重复联系{value}次", clock="repeated_at"))  # fmt: skip
RESOLUTION = (
    *_first.over((90, 365), "first_contact_resolution", "mean",
                 "share of matters resolved at the first contact {span}: {value}", "{span}一次解决率{value}"),
    *_REPEATS.values(),
    two("repeat_share_365d", "ratio", (_REPEATS["repeats_365d"], CONTACT_COUNTS["contacts_365d"]), "resolution",
        "servicing", "share", "share of the year's contacts that repeat one of the 7 days before: {value}",
        "近一年7天内重复联系的占比{value}", sign=-1),
    _matter("unresolved_share_365d", "share", "share of matters closed without a solution {span}: {value}",
            "{span}结案但未解决的占比{value}", clock="resolved_at", of=_UNSOLVED, days=365, sign=-1),
    _matter("unresolved_all", "count", "matters closed without a solution {span}: {value}",
            "{span}结案但未解决{value}件", clock="resolved_at", where=_UNSOLVED, sign=-1),
    _matter("matters_open_90d", "open", "contacts of the last 90 days still open: {value}",
            "近90天尚未办结的联系{value}次", end_clock="resolved_at", where=BY_CUSTOMER, days=90),
    _solved("resolution_days_mean_365d", "mean", "mean days from contact to resolution {span}: {value}",
            "{span}办结平均用时{value}天", days=365),
)  # fmt: skip
