"""What customers say when asked, how it compares, and whether they answer."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, equals, named, two
from churnkit.panel.feature import Feature, Where

_INSTRUMENTS = {"csat": ("CSAT", "满意度"), "nps": ("NPS", "推荐度"), "ces": ("ease (CES)", "便捷度")}
_rated = Area("surveys", "satisfaction", "servicing", clock="answered_at", column="rating", unit="points", sign=1)
_compared = Area("surveys", "satisfaction change", "servicing", clock="answered_at", column="rating", unit="points")


def _of_instrument(key: str) -> tuple[Feature, ...]:
    """Ratings from 0 (worst) to 100 (best), known when answered."""
    (en, zh), only = _INSTRUMENTS[key], equals("instrument", key)
    return (
        _rated(f"{key}_last", "last", f"last {en} answer: {{value}} of 100", f"最近一次{zh}评分{{value}}分（百分制）",
               where=only),
        *_rated.over((365, None), f"{key}_mean", "mean", f"mean {en} answer {{span}}: {{value}} of 100",
                     f"{{span}}{zh}平均{{value}}分（百分制）", where=only),
        _rated(f"{key}_min_365d", "min", f"lowest {en} answer {{span}}: {{value}} of 100",
               f"{{span}}最低{zh}{{value}}分（百分制）", where=only, days=365),
    )  # fmt: skip


def _rated_by(key: str) -> tuple[Where, ...]:
    return (*equals("instrument", key), Where("rating", ">=", 0.0))


_BY_INSTRUMENT = tuple(feature for key in _INSTRUMENTS for feature in _of_instrument(key))
_ANY = (
    _rated("rating_last", "last", "last answer to any survey: {value} of 100", "最近一次问卷评分{value}分（百分制）"),
    *_rated.over((365, None), "rating_mean", "mean", "mean answer to surveys {span}: {value} of 100",
                 "{span}问卷平均{value}分（百分制）"),
    _rated("rating_max_all", "max", "highest answer to any survey {span}: {value} of 100",
           "{span}问卷最高{value}分（百分制）"),
    _rated("rating_min_all", "min", "lowest answer to any survey {span}: {value} of 100",
           "{span}问卷最低{value}分（百分制）"),
)  # fmt: skip
SATISFACTION = (
    *_BY_INSTRUMENT,
    *_ANY,
    _rated("rating_first", "first", "first answer to any survey: {value} of 100", "首次问卷评分{value}分（百分制）",
           stage="onboarding"),
    _rated("satisfied_share_365d", "share", "share of CSAT answers that were satisfied {span}: {value}",
           "{span}满意占比{value}", column="", where=_rated_by("csat"), of=(Where("rating", ">=", 75.0),), days=365,
           unit="share"),
    _rated("rating_policy_mean_365d", "mean", "mean answer about this policy {span}: {value} of 100",
           "{span}对本保单的评分平均{value}分（百分制）", days=365, scope="policy"),
    _rated("csat_policy_last", "last", "last CSAT answer about this policy: {value} of 100",
           "最近一次对本保单的满意度{value}分（百分制）", where=equals("instrument", "csat"), scope="policy"),
)  # fmt: skip

_SAID = named(*_BY_INSTRUMENT, *_ANY)
_LINE = Area("lines", "satisfaction change", "servicing", scope="line", unit="points")(
    "line_rating_mean", "last", "mean answer of the line's customers: {value} of 100",
    "本险种客户问卷平均{value}分（百分制）", column="rating_mean")  # fmt: skip


def _gap(name: str, above: Feature, below: Feature, en: str, zh: str, *, sign: int) -> Feature:
    return two(name, "difference", (above, below), "satisfaction change", "servicing", "points", en, zh, sign=sign)


SATISFACTION_CHANGE = (
    *(
        _gap(f"{key}_gap_own", _SAID[f"{key}_last"], _SAID[f"{key}_mean_all"],
             f"last {en} answer against the customer's own mean: {{value}} points",
             f"最近一次{zh}与本人历史平均相差{{value}}分", sign=1)
        for key, (en, zh) in _INSTRUMENTS.items()
    ),
    _gap("rating_gap_line", _SAID["rating_mean_365d"], _LINE,
         "the year's mean answer against the line's customers: {value} points",
         "近一年问卷平均与本险种客户相差{value}分", sign=1),
    _gap("rating_gap_peak", _SAID["rating_last"], _SAID["rating_max_all"],
         "last answer against the highest one: {value} points", "最近一次问卷与最高分相差{value}分", sign=0),
    _compared("rating_slope_730d", "slope", "yearly change of answers {span}: {value} points",
              "{span}评分每年变化{value}分", days=730, sign=1),
    _compared("rating_std_all", "std", "spread of answers to surveys {span}: {value} points",
              "{span}问卷评分标准差{value}分"),
)  # fmt: skip

_answer = Area("surveys", "survey response", "servicing", clock="answered_at")
_asked = Area("surveys", "survey response", "servicing", clock="sent_at")
_ANSWERS = _answer.over((365, None), "answers", "count", "survey answers {span}: {value}", "{span}回答问卷{value}次")
_INVITED = _asked.over((365, None), "invitations", "count", "survey invitations {span}: {value}",
                       "{span}收到问卷邀请{value}次")  # fmt: skip
_COUNTED = named(*_ANSWERS, *_INVITED)
RESPONSE = (
    _COUNTED["answers_365d"],
    _COUNTED["invitations_365d"],
    two("response_share_365d", "ratio", (_COUNTED["answers_365d"], _COUNTED["invitations_365d"]), "survey response",
        "servicing", "share", "answers per survey invitation of the last year: {value}", "近一年问卷应答率{value}"),
    two("response_share_all", "ratio", (_COUNTED["answers_all"], _COUNTED["invitations_all"]), "survey response",
        "servicing", "share", "answers per survey invitation so far: {value}", "历史问卷应答率{value}"),
    _asked("unanswered_365d", "open", "survey invitations of the last year left unanswered: {value}",
           "近一年未回答的问卷邀请{value}次", end_clock="answered_at", days=365),
    _answer("days_since_answer", "days_since", "days since the last survey answer: {value}", "距上次回答问卷{value}天"),
    _asked("days_since_invitation", "days_since", "days since the last survey invitation: {value}",
           "距上次问卷邀请{value}天"),
    _answer("answer_days_mean_365d", "mean", "mean days until a survey was answered {span}: {value}",
            "{span}回答问卷平均用时{value}天", column="answer_days", days=365, unit="days"),
)  # fmt: skip
