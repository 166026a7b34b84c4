"""What insurers call the values of the contract's categories, in Chinese and English.

Plain data. An exact name counts before a part of one; parts are tried in order: 交强 before 车, 驾意 before 车.
"""

from __future__ import annotations

# Per column: ours -> names, compared without case, blanks and punctuation.
EXACT: dict[str, dict[str, str]] = {
    "customer_type": {
        "person": "person individual ind indiv private natural_person retail p 个人 自然人 个人客户 个客 个",
        "company": "company corporate corp org organisation organization commercial business legal_entity c 团体 企业"
                " 法人"
                " 单位 机构 公司 团体客户 企业客户 团",
    },
    "line": {
        "motor": "motor auto car vehicle private_car kasko mtpl casco 车险 商业车险 商业险 机动车辆保险 车辆保险"
                " 机动车商业保险 商车",
        "motor_compulsory": "motor_compulsory compulsory ctpl compulsory_motor mtpl_compulsory 交强险"
                " 机动车交通事故责任强制保险 交强",
        "home": "home household homeowners house property_household dwelling 家财险 家庭财产险 家财 房屋保险",
        "accident": "accident personal_accident pa 意外险 意外伤害险 意外 意外伤害保险",
        "health": "health medical critical_illness ci hospital 健康险 医疗险 重疾险 健康 医疗 疾病险",
        "life": "life term_life whole_life 寿险 人寿 定期寿险 终身寿险 人寿保险",
        "savings": "savings endowment unit_linked universal_life ul participating 两全险 万能险 投连险 分红险 储蓄险",
        "annuity": "annuity pension 年金 年金险 养老金 养老年金",
        "travel": "travel trip 旅行险 旅游险 旅意险 旅行",
        "liability": "liability third_party_liability gl 责任险 责任保险",
        "property": "property commercial_property fire 企财险 企业财产险 财产险 企财 工程险",
        "other": "other misc 其他 其它",
    },
    "payment_mode": {
        "annual": "annual yearly y 12 年缴 年交 年 按年 年付 年度",
        "semiannual": "semiannual half_yearly semi_annual h 6 半年缴 半年交 半年 半年付",
        "quarterly": "quarterly q 3 季缴 季交 季 按季 季付",
        "monthly": "monthly m 1 月缴 月交 月 按月 月付",
        "single": "single lump_sum one_off s 0 趸缴 趸交 一次性 一次交清 一次缴清 一次付清",
    },
    "end_reason": {
        "expired": "expired lapsed_at_expiry not_renewed non_renewed lapse lapsed 到期未续 脱保 到期终止 未续保"
                " 期满未续 到期 流失 未续 到期未续保 自然终止",
        "renewed": "renewed renewal 续保 已续保 续保成功 已续 续转",
        "customer_cancelled": "customer_cancelled cancelled canceled cancellation cancelled_by_customer"
                " customer_cancellation 退保 客户退保 主动退保 解约 客户解约 客户要求退保 客户申请退保",
        "nonpayment": "nonpayment non_payment unpaid lapsed_nonpayment arrears 欠费 欠费失效 未缴费 失效 欠费终止"
                " 逾期未缴 欠费解约",
        "surrendered": "surrendered surrender 退保领取 寿险退保 现金价值退保",
        "insurer_cancelled": "insurer_cancelled cancelled_by_insurer company_cancelled 公司解约 公司退保 公司解除合同"
                " 保险人解除",
        "insurer_declined": "insurer_declined declined refused not_offered 拒保 公司不续 不予续保 公司拒续 拒绝续保"
                " 停售不续 核保拒保",
        "free_look": "free_look cooling_off cooling_off_cancellation withdrawn 犹豫期退保 犹退 冷静期退保 犹豫期撤单",
        "death": "death deceased died 死亡 身故 身故终止 被保险人身故 客户身故",
        "total_loss": "total_loss write_off totalled 全损 推定全损 全损终止 车辆全损",
        "object_sold": "object_sold sold vehicle_sold transferred ownership_change 过户 车辆过户 转让 标的转让 出售"
                " 车辆转让 车辆出售",
        "matured": "matured maturity 满期 期满 满期给付 满期终止",
        "replaced": "replaced replacement converted transferred_policy 转保 换单 替换 转换 重出单 改签",
        "correction": "correction error entry_error void reversed 出错 录入错误 作废 冲正 出单错误 差错更正 注销",
        "unknown": "unknown other 未知 其他 不详 其它",
        "": "active in_force inforce valid open current 有效 正常 在保 承保有效 生效 保障中",
    },
    "initiator": {
        "customer": "customer client inbound in incoming 客户 呼入 进线 来电 客户发起 客户来电 呼入电话",
        "company": "company insurer outbound out outgoing agent 公司 呼出 外呼 去电 坐席 公司发起 呼出电话",
        "system": "system automatic auto bot 系统 自动 机器人 系统发起 系统自动",
    },
    "decision": {
        "paid": "paid approved accepted settled full paid_in_full 赔付 全额赔付 正常赔付 赔款 给付 正常结案 已赔付"
                " 同意赔付 全额给付",
        "partly_paid": "partly_paid partial partially_paid reduced 部分赔付 比例赔付 通融赔付 协议赔付 部分给付"
                " 协商赔付",
        "denied": "denied rejected declined refused repudiated 拒赔 拒付 不予赔付 全额拒赔",
        "withdrawn": "withdrawn cancelled closed_without_payment zero_payment 销案 撤案 注销 零结 撤销 放弃索赔"
                " 零赔付 零赔结案",
        "": "open pending in_progress reported 未决 处理中 审核中 待定 已报案 已立案",
    },
    "source": {
        "company": "company insurer direct internal call_center 公司 本公司 热线 自收 客服热线 来电 客服 柜面"
                " 公司受理 官网",
        "regulator": "regulator ombudsman authority nfra 监管 监管转办 银保监 金融监管 监管机构 12378 金融监管局 保监"
                " 国家金融监督管理总局",
        "association": "association consumer_association 协会 行业协会 消协 保险行业协会 12315 消费者协会",
        "media": "media press social_media 媒体 网络 舆情 微博 媒体曝光",
        "court": "court lawsuit litigation legal 法院 诉讼 起诉 仲裁",
    },
    "outcome": {
        "upheld": "upheld founded justified substantiated 属实 成立 投诉成立 是 支持",
        "partly": "partly partially_upheld partial 部分属实 部分成立 部分支持",
        "rejected": "rejected unfounded dismissed not_upheld unsubstantiated 不属实 不成立 投诉不成立 否 驳回"
                " 不予支持",
        "withdrawn": "withdrawn retracted 撤诉 撤销 客户撤诉 已撤诉 撤回",
        "settled": "settled compromise agreement 和解 协商解决 协商一致 达成和解 调解",
    },
    "instrument": {
        "csat": "csat customer_satisfaction satisfaction 满意度 满意度评分 客户满意度 服务满意度 综合满意度",
        "nps": "nps net_promoter promoter recommendation 净推荐值 推荐 推荐意愿 推荐度 净推荐",
        "ces": "ces customer_effort effort 费力度 省力度 费力指数 客户费力度",
    },
    "direction": {
        "high_good": "high_good positive higher_is_better asc 正向 高分好 越高越好",
        "high_bad": "high_bad negative lower_is_better desc 反向 低分好 越低越好 负向",
    },
    "arm": {
        "treat": "treat treatment test treated t 实验组 试验组 干预组 触达组 营销组 处理组",
        "holdout": "holdout control control_group hold_out 对照组 空白组 控制组 对比组 留白组",
    },
    "journey_stage": {
        "advice": "advice 咨询",
        "purchase": "purchase sales 购买 投保 销售",
        "onboarding": "onboarding welcome 新契约 迎新",
        "cover": "cover 保障",
        "servicing": "servicing service 服务 保全",
        "claim": "claim claims 理赔",
        "complaint": "complaint complaints 投诉",
        "renewal": "renewal 续保",
        "exit": "exit 退出 退保",
    },
}  # fmt: skip

# Per column: (part of the name, ours), in order.
PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "line": (
        ("交强", "motor_compulsory"), ("强制保险", "motor_compulsory"), ("compulsory", "motor_compulsory"),
        ("家财", "home"), ("家庭财产", "home"), ("房屋", "home"), ("homeowner", "home"), ("household", "home"),
        ("企财", "property"), ("财产一切", "property"), ("财产综合", "property"), ("企业财产", "property"),
        ("工程", "property"), ("旅", "travel"), ("travel", "travel"), ("驾意", "accident"), ("驾乘", "accident"),
        ("意外", "accident"), ("accident", "accident"), ("年金", "annuity"), ("养老", "annuity"),
        ("annuity", "annuity"), ("两全", "savings"), ("万能", "savings"), ("投连", "savings"), ("分红", "savings"),
        ("endowment", "savings"), ("医疗", "health"), ("健康", "health"), ("重疾", "health"), ("重大疾病", "health"),
        ("防癌", "health"), ("住院", "health"), ("百万", "health"), ("疾病", "health"), ("health", "health"),
        ("medical", "health"), ("寿", "life"), ("life", "life"), ("第三者责任", "motor"), ("三者", "motor"),
        ("车", "motor"), ("motor", "motor"), ("auto", "motor"), ("vehicle", "motor"), ("责任", "liability"),
        ("liability", "liability"), ("财产", "property"), ("property", "property"),
    ),
    "end_reason": (
        ("犹豫", "free_look"), ("冷静期", "free_look"), ("free look", "free_look"), ("cooling", "free_look"),
        ("全损", "total_loss"), ("total loss", "total_loss"), ("身故", "death"), ("死亡", "death"), ("death", "death"),
        ("过户", "object_sold"), ("转让", "object_sold"), ("拒保", "insurer_declined"), ("不续", "insurer_declined"),
        ("现金价值", "surrendered"), ("欠费", "nonpayment"), ("未缴", "nonpayment"), ("未交", "nonpayment"),
        ("未付", "nonpayment"), ("未续", "expired"), ("脱保", "expired"), ("满期", "matured"), ("已续", "renewed"),
        ("续保成功", "renewed"), ("公司解", "insurer_cancelled"), ("退保", "customer_cancelled"),
        ("解约", "customer_cancelled"),
    ),
    "decision": (
        ("部分", "partly_paid"), ("比例", "partly_paid"), ("通融", "partly_paid"), ("协议", "partly_paid"),
        ("拒", "denied"), ("不予", "denied"), ("销案", "withdrawn"), ("撤", "withdrawn"), ("零", "withdrawn"),
        ("注销", "withdrawn"), ("赔付", "paid"), ("给付", "paid"),
    ),
    "source": (
        ("监管", "regulator"), ("保监", "regulator"), ("regulat", "regulator"), ("ombudsman", "regulator"),
        ("协会", "association"), ("消协", "association"), ("媒体", "media"), ("media", "media"), ("微博", "media"),
        ("法院", "court"), ("诉讼", "court"), ("热线", "company"), ("公司", "company"), ("客服", "company"),
    ),
    "outcome": (
        ("部分", "partly"), ("不属实", "rejected"), ("不成立", "rejected"), ("属实", "upheld"), ("成立", "upheld"),
        ("撤", "withdrawn"), ("和解", "settled"), ("协商", "settled"), ("调解", "settled"),
    ),
    "instrument": (
        ("nps", "nps"), ("推荐", "nps"), ("csat", "csat"), ("满意", "csat"), ("ces", "ces"), ("费力", "ces"),
    ),
    "arm": (
        ("对照", "holdout"), ("空白", "holdout"), ("控制", "holdout"), ("control", "holdout"), ("hold", "holdout"),
        ("不触达", "holdout"), ("实验", "treat"), ("外呼", "treat"), ("触达", "treat"), ("营销", "treat"),
        ("联系", "treat"), ("试验", "treat"), ("干预", "treat"), ("treat", "treat"), ("test", "treat"),
    ),
    "payment_mode": (
        ("半年", "semiannual"), ("年", "annual"), ("季", "quarterly"), ("月", "monthly"), ("趸", "single"),
        ("一次", "single"),
    ),
    "journey_stage": (
        ("咨询", "advice"), ("投保", "purchase"), ("购买", "purchase"), ("保障", "cover"), ("理赔", "claim"),
        ("投诉", "complaint"), ("续保", "renewal"), ("退", "exit"), ("服务", "servicing"), ("保全", "servicing"),
    ),
    "initiator": (
        ("呼入", "customer"), ("inbound", "customer"), ("呼出", "company"), ("outbound", "company"),
        ("外呼", "company"),
    ),
}  # fmt: skip

# 退保 and 失效 of contracts with a cash value are something else.
SURRENDERS = ("life", "savings", "annuity")
