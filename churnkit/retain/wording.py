"""The list in rows and words: who is on it, who is not and why, what it rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnkit.retain.rules import Rules
from churnkit.retain.suppression import Language, reason_texts

MARK = "not_for_money"
_OTHERS: dict[str, tuple[str, str]] = {
    "holdout": ("hold-out: never contacted", "对照组：不联系"),
    "not_due": ("no renewal due within {due} days", "{due}天内无到期保单"),
    "no_value": ("expected value not positive", "预期价值不为正"),
    "capacity": ("below the capacity", "超出名额"),
    "budget": ("over the budget", "超出预算"),
    "household": ("another member of the household is on the list", "家庭其他成员已在名单"),
    "channel": ("no capacity left in the channel", "渠道名额已满"),
    "branch": ("no capacity left in the branch", "分支机构名额已满"),
    "agent_id": ("no capacity left for the agent", "代理人名额已满"),
}
_PRICE = (("ok", "offer {offer:,.0f} above the new-business price {price:,.0f}: correct it first"),
          ("正常", "续保报价{offer:,.0f}高于新保价格{price:,.0f}：先更正"))  # fmt: skip
_NO_COVER = ("no policy in force that is up for renewal", "无待续保的有效保单")
_WHY = (
    {"mark": ": ", "nobody": "not a customer of this book", "on": "on the list, ", "rank": "rank {}", "comma": ", ",
     "random": "drawn at random among the others", "worth": "expected value {:,.0f}", "off": "not on the list: ",
     "and": "; ", "bracket": " ({})"},
    {"mark": "：", "nobody": "不是本账簿的客户", "on": "在名单中，", "rank": "第{}位", "comma": "，",
     "random": "随机抽取", "worth": "预期价值{:,.0f}", "off": "不在名单中：", "and": "；", "bracket": "（{}）"},
)  # fmt: skip
_LIST = ("customer_id", "expected_value", "renewal", "value", "policies", "end_date", "line", "channel", "branch",
         "agent_id", "chosen", "tier", "action", "then", "concession", "price_check")  # fmt: skip


def texts(rules: Rules) -> dict[str, str]:
    """Every reason for which somebody is not on a list, in the list's language."""
    at = 0 if rules.language == "en" else 1
    own = {code: each[at].format(due=rules.due_within_days) for code, each in _OTHERS.items()}
    return reason_texts(rules.language, gap=rules.contact_gap_days, yearly=rules.contacts_per_year) | own


def listed(people: pd.DataFrame, language: Language) -> pd.DataFrame:
    """The rows of the list, best first."""
    on = people[people["arm"] == "treat"].sort_values(["expected_value", "customer_id"], ascending=[False, True],
                                                      kind="stable")  # fmt: skip
    if on["excess"].notna().any():
        prices = on[["offer", "new_business_price", "excess"]].itertuples(index=False)
        on = on.assign(price_check=[_price_text(*each, at=0 if language == "en" else 1) for each in prices])
    reasons = [name for name in on if str(name).startswith("reason_")]
    table = on[[*(name for name in _LIST if name in on), *reasons]].reset_index(drop=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def _price_text(offer: float, price: float, excess: float, *, at: int) -> str:
    return "" if np.isnan(excess) else _PRICE[at][int(excess > 0)].format(offer=offer, price=price)


def left_out_text(people: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Everybody who was scored and is not on the list, with the reason in words."""
    said = texts(rules)
    off = people.loc[people["arm"] != "treat", ["customer_id", "code", "also"]].reset_index(drop=True)
    mark = _WHY[int(rules.language == "zh")]["and"]
    also = off["also"].map(lambda codes: mark.join(said[code] for code in codes.split(", ")) if codes else "")
    return pd.DataFrame({"customer_id": off["customer_id"], "reason": off["code"].map(said), "also": also})


def why_text(people: pd.DataFrame, rules: Rules, customer_id: str, *, known: frozenset[str]) -> str:
    """Why a customer is on the list or is not, in a sentence."""
    at = 0 if rules.language == "en" else 1
    mine, words = people[people["customer_id"] == customer_id], _WHY[at]
    if mine.empty:
        return f"{customer_id}{words['mark']}{_NO_COVER[at] if customer_id in known else words['nobody']}"
    row, said = mine.iloc[0], texts(rules)
    worth = words["worth"].format(row["expected_value"])
    if row["arm"] == "treat":
        rank = int((people.loc[people["arm"] == "treat", "expected_value"] > row["expected_value"]).sum()) + 1
        how = words["random"] if row["chosen"] == "random" else words["rank"].format(rank)
        return f"{customer_id}{words['mark']}{words['on']}{how}{words['comma']}{worth}"
    also = [said[code] for code in row["also"].split(", ") if code]
    reasons = words["and"].join([said[row["code"]], *also])
    free = words["bracket"].format(worth) if row["free"] else ""
    return f"{customer_id}{words['mark']}{words['off']}{reasons}{free}"


_SENTENCE = (
    "{n:,} customers to contact, expected value {worth:,.0f} in all, after {cost}. {basis}; {holdout}. {explored:,} of "
    "the list are drawn at random. The next 100 contacts would add {added:,.0f}. Left out: {why}. Reasons are "
    "associations.",
    "名单共{n:,}位客户，扣除成本（{cost}）后预期价值合计{worth:,.0f}。{basis}；{holdout}。名单中{explored:,}位为随机抽取。"
    "再多联系100位可增加{added:,.0f}。未列入：{why}。所列原因仅为相关，并非因果。",
)
_HOLDOUT = (
    ("nobody is held out, so nothing will measure it",
     "the hold-out of {held:,} customers, {compared:,} of whom would have been listed, is there to measure it"),
    ("未设对照组，无法检验", "对照组{held:,}位客户（其中{compared:,}位本应列入名单）用于检验"),
)  # fmt: skip
_BASIS = (
    ("The save rate of {rate:.0%} is assumed, not measured", "The uplift is a model's, learnt from an experiment"),
    ("挽回率{rate:.0%}为假设值，并非实测", "联系效果由模型依据试验估计"),
)


def sentence(people: pd.DataFrame, rules: Rules, *, measured: bool, cost: str, added: float) -> str:
    """What the list rests on."""
    said, on, at = texts(rules), people["arm"] == "treat", 0 if rules.language == "en" else 1
    counts = people.loc[~on, "code"].map(said).value_counts()
    why = ("; ", "；")[at].join(f"{reason} {n:,}" for reason, n in counts.items())
    held = int((people["code"] == "holdout").sum())
    compared = int(((people["arm"] == "holdout") & (people["chosen"] == "rank")).sum())
    return _SENTENCE[at].format(
        n=int(on.sum()), worth=people.loc[on, "expected_value"].sum(), cost=cost,
        basis=_BASIS[at][int(measured)].format(rate=rules.save_rate), added=added,
        holdout=_HOLDOUT[at][int(held > 0)].format(held=held, compared=compared),
        explored=int((on & (people["chosen"] == "random")).sum()), why=why or ("nobody", "无")[at],
    )  # fmt: skip
