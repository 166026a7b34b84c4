"""What insurers' core systems call the columns of the contract, in Chinese and English.

Plain data: names in one string, the more certain ones first. `churnkit.book.mapping.names` says how loosely they are
read: case, blanks, underscores, 日期 for 时间, 编号 for 号码, no for number, dt for date make no difference.
"""

from __future__ import annotations

from churnkit.book.mapping.headers_events import EVENTS

_SHARED: dict[str, str] = {
    "customer_id": "customer_id customer_no client_id client_no cust_id party_id policyholder_id holder_id insured_id"
            " appnt_no appli_code applicant_id account_number member_id person_id contact_id insured_no insured_code"
            " insrnt_cde 客户号 客户编号 客户ID 投保人客户号 投保人编号 投保人代码 投保人 客户代码 客户标识 客户主键"
            " 会员号 投保客户号 被保险人编号 被保险人客户号 被保险人代码 被保人编号 被保人客户号 被保险人 客户",
    "policy_id": "policy_id policy_no policy_number contract_no contract_id pol_no ply_no cont_no certificate_no"
            " policy policy_key 保单号 保单编号 保险单号 保单号码 合同号 保险合同号 保单ID 保单标识 保单",
    "claim_id": "claim_id claim_no claim_number registration_no regist_no case_no loss_no file_no claim 赔案号"
            " 赔案编号 报案号 理赔号 立案号 案件号 理赔案件号 案件编号 案号",
    "recorded_at": "recorded_at record_time 录单时间 booked_at booking_date created_at create_time created_on"
            " created_date input_date input_time inserted_at insert_time entry_date entry_time entered_at crt_tm"
            " load_date posted_at 录入时间 入库时间 创建时间 登记时间 录入日期 入账日期 入账时间 记录时间"
            " 系统录入时间 写入时间 制单日期",
    "branch": "branch branch_code branch_office office com_code manage_com department_code dpt_cde org_code"
            " organisation organization region_office subsidiary 机构 分支机构 机构代码 机构名称 归属机构 出单机构"
            " 承保机构 分公司 中支 支公司 管理机构 业务归属机构 营业部",
    "agent_id": "agent_id agent_no agent_code agent producer_code producer_id broker_id salesperson sales_rep"
            " handler_code intermediary_id advisor_id 业务员 业务员代码 业务员工号 代理人 代理人编号 代理人代码"
            " 经办人 销售人员 业务员编号 营销员 客户经理 归属业务员 代理人工号",
    "channel": "channel sales_channel distribution_channel sale_chnl business_source source_channel business_nature"
            " acquisition_channel distribution 渠道 销售渠道 业务渠道 渠道类型 渠道名称 业务来源 渠道大类 展业渠道"
            " 业务性质 承保渠道",
    "touchpoint": "touchpoint touch_point contact_point journey_point 触点 服务触点 触点名称 接触点 服务环节 环节",
}  # fmt: skip

_ONLY: dict[str, dict[str, str]] = {
    "customers": {
        "household_id": "household_id household_no family_id household 家庭号 家庭编号 家庭ID 户号 家庭户号",
        "customer_type": "customer_type client_type party_type person_or_company entity_type legal_form"
                " customer_category 客户类型 客户类别 客户性质 个人团体标志 个团标志 投保人类型 客户属性",
        "birth_year": "birth_year year_of_birth yob born birth 出生年份 出生年 出生年度 出生日期 生日 date_of_birth"
                " dob birth_date",
        "region": "region province state area city location residence county 地区 省份 区域 所在地区 省 城市 所在城市"
                " 常住地 居住地 地域 所属地区 地市",
        "city_tier": "city_tier city_class tier 城市级别 城市等级 城市线级 城市分级",
        "first_channel": "first_channel acquisition_channel entry_channel original_channel source_channel 首次渠道"
                " 获客渠道 首单渠道 客户来源 来源渠道 首次投保渠道",
        "marketing_opt_out": "marketing_opt_out opt_out no_marketing unsubscribed marketing_refused 拒绝营销 营销拒绝"
                " 不接受营销 拒绝营销标志 营销退订 谢绝营销 退订",
        "automated_decision_opt_out": "automated_decision_opt_out no_profiling profiling_opt_out adm_opt_out"
                " 拒绝自动化决策 拒绝画像 自动化决策拒绝",
        "do_not_call": "do_not_call dnc no_call do_not_contact no_calls call_blocked 免打扰 谢绝来电 禁止外呼 勿扰"
                " 禁呼标志 免扰标志 勿打扰 禁呼 黑名单",
        "deceased_date": "deceased_date death_date date_of_death died_on 死亡日期 身故日期 身故时间",
        "staff": "staff is_staff employee is_employee staff_flag 员工 是否员工 内部员工 员工标志 本公司员工",
        "gender": "gender sex 性别",
        "vulnerable": "vulnerable vulnerability vulnerable_customer 特殊客群 弱势群体 特殊人群 弱势客户",
    },
    "policies": {
        "line": "line line_of_business lob class_of_business cob product_line risk_code class_code business_line"
                " insurance_type risk_type policy_type product_class risk branch_of_insurance segment 险种 险类"
                " 险种代码 险种大类 险种名称 业务条线 险种类别 险别 险类名称 产品大类 产品类别 险种分类 保险类别"
                " 产品线",
        "product": "product product_code product_name plan plan_code product_id prod_no tariff scheme 产品 产品代码"
                " 产品名称 产品编码 条款 计划 险种产品 保险产品 条款代码 方案 套餐",
        "object_id": "object_id vehicle_id vin vin_no chassis_no frame_no registration_plate plate_no license_plate"
                " plate insured_object risk_object property_id asset_id risk_address object 标的号 车架号 标的编号"
                " 车牌号 号牌号码 车牌 标的 标的ID 车辆识别代号 VIN码 房屋地址 标的地址 保险标的 车辆编号 标的代码",
        "previous_policy_id": "previous_policy_id previous_policy_no prior_policy_no old_policy_no orig_policy_no"
                " original_policy_number renewed_policy_no renewal_of expiring_policy_no last_policy_no"
                " parent_policy_no 上年保单号 原保单号 续保前保单号 上张保单号 前保单号 上一年保单号 上期保单号"
                " 上年度保单号 被续保单号 旧保单号 续保原保单号 上一年度保单号 去年保单号 前一保单号",
        "payment_mode": "payment_mode payment_frequency pay_intv premium_frequency billing_frequency instalments"
                " payment_plan billing_mode 缴费方式 缴费频率 交费方式 缴别 付款方式 交费频率 缴费间隔 交费间隔"
                " 支付频率 缴费周期 交别",
        "auto_renew": "auto_renew automatic_renewal auto_renewal direct_debit auto_renew_flag autopay 自动续保"
                " 自动续保标志 是否自动续保 自动续期 自动扣款 自动垫交",
        "renewable": "renewable is_renewable renewable_flag 可续保 是否可续保 续保标识 可续保标志 允许续保",
        "grace_days": "grace_days grace_period grace 宽限期 宽限天数 宽限期天数",
        "inception_date": "inception_date first_inception_date original_inception_date first_start_date"
                " customer_since original_effective_date 首次投保日期 首次承保日期 首保日期 初次投保日期 首次起保日期"
                " 首年生效日 首次生效日期 合同成立日 首期生效日",
    },
    "terms": {
        "term_id": "term_id term_no period_id policy_term_id policy_period_id term_key version_id renewal_id"
                " coverage_id transaction_id 承保编号 期次号 保险期间编号 明细号 承保序号 保单期次 保单年度号"
                " 承保流水号 明细编号 保期编号",
        "issued_at": "issued_at issue_date issue_time issued_date sign_date bound_at bind_date binding_date"
                " written_date underwriting_date underwrite_end_date udr_tm transaction_date sold_at 签单日期"
                " 出单日期 签单时间 出单时间 承保日期 承保时间 核保通过时间 核保日期 核保时间 投保日期 投保时间"
                " 投保确认时间 缴费确认时间",
        "start_date": "start_date term_start effective_date eff_date period_start coverage_start inception_date"
                " from_date insurance_start policy_start insrnc_bgn_tm cvali_date valid_from commencement_date"
                " begin_date start effective_from cover_from inception 起保日期 保险起期 生效日期 保险起始日期 起期"
                " 保险责任起期 保单生效日 起始日期 保单起期 保险期间起 保险开始日期 责任起期 保单起保日期 开始日期"
                " 保险起日 起保",
        "end_date": "end_date term_end expiry_date expiration_date exp_date period_end coverage_end to_date"
                " policy_end insurance_end insrnc_end_tm valid_to maturity_date end expires_on renewal_date"
                " effective_to cover_to expiry 终保日期 保险止期 到期日期 满期日期 终止日期 止期 保险终止日期"
                " 保险责任止期 保单到期日 截止日期 保单止期 保险期间止 保险结束日期 责任止期 结束日期 满期日 保险止日"
                " 期满日期 终保 失效日期",
        "premium": "premium annual_premium gross_premium written_premium gwp total_premium sum_premium prm prem"
                " premium_amount policy_premium net_premium paid_premium tariff_premium 保费 签单保费 保费收入 总保费"
                " 实收保费 年保费 应收保费 含税保费 保险费 保费合计 不含税保费 净保费 实缴保费 期交保费 合计保费"
                " 毛保费 原保费",
        "sum_insured": "sum_insured insured_amount sum_assured coverage_amount tsi limit sum_amount amnt face_amount"
                " insured_value coverage_limit total_insured_value 保额 保险金额 总保额 基本保额 保险金额合计"
                " 责任限额 赔偿限额 合计保额",
        "offer_date": "offer_date quote_date renewal_offer_date renewal_notice_date notice_date quoted_at offered_at"
                " 报价日期 续保报价日期 续保通知日期 报价时间 续保报价时间 通知日期",
        "offer_premium": "offer_premium renewal_premium quoted_premium quote_premium offered_premium renewal_quote"
                " 续保报价 报价保费 续保保费 报价 续保报价保费",
        "ended_date": "ended_date cancellation_date cancel_date termination_date surrender_date lapse_date"
                " cancelled_on terminated_on ended_on 退保日期 批退日期 终止日 实际终止日期 退保时间 保单终止日期"
                " 解约日期 注销日期 批退时间 退保生效日期 实际终止时间 实际止期 失效日期",
        "end_reason": "end_reason cancellation_reason termination_reason cancel_reason lapse_reason exit_reason"
                " outcome status policy_status term_status reason 终止原因 退保原因 批退原因 终止类型 解约原因"
                " 注销原因 保单状态 退保类型 失效原因 止期原因 终止情况 续保状态 续保结果 续保情况 状态",
        "ended_recorded_at": "ended_recorded_at cancellation_entry_date cancel_recorded_at termination_entry_date"
                " cancellation_booked_at 批退录入时间 退保录入时间 退保受理时间 批单录入时间 终止录入时间"
                " 批改录入时间 退保登记时间 批改日期 终止登记时间 失效录入时间 失效登记时间",
    },
    "economics": {
        "line": "line line_of_business lob 险种 险类 险种大类",
        "product": "product product_code 产品 产品代码",
        "loss_ratio": "loss_ratio claims_ratio 赔付率 综合赔付率",
        "commission_ratio": "commission_ratio commission_rate 手续费率 佣金率",
        "expense_ratio": "expense_ratio admin_ratio cost_ratio 费用率 综合费用率 管理费用率",
        "service_cost_per_year": "service_cost_per_year service_cost 年服务成本 服务成本",
        "discount_rate": "discount_rate interest_rate 贴现率 折现率",
        "contact_cost": "contact_cost 触达成本 联系成本",
        "valid_from": "valid_from effective_from 生效日期 有效起期",
    },
    "touchpoints": {
        "journey_stage": "journey_stage stage phase 旅程阶段 阶段 客户旅程",
        "name_zh": "name_zh chinese_name 中文名 中文名称",
        "name_en": "name_en english_name 英文名 英文名称",
        "department": "department owner 部门 责任部门 归口部门",
        "sla_hours": "sla_hours sla service_level 时效小时 服务时效 时效标准 时效",
    },
    "calendar": {
        "date": "date day calendar_date 日期 自然日",
        "working_day": "working_day is_working_day business_day workday 工作日 是否工作日 工作日标志",
    },
}  # fmt: skip

_RECORDED = "建档时间 建档日期 开户时间 " + _SHARED["recorded_at"]
HEADERS: dict[str, dict[str, str]] = {table: {**_SHARED, **columns} for table, columns in {**_ONLY, **EVENTS}.items()}
HEADERS["customers"]["recorded_at"] = HEADERS["policies"]["recorded_at"] = _RECORDED
