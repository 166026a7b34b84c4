"""The list as people see it: its columns and the words they may fill in, in English and Chinese."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from churnkit.retain.plan import RetentionPlan
from churnkit.retain.suppression import Language

Kind = Literal["text", "date", "number", "money", "share", "choice"]

OUTCOMES = {
    "renewed": ("renewed", "已续保"), "will_renew": ("says will renew", "表示将续保"),
    "undecided": ("undecided", "考虑中"), "will_leave": ("says will leave", "表示不续保"),
    "not_reached": ("not reached", "未接通"), "complains": ("complains", "有投诉"),
    "do_not_call": ("asked not to be called", "要求勿再致电"),
}  # fmt: skip
STATED = {
    "price": ("price", "价格"), "service": ("service", "服务"), "claim": ("claim", "理赔"),
    "competitor": ("better offer elsewhere", "他处更优"), "no_need": ("no need any more", "不再需要"),
    "other": ("other", "其他"),
}  # fmt: skip
OVERRIDES = {
    "renews_anyway": ("not called: renews anyway", "未致电：本就会续保"),
    "leaves_anyway": ("not called: leaves anyway", "未致电：必定流失"),
    "not_called": ("not called: other reason", "未致电：其他原因"),
    "added": ("added by hand", "人工添加"),
}  # fmt: skip
YES_NO = {"yes": ("yes", "是"), "no": ("no", "否")}


@dataclass(frozen=True)
class SheetColumn:
    """One column: its name in our tables, its headings, what it holds, and what may be chosen in it."""

    name: str
    en: str
    zh: str
    kind: Kind = "text"
    choices: tuple[tuple[str, tuple[str, str]], ...] = ()
    other_names: tuple[str, ...] = ()

    def heading(self, language: Language) -> str:
        """What stands at its top."""
        return self.en if language == "en" else self.zh


def _choice(name: str, en: str, zh: str, words: dict[str, tuple[str, str]], *others: str) -> SheetColumn:
    return SheetColumn(name, en, zh, "choice", tuple(words.items()), others)


FIRST = (
    SheetColumn("rank", "Rank", "序号", "number"),
    SheetColumn("customer_id", "Customer", "客户号", other_names=("customer no", "customer number", "客户编号")),
    SheetColumn("line", "Line", "险种"), SheetColumn("end_date", "Due", "到期日", "date"),
    SheetColumn("renewal", "Renewal chance", "续保概率", "share"), SheetColumn("value", "Value", "客户价值", "money"),
    SheetColumn("expected_value", "Worth of a call", "联系价值", "money"),
    SheetColumn("action", "What to do", "建议动作"),
)  # fmt: skip
REST = (
    SheetColumn("then", "If that is not enough", "后备动作"),
    SheetColumn("concession", "Largest concession", "最大优惠", "money"),
    SheetColumn("price_check", "Price check", "价格核对"),
    SheetColumn("policies", "Policies due", "到期保单数", "number"), SheetColumn("channel", "Channel", "渠道"),
    SheetColumn("branch", "Branch", "机构"), SheetColumn("agent_id", "Agent", "代理人"),
    SheetColumn("action_id", "Reference", "编号", other_names=("ref", "reference no")),
)  # fmt: skip
FILLED = (
    SheetColumn("contacted_at", "Called on", "联系日期", "date", other_names=("called", "date", "call date", "日期")),
    _choice("reached", "Reached", "是否接通", YES_NO, "接通"),
    _choice("outcome", "Outcome", "结果", OUTCOMES, "result"),
    _choice("stated_reason", "Reason the customer gives", "客户所述原因", STATED, "stated reason", "reason given"),
    SheetColumn("offer_value", "Concession given", "给予优惠", "money", other_names=("concession", "discount", "优惠")),
    _choice("override", "Override", "更改名单", OVERRIDES),
    SheetColumn("override_reason", "Why overridden", "更改原因", other_names=("override reason", "why")),
    SheetColumn("note", "Note", "备注", other_names=("notes", "comment", "remark")),
)  # fmt: skip


def action_ids(list_id: str, customers: pd.Series) -> pd.Series:
    """Return the reference of each customer's row: the same for a list and a customer wherever the row has moved.

    Examples
    --------
    >>> action_ids("L20261001-ab12cd", pd.Series(["C1"])).tolist()
    ['L20261001-ab12cd-bc6102110d']
    """
    made = [f"{list_id}-{hashlib.sha256(f'{list_id}/{who}'.encode()).hexdigest()[:10]}" for who in customers]
    return pd.Series(made, index=customers.index, dtype="str")


def sheet_of(plan: RetentionPlan) -> tuple[pd.DataFrame, tuple[SheetColumn, ...]]:
    """Return the list with its references, and its columns in order: whom and why, the rest, what is filled in."""
    table = plan.table
    table.insert(0, "action_id", action_ids(plan.list_id, table["customer_id"]))
    reasons = [name for name in map(str, table) if name.startswith("reason_")]
    told = tuple(SheetColumn(name, f"Reason {k}", f"原因{k}") for k, name in enumerate(reasons, start=1))
    first, rest = (tuple(column for column in part if column.name in table) for part in (FIRST, REST))
    for column in FILLED:
        table[column.name] = None
    return table, (*first, *told, *rest, *FILLED)
