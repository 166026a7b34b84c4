"""How to read a list: the third sheet of its workbook."""

from __future__ import annotations

from churnkit.retain.plan import RetentionPlan
from churnkit.retain.sheet import OUTCOMES, OVERRIDES

_EN = {
    "title": "How to read this list",
    "list": "List",
    "day": "Made with what was known before",
    "until": "Valid until",
    "old": "{day}. After that day ask for a new list: people will have called, paid or left.",
    "what": "What it is",
    "order": "Order",
    "ordered": "Best first: what a call is expected to be worth, after its cost. It is not a ranking of who leaves.",
    "reasons": "Reasons",
    "assoc": "What goes together with leaving among similar customers. They are no proof of why this customer would "
    "leave, and nothing to read out.",
    "act": "What to do",
    "acts": "Service first; a concession only after it, and never above the largest one given.",
    "random": "Drawn at random",
    "drawn": "{n} rows are random draws among customers worth a call, so that the rule can be tested. Call them as "
    "all others.",
    "held": "Who is missing",
    "held_text": "{n} customers are never called, by lot, to see what calling changes. Do not add them. ",
    "nobody": "Nobody is held out by lot, so nothing will tell what calling changes. ",
    "others": "The second sheet says why of everybody else who was scored: customers with a policy in force.",
    "fill": "What to fill in (yellow)",
    "fill_text": "One row per customer, as far as it went; leave blank what did not happen. Rows may be sorted, "
    "columns may be added, customers may be added below.",
    "outcome": "Outcome",
    "override": "Override",
    "override_text": "If you decide otherwise than the list, choose how and write why: {words}.",
    "back": "Sending it back",
    "back_text": "Save it and run: churnkit outcomes import FILE DATA. It may be imported as often as you like.",
    "counts": "Left out",
    "more": "(the sheet shows the first {n:,}; the record has all)",
    "next": "The next 100 contacts would add",
}
_ZH = {
    "title": "名单使用说明",
    "list": "名单编号",
    "day": "数据截至（不含当日）",
    "until": "有效期至",
    "old": "{day}。过期后请重新生成名单：客户可能已缴费、已联系或已退保。",
    "what": "依据",
    "order": "排序",
    "ordered": "按扣除成本后的联系价值从高到低排列，并非流失概率排名。",
    "reasons": "原因",
    "assoc": "相似客户中与流失相关的情况，不能证明该客户流失的原因，请勿照读给客户。",
    "act": "建议动作",
    "acts": "先服务，后优惠；优惠不得超过所列上限。",
    "random": "随机抽取",
    "drawn": "其中{n}位为随机抽取，用于检验规则，请与其他客户同样联系。",
    "held": "未列入者",
    "held_text": "{n}位客户按随机对照不予联系，用于衡量联系的效果，请勿自行添加。",
    "nobody": "未设随机对照，无法衡量联系的效果。",
    "others": "其他已评分（持有有效保单）而未列入的客户，原因见第二张表。",
    "fill": "填写内容（黄色列）",
    "fill_text": "每位客户一行，按实际情况填写，未发生的留空。可以排序、加列，也可在下方添加客户。",
    "outcome": "结果",
    "override": "更改名单",
    "override_text": "如不按名单执行，请选择方式并写明原因：{words}。",
    "back": "回传",
    "back_text": "保存后运行：churnkit outcomes import 文件 数据。可重复导入。",
    "counts": "未列入人数",
    "more": "（表中仅列前{n:,}位，完整名单见留存记录）",
    "next": "再多联系100位可增加",
}


def guide(plan: RetentionPlan, *, left_out_rows: int) -> list[tuple[str, str]]:
    """Return the lines of the sheet: what is meant, and what is said of it."""
    words, at = (_EN, 0) if plan.rules.language == "en" else (_ZH, 1)
    everyone = plan.everyone
    listed = everyone["arm"] == "treat"
    drawn, held = int((listed & (everyone["chosen"] == "random")).sum()), int((everyone["code"] == "holdout").sum())
    mark = "; " if at == 0 else "；"
    counts = plan.left_out["reason"].value_counts()
    more = words["more"].format(n=left_out_rows) if counts.sum() > left_out_rows else ""
    return [
        (words["title"], ""), (words["list"], plan.list_id), (words["day"], f"{plan.as_of:%Y-%m-%d}"),
        (words["until"], words["old"].format(day=f"{plan.expires:%Y-%m-%d}")), (words["what"], plan.text),
        (words["order"], words["ordered"]), (words["reasons"], words["assoc"]), (words["act"], words["acts"]),
        (words["random"], words["drawn"].format(n=drawn)),
        (words["held"], words["held_text" if held else "nobody"].format(n=held) + words["others"]),
        (words["next"], f"{plan.next_worth:,.0f}"), (words["fill"], words["fill_text"]),
        (words["outcome"], mark.join(texts[at] for texts in OUTCOMES.values())),
        (words["override"], words["override_text"].format(words=mark.join(t[at] for t in OVERRIDES.values()))),
        (words["back"], words["back_text"]), (f"{words['counts']} {more}".strip(), ""),
        *((str(reason), f"{n:,}") for reason, n in counts.items()),
    ]  # fmt: skip
