"""What insurers call their tables; what names a person; the words of which headers are made."""

from __future__ import annotations

FILES: dict[str, str] = {
    "customers": "customers customer clients client policyholders insureds parties party persons crm_customer"
            " 客户信息 客户资料 客户 投保人 客户主表 客户清单 会员",
    "policies": "policies policy contracts contract policy_header 保单信息 保单 保险单 保单主表 合同 保单基本信息",
    "terms": "terms term policy_terms policy_periods periods coverages renewals policy_versions premiums underwriting"
            " 承保明细 承保 保单明细 承保清单 保险期间 出单 签单 续保清单 保费明细 缴费",
    "interactions": "interactions interaction contacts calls call_log call_center tickets service_requests visits"
            " 客服 通话记录 来电 服务记录 接触 工单 呼叫 热线 咨询 话务 进线",
    "claims": "claims claim losses loss claim_file 理赔 赔案 报案 理赔明细 案件 赔付 出险",
    "complaints": "complaints complaint grievances 投诉 投诉清单 投诉工单 信访 消保",
    "surveys": "surveys survey survey_responses nps csat feedback satisfaction ratings 满意度 调研 回访 问卷 评价"
            " 测评 评分",
    "outreach": "outreach campaigns campaign contacts_made marketing retention_actions actions 外呼 触达 营销 活动"
            " 挽留 续保跟进 名单 邀约",
    "economics": "economics margins cost_ratios expense_ratios 经济参数 成本率 费用率 定价参数",
    "touchpoints": "touchpoints touchpoint_map 触点 触点清单 服务触点",
    "calendar": "calendar working_days holidays 日历 工作日 节假日",
}  # fmt: skip

# Columns that name or reach a person: never proposed as a feature, whatever they hold.
PERSONAL = (
    "name mobile phone tel telephone email e_mail mail id_card identity passport address ssn national_id bank_account"
    " birthday wechat first_name last_name full_name surname contact_person postcode street 姓名 客户姓名 名字 手机"
    " 手机号 电话 联系电话 身份证 身份证号 证件号 证件号码 地址 联系地址 邮箱 银行卡 银行账号 微信 联系人 护照"
    " 投保人姓名 被保险人姓名 投保人名称 被保险人名称 客户名称 邮编"
)

# Words of extra columns, to name them in English where every part of a header is known.
WORDS = {
    "车辆": "vehicle", "车": "vehicle", "发动机": "engine", "功率": "power", "排量": "displacement",
    "车龄": "vehicle_age", "车型": "vehicle_model", "品牌": "brand", "厂牌": "make", "座位": "seats", "座": "seats",
    "数": "count", "次数": "count", "使用": "use", "性质": "nature", "用途": "purpose", "新车": "new_vehicle",
    "购置": "purchase", "价": "price", "价格": "price", "价值": "value", "能源": "energy", "燃料": "fuel",
    "类型": "type", "类别": "class", "种类": "kind", "面积": "area", "建筑": "building", "房屋": "house",
    "楼层": "floor", "结构": "structure", "年份": "year", "年": "year", "月": "month", "区域": "area",
    "地区": "region", "城市": "city", "省": "province", "等级": "grade", "级别": "level", "评级": "rating",
    "评分": "score", "得分": "score", "风险": "risk", "信用": "credit", "出险": "claims", "历史": "past",
    "上年": "last_year", "去年": "last_year", "累计": "total", "平均": "mean", "最大": "max", "最高": "highest",
    "折扣": "discount", "系数": "factor", "率": "rate", "比例": "share", "金额": "amount", "额": "amount", "费": "fee",
    "保费": "premium", "保额": "sum_insured", "免赔": "deductible", "免赔额": "deductible", "责任": "cover",
    "险": "cover", "三者": "third_party", "车损": "own_damage", "玻璃": "glass", "盗抢": "theft",
    "不计免赔": "no_deductible", "附加": "rider", "里程": "mileage", "行驶": "driven", "公里": "km",
    "时长": "duration", "天数": "days", "日期": "date", "时间": "time", "标志": "flag", "标识": "flag", "是否": "is",
    "状态": "status", "原因": "reason", "结果": "result", "备注": "remark", "说明": "note", "编号": "number",
    "号": "number", "代码": "code", "名称": "name", "客户": "customer", "保单": "policy", "会员": "member",
    "积分": "points", "职业": "occupation", "学历": "education", "婚姻": "marital", "收入": "income", "年龄": "age",
    "性别": "gender", "子女": "children", "家庭": "household", "贷款": "loan", "分期": "instalments", "网点": "outlet",
    "门店": "shop", "活动": "campaign", "优惠": "discount", "礼品": "gift", "续保": "renewal", "报价": "quote",
    "渠道": "channel", "访问": "visits", "登录": "logins", "页面": "page", "设备": "device", "绑定": "linked",
    "微信": "wechat", "重疾": "critical_illness", "住院": "hospital", "门诊": "outpatient", "体检": "checkup",
    "吸烟": "smoker", "健康": "health", "告知": "disclosure", "等待": "waiting", "期": "period", "缴费": "payment",
    "期限": "term", "驾驶": "driving", "驾驶人": "driver", "车主": "owner", "驾龄": "driving_years",
    "违章": "offences", "吨位": "tonnage", "载重": "load", "过户": "transfer", "进口": "imported", "国产": "domestic",
    "无赔款": "claim_free", "优待": "bonus", "税": "tax", "币种": "currency", "版本": "version", "共保": "coinsurance",
    "团体": "group_policy", "人数": "people", "员工": "staff",
}  # fmt: skip

# Chinese ways of saying the same; what comes first is replaced first.
SAME_CHINESE = (
    ("保险单", "保单"), ("保险合同", "保单"), ("流水号", "号"), ("号码", "号"), ("编号", "号"), ("代码", "号"),
    ("编码", "号"), ("代号", "号"), ("工号", "号"), ("标识号", "号"), ("日期", "日"), ("时间", "日"), ("时刻", "日"),
    ("时点", "日"), ("年月日", "日"), ("金额", "额"), ("交费", "缴费"), ("被保人", "被保险人"), ("的", ""),
    ("是否", ""), ("标志", ""), ("标识", ""),
)  # fmt: skip

# A word, and how headers shorten and turn it.
SHORT = {
    "number": "no num nbr nr id", "code": "cd cde", "date": "dt tm time at on ts datetime day dte timestamp tms",
    "premium": "prem prm premiums", "policy": "pol plcy ply polcy", "customer": "cust cst cus", "client": "clnt",
    "effective": "eff efft", "expiry": "exp expiration expire expires expry expir", "claim": "clm claims",
    "amount": "amt amnt", "description": "desc descr", "type": "typ", "category": "cat categ",
    "channel": "chnl chan chl", "agent": "agt agnt", "branch": "br brch brnch", "begin": "beg bgn begins",
    "insured": "insd ins insrd insur", "reason": "rsn reasn",
    "cancel": "cncl canc cancellation cancelation cancelled canceled", "product": "prod prd", "frequency": "freq frq",
    "annual": "ann", "year": "yr", "status": "sts stat", "recorded": "rec", "response": "resp", "license": "licence",
    "organization": "organisation org", "center": "centre", "seconds": "sec secs second", "minutes": "min mins minute",
    "household": "hh hhld", "acquisition": "acq acqn", "marketing": "mkt mktg mktng",
    "renewal": "rnw rnwl renew ren renwl", "original": "orig orgnl", "inception": "incept incep incptn",
    "notification": "notif notification notified ntf notice", "payment": "pmt pymt pay payt", "paid": "pd",
    "transfers": "xfer xfers transfer", "count": "cnt", "complaint": "cmpl cmplnt complaints",
    "compensation": "comp redress", "distribution": "dist distr", "adjuster": "adj adjstr",
    "termination": "term termn termntn terminated", "issue": "iss issd issued", "transaction": "trx txn trans",
    "average": "avg", "surrender": "surr surrendered", "sum": "total tot", "birth": "bth", "interaction": "intn",
    "approval": "appr approved", "decision": "dcsn", "settlement": "settl settled", "occurrence": "occ occurred",
    "vehicle": "veh vhcl", "registration": "reg regn", "group": "grp", "campaign": "cmpgn camp", "segment": "seg",
    "resolution": "resol resolved", "escalation": "escal escalated", "start": "strt", "maturity": "mat",
    "limit": "lmt", "quote": "quot quoted quotation qte", "commencement": "comm commence",
    "received": "recvd rcvd receipt", "close": "closed cls closure", "files": "file", "report": "rpt rptd reported",
    "created": "crt create crtd creation", "input": "inp inputted",
}  # fmt: skip
PHRASES = {
    "polno": "policy number", "si": "sum insured", "lob": "line of business", "optout": "opt out",
    "dnc": "do not call", "fcr": "first contact resolution", "bi": "bodily injury", "dob": "birth date",
    "custno": "customer number", "clmno": "claim number", "yob": "year of birth", "autorenew": "auto renewal",
}  # fmt: skip

# What makes a column another one where it comes on top of a known name: 上年保费 is no 保费.
OTHER_CHINESE = (
    "上年 去年 上期 上次 上一 上张 历史 累计 次数 率 系数 折扣 平均 预计 计划 应收 未决 目标 最近 首次 首年 最后 排名"
    " 等级 原 旧 再保 共保 分保 对手 竞品 税 手续费 佣金 现金价值 下次 下期 续保 报价 个数 件数 天数 类型 方式 状态"
    " 原因 名 姓名 机 证件 更新 修改 批单 发票 打印 年龄 备注 说明"
)
OTHER_ENGLISH = (
    "age average avg cancel comment commission competitor count cumulative days discount factor first invoice lag last"
    " lifetime max mean min modified months name next note offer old original past prev previous print prior quote"
    " rate ratio reason reinsurance remark renewal reserve score status target tax type update updated years ytd"
)

# Units in headers, and what they are times to yuan, seconds, hours, shares.
MONEY = {
    "元": 1.0, "人民币元": 1.0, "万元": 10000.0, "万": 10000.0, "千元": 1000.0, "百万元": 1000000.0,
    "亿元": 100000000.0, "亿": 100000000.0, "分": 0.01, "角": 0.1, "rmb": 1.0, "cny": 1.0, "yuan": 1.0, "k": 1000.0,
    "thousand": 1000.0, "thousands": 1000.0, "m": 1000000.0, "million": 1000000.0, "millions": 1000000.0,
    "cents": 0.01, "fen": 0.01, "wan": 10000.0, "10k": 10000.0, "eur": 1.0, "usd": 1.0, "'000": 1000.0, "000s": 1000.0,
}  # fmt: skip
TIME = {
    "毫秒": 0.001, "ms": 0.001, "秒": 1.0, "s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "分": 60.0, "分钟": 60.0,
    "min": 60.0, "mins": 60.0, "minutes": 60.0, "小时": 3600.0, "时": 3600.0, "h": 3600.0, "hours": 3600.0,
}  # fmt: skip
HOURS = {
    "小时": 1.0, "h": 1.0, "hours": 1.0, "天": 24.0, "日": 24.0, "days": 24.0, "工作日": 24.0,
}  # fmt: skip
SHARE = {
    "%": 0.01, "百分比": 0.01, "percent": 0.01, "pct": 0.01, "‰": 0.001,
}  # fmt: skip
