"""How a Chinese insurer's export calls the contract's tables, columns and categories."""

from __future__ import annotations

FILES = {
    "customers": "客户信息.csv", "policies": "承保明细.csv", "terms": "承保明细.csv", "interactions": "客服记录.csv",
    "claims": "理赔.csv", "complaints": "投诉.csv", "surveys": "满意度调查.csv", "outreach": "外呼记录.csv",
    "economics": "费用率.csv", "touchpoints": "触点.csv", "calendar": "工作日历.csv",
}  # fmt: skip
"""The file that holds each table; policies and terms share one, a row per period of cover."""

COLUMNS: dict[str, dict[str, str]] = {
    "customers": {
        "customer_id": "客户号", "household_id": "家庭编号", "customer_type": "客户类型", "birth_year": "出生年份",
        "region": "所在地区", "city_tier": "城市级别", "first_channel": "首次投保渠道", "marketing_opt_out": "拒绝营销",
        "automated_decision_opt_out": "拒绝自动化决策", "do_not_call": "谢绝来电", "deceased_date": "身故日期",
        "gender": "性别", "vulnerable": "弱势客户", "recorded_at": "建档时间",
    },
    "policies": {
        "policy_id": "保单号", "customer_id": "客户号", "line": "险种", "product": "产品名称", "object_id": "标的号",
        "channel": "销售渠道", "branch": "机构", "agent_id": "业务员代码", "payment_mode": "缴费方式",
        "renewable": "是否可续保", "auto_renew": "自动续保", "inception_date": "首次投保日期",
        "recorded_at": "建档时间",
    },
    "terms": {
        "term_id": "承保流水号", "policy_id": "保单号", "issued_at": "签单时间", "start_date": "起保日期",
        "end_date": "终保日期", "premium": "保费", "sum_insured": "保额", "offer_date": "续保报价日期",
        "offer_premium": "续保报价", "ended_date": "失效日期", "end_reason": "失效原因",
        "ended_recorded_at": "失效录入时间", "recorded_at": "录入时间",
    },
    "interactions": {
        "interaction_id": "服务流水号", "customer_id": "客户号", "policy_id": "保单号", "started_at": "开始时间",
        "channel": "渠道", "queue": "技能组", "touchpoint": "触点", "topic": "咨询类型", "initiator": "发起方",
        "wait_seconds": "等待秒数", "queue_wait_mean": "队列平均等待", "handle_seconds": "通话秒数",
        "transfers": "转接次数", "resolved": "是否解决", "resolved_at": "解决时间", "recorded_at": "录入时间",
    },
    "claims": {
        "claim_id": "赔案号", "policy_id": "保单号", "customer_id": "客户号", "reported_at": "报案时间",
        "decided_at": "核赔时间", "paid_at": "赔付时间", "closed_at": "结案时间", "occurred_at": "出险时间",
        "decision": "核赔结论", "amount_claimed": "索赔金额", "amount_paid": "赔付金额", "handler_id": "理赔员代码",
        "handler_load": "理赔员在办件数", "bodily_injury": "是否人伤", "recorded_at": "录入时间",
    },
    "complaints": {
        "complaint_id": "投诉编号", "customer_id": "客户号", "policy_id": "保单号", "received_at": "受理时间",
        "decided_at": "办结时间", "escalated_at": "升级时间", "source": "投诉来源", "category": "投诉类别",
        "due_at": "应办结时间", "outcome": "处理结果", "compensation": "补偿金额", "recorded_at": "录入时间",
    },
    "surveys": {
        "response_id": "问卷编号", "customer_id": "客户号", "policy_id": "保单号", "claim_id": "赔案号",
        "interaction_id": "服务流水号", "instrument": "指标", "touchpoint": "触点", "dimension": "维度",
        "sent_at": "发送时间", "answered_at": "答复时间", "score": "评分", "mode": "调查方式",
        "recorded_at": "录入时间",
    },
    "outreach": {
        "action_id": "外呼编号", "customer_id": "客户号", "policy_id": "保单号", "campaign": "活动名称", "arm": "分组",
        "assigned_at": "分配时间", "contacted_at": "外呼时间", "action": "动作", "channel": "渠道",
        "recorded_at": "录入时间",
    },
    "economics": {
        "line": "险种", "loss_ratio": "赔付率", "commission_ratio": "手续费率", "expense_ratio": "费用率",
        "service_cost_per_year": "年服务成本", "discount_rate": "折现率", "contact_cost": "单次联系成本",
    },
    "touchpoints": {
        "touchpoint": "触点", "journey_stage": "旅程阶段", "name_zh": "中文名", "name_en": "英文名",
        "department": "部门", "sla_hours": "时效小时",
    },
    "calendar": {"date": "日期", "working_day": "是否工作日"},
}  # fmt: skip
"""Our column names to theirs, by table."""

_LINES = {"motor": "车险", "health": "健康险", "home": "家财险", "life": "寿险"}
_PRODUCTS = {"motor_standard": "车险标准款", "health_standard": "健康险标准款", "home_standard": "家财险标准款",
             "life_standard": "寿险标准款", "life_monthly": "寿险月缴款"}  # fmt: skip
_CHANNELS = {"agent": "代理人", "bank": "银保", "online": "网销", "phone": "电销"}
_TOUCHPOINTS = {"service_contact": "客服联系", "claim_settlement": "理赔结案", "relationship": "年度回访"}

VALUES: dict[str, dict[str, dict[str, str]]] = {
    "customers": {
        "customer_type": {"person": "个人", "company": "单位"},
        "region": {"Beijing": "北京", "Chengdu": "成都", "Guangzhou": "广州", "Hangzhou": "杭州", "Harbin": "哈尔滨",
                   "Shanghai": "上海", "Wuhan": "武汉", "Xian": "西安"},
        "city_tier": {"1": "一线", "2": "二线"},
        "first_channel": _CHANNELS,
        "gender": {"female": "女", "male": "男"},
    },
    "policies": {
        "line": _LINES, "product": _PRODUCTS, "channel": _CHANNELS,
        "payment_mode": {"annual": "年缴", "semiannual": "半年缴", "quarterly": "季缴", "monthly": "月缴",
                         "single": "趸缴"},
    },
    "terms": {
        "end_reason": {"expired": "到期未续", "renewed": "续保", "customer_cancelled": "客户退保",
                       "nonpayment": "欠费终止", "surrendered": "退保领取现金价值", "insurer_declined": "拒保",
                       "free_look": "犹豫期退保", "death": "身故", "total_loss": "全损"},
    },
    "interactions": {
        "channel": {"phone": "电话", "chat": "在线客服", "branch": "柜面"},
        "queue": {"general_north": "北区综合", "general_south": "南区综合", "claims_north": "北区理赔",
                  "claims_south": "南区理赔", "health": "健康险专线", "life": "寿险专线"},
        "touchpoint": _TOUCHPOINTS,
        "topic": {"billing": "缴费", "claim": "理赔", "cover": "保障", "other": "其他"},
        "initiator": {"customer": "客户", "company": "公司", "system": "系统"},
    },
    "claims": {"decision": {"paid": "赔付", "partly_paid": "部分赔付", "denied": "拒赔", "withdrawn": "撤案"}},
    "complaints": {
        "source": {"company": "公司", "regulator": "监管", "association": "行业协会", "media": "媒体", "court": "法院"},
        "category": {"waiting": "等待", "claim_delay": "理赔时效", "price": "价格", "advice": "销售"},
        "outcome": {"upheld": "成立", "partly": "部分成立", "rejected": "不成立", "withdrawn": "撤诉",
                    "settled": "和解"},
    },
    "surveys": {
        "instrument": {"csat": "满意度", "nps": "净推荐值", "ces": "费力度"},
        "touchpoint": _TOUCHPOINTS,
        "dimension": {"after_contact": "联系后", "after_claim": "理赔后", "yearly": "年度"},
        "mode": {"text_message": "短信"},
    },
    "outreach": {
        "campaign": {"renewal_pilot": "续保试点"},
        "arm": {"treat": "外呼组", "holdout": "对照组"},
        "action": {"service_call": "服务电话", "none": "不联系"},
        "channel": {"phone": "电话"},
    },
    "economics": {"line": _LINES},
    "touchpoints": {
        "touchpoint": _TOUCHPOINTS,
        "journey_stage": {"cover": "保障期", "servicing": "服务", "claim": "理赔"},
        "department": {"service": "客服部", "claims": "理赔部", "marketing": "市场部"},
    },
}  # fmt: skip
"""Our categories to theirs, by table and column; what is not named is written as it is."""
