"""What insurers' core systems call the tables and columns of the contract, in Chinese and English.

Plain data: names in one string, the more certain ones first. `churnkit.book.mapping.names` says how loosely they are
read: case, blanks, underscores, 日期 for 时间, 编号 for 号码, no for number, dt for date make no difference.
"""

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
    "surveys": "surveys survey survey_responses nps csat feedback satisfaction ratings 满意度 调研 回访 问卷 评价 测评 评分",
    "outreach": "outreach campaigns campaign contacts_made marketing retention_actions actions 外呼 触达 营销 活动 挽留"
                " 续保跟进 名单 邀约",
    "economics": "economics margins cost_ratios expense_ratios 经济参数 成本率 费用率 定价参数",
    "touchpoints": "touchpoints touchpoint_map 触点 触点清单 服务触点",
    "calendar": "calendar working_days holidays 日历 工作日 节假日",
}  # fmt: skip

_SHARED: dict[str, str] = {
    "customer_id": "customer_id customer_no client_id client_no cust_id party_id policyholder_id holder_id insured_id"
                   " appnt_no appli_code applicant_id account_number member_id person_id contact_id insured_no insured_code insrnt_cde"
                   " 客户号 客户编号 客户ID 投保人客户号 投保人编号 投保人代码 投保人 客户代码 客户标识 客户主键 会员号 投保客户号"
                   " 被保险人编号 被保险人客户号 被保险人代码 被保人编号 被保人客户号 被保险人 客户",
    "policy_id": "policy_id policy_no policy_number contract_no contract_id pol_no ply_no cont_no certificate_no"
                 " policy policy_key 保单号 保单编号 保险单号 保单号码 合同号 保险合同号 保单ID 保单标识 保单",
    "claim_id": "claim_id claim_no claim_number registration_no regist_no case_no loss_no file_no claim"
                " 赔案号 赔案编号 报案号 理赔号 立案号 案件号 理赔案件号 案件编号 案号",
    "recorded_at": "recorded_at record_time booked_at booking_date created_at create_time created_on created_date"
                   " input_date input_time inserted_at insert_time entry_date entry_time entered_at crt_tm load_date posted_at"
                   " 录入时间 入库时间 创建时间 登记时间 录入日期 入账日期 入账时间 记录时间 系统录入时间 写入时间 制单日期",
    "branch": "branch branch_code branch_office office com_code manage_com department_code dpt_cde org_code organisation"
              " organization region_office subsidiary 机构 分支机构 机构代码 机构名称 归属机构 出单机构 承保机构 分公司 中支 支公司"
              " 管理机构 业务归属机构 营业部",
    "agent_id": "agent_id agent_no agent_code agent producer_code producer_id broker_id salesperson sales_rep handler_code"
                " intermediary_id advisor_id 业务员 业务员代码 业务员工号 代理人 代理人编号 代理人代码 经办人 销售人员 业务员编号"
                " 营销员 客户经理 归属业务员 代理人工号",
    "channel": "channel sales_channel distribution_channel sale_chnl business_source source_channel business_nature"
               " acquisition_channel distribution 渠道 销售渠道 业务渠道 渠道类型 渠道名称 业务来源 渠道大类 展业渠道 业务性质 承保渠道",
    "touchpoint": "touchpoint touch_point contact_point journey_point 触点 服务触点 触点名称 接触点 服务环节 环节",
}  # fmt: skip

_ONLY: dict[str, dict[str, str]] = {
    "customers": {
        "household_id": "household_id household_no family_id household 家庭号 家庭编号 家庭ID 户号 家庭户号",
        "customer_type": "customer_type client_type party_type person_or_company entity_type legal_form customer_category"
                         " 客户类型 客户类别 客户性质 个人团体标志 个团标志 投保人类型 客户属性",
        "birth_year": "birth_year year_of_birth yob born birth 出生年份 出生年 出生年度 出生日期 生日 date_of_birth dob birth_date",
        "region": "region province state area city location residence county 地区 省份 区域 所在地区 省 城市 所在城市 常住地 居住地"
                  " 地域 所属地区 地市",
        "city_tier": "city_tier city_class tier 城市级别 城市等级 城市线级 城市分级",
        "first_channel": "first_channel acquisition_channel entry_channel original_channel source_channel 首次渠道 获客渠道"
                         " 首单渠道 客户来源 来源渠道 首次投保渠道",
        "marketing_opt_out": "marketing_opt_out opt_out no_marketing unsubscribed marketing_refused 拒绝营销 营销拒绝"
                             " 不接受营销 拒绝营销标志 营销退订 谢绝营销 退订",
        "automated_decision_opt_out": "automated_decision_opt_out no_profiling profiling_opt_out adm_opt_out 拒绝自动化决策"
                                      " 拒绝画像 自动化决策拒绝",
        "do_not_call": "do_not_call dnc no_call do_not_contact no_calls call_blocked 免打扰 谢绝来电 禁止外呼 勿扰 禁呼标志"
                       " 免扰标志 勿打扰 禁呼 黑名单",
        "deceased_date": "deceased_date death_date date_of_death died_on 死亡日期 身故日期 身故时间",
        "staff": "staff is_staff employee is_employee staff_flag 员工 是否员工 内部员工 员工标志 本公司员工",
        "gender": "gender sex 性别",
        "vulnerable": "vulnerable vulnerability vulnerable_customer 特殊客群 弱势群体 特殊人群 弱势客户",
    },
    "policies": {
        "line": "line line_of_business lob class_of_business cob product_line risk_code class_code business_line insurance_type"
                " risk_type policy_type product_class risk branch_of_insurance segment 险种 险类 险种代码 险种大类 险种名称 业务条线"
                " 险种类别 险别 险类名称 产品大类 产品类别 险种分类 保险类别 产品线",
        "product": "product product_code product_name plan plan_code product_id prod_no tariff scheme 产品 产品代码 产品名称"
                   " 产品编码 条款 计划 险种产品 保险产品 条款代码 方案 套餐",
        "object_id": "object_id vehicle_id vin vin_no chassis_no frame_no registration_plate plate_no license_plate plate"
                     " insured_object risk_object property_id asset_id risk_address object 标的号 车架号 标的编号 车牌号 号牌号码 车牌"
                     " 标的 标的ID 车辆识别代号 VIN码 房屋地址 标的地址 保险标的 车辆编号 标的代码",
        "previous_policy_id": "previous_policy_id previous_policy_no prior_policy_no old_policy_no orig_policy_no"
                              " original_policy_number renewed_policy_no renewal_of expiring_policy_no last_policy_no parent_policy_no"
                              " 上年保单号 原保单号 续保前保单号 上张保单号 前保单号 上一年保单号 上期保单号 上年度保单号 被续保单号"
                              " 旧保单号 续保原保单号 上一年度保单号 去年保单号 前一保单号",
        "payment_mode": "payment_mode payment_frequency pay_intv premium_frequency billing_frequency instalments payment_plan"
                        " billing_mode 缴费方式 缴费频率 交费方式 缴别 付款方式 交费频率 缴费间隔 交费间隔 支付频率 缴费周期 交别",
        "auto_renew": "auto_renew automatic_renewal auto_renewal direct_debit auto_renew_flag autopay 自动续保 自动续保标志"
                      " 是否自动续保 自动续期 自动扣款 自动垫交",
        "renewable": "renewable is_renewable renewable_flag 可续保 是否可续保 续保标识 可续保标志 允许续保",
        "grace_days": "grace_days grace_period grace 宽限期 宽限天数 宽限期天数",
        "inception_date": "inception_date first_inception_date original_inception_date first_start_date customer_since"
                          " original_effective_date 首次投保日期 首次承保日期 首保日期 初次投保日期 首次起保日期 首年生效日 首次生效日期"
                          " 合同成立日 首期生效日",
    },
    "terms": {
        "term_id": "term_id term_no period_id policy_term_id policy_period_id term_key version_id renewal_id coverage_id"
                   " transaction_id 承保编号 期次号 保险期间编号 明细号 承保序号 保单期次 保单年度号 承保流水号 明细编号 保期编号",
        "issued_at": "issued_at issue_date issue_time issued_date sign_date bound_at bind_date binding_date written_date"
                     " underwriting_date underwrite_end_date udr_tm transaction_date sold_at 签单日期 出单日期 签单时间 出单时间 承保日期"
                     " 承保时间 核保通过时间 核保日期 核保时间 投保日期 投保时间 投保确认时间 缴费确认时间",
        "start_date": "start_date term_start effective_date eff_date period_start coverage_start inception_date from_date"
                      " insurance_start policy_start insrnc_bgn_tm cvali_date valid_from commencement_date begin_date start"
                      " effective_from cover_from inception 起保日期 保险起期 生效日期 保险起始日期 起期 保险责任起期 保单生效日 起始日期"
                      " 保单起期 保险期间起 保险开始日期 责任起期 保单起保日期 开始日期 保险起日 起保",
        "end_date": "end_date term_end expiry_date expiration_date exp_date period_end coverage_end to_date policy_end"
                    " insurance_end insrnc_end_tm valid_to maturity_date end expires_on renewal_date effective_to cover_to expiry"
                    " 终保日期 保险止期 到期日期 满期日期 终止日期 止期 保险终止日期 保险责任止期 保单到期日 截止日期 保单止期 保险期间止"
                    " 保险结束日期 责任止期 结束日期 满期日 保险止日 期满日期 终保 失效日期",
        "premium": "premium annual_premium gross_premium written_premium gwp total_premium sum_premium prm prem"
                   " premium_amount policy_premium net_premium paid_premium tariff_premium 保费 签单保费 保费收入 总保费 实收保费 年保费"
                   " 应收保费 含税保费 保险费 保费合计 不含税保费 净保费 实缴保费 期交保费 合计保费 毛保费 原保费",
        "sum_insured": "sum_insured insured_amount sum_assured coverage_amount tsi limit sum_amount amnt face_amount"
                       " insured_value coverage_limit total_insured_value 保额 保险金额 总保额 基本保额 保险金额合计 责任限额 赔偿限额 合计保额",
        "offer_date": "offer_date quote_date renewal_offer_date renewal_notice_date notice_date quoted_at offered_at 报价日期"
                      " 续保报价日期 续保通知日期 报价时间 续保报价时间 通知日期",
        "offer_premium": "offer_premium renewal_premium quoted_premium quote_premium offered_premium renewal_quote 续保报价"
                         " 报价保费 续保保费 报价 续保报价保费",
        "ended_date": "ended_date cancellation_date cancel_date termination_date surrender_date lapse_date cancelled_on"
                      " terminated_on ended_on 退保日期 批退日期 终止日 实际终止日期 退保时间 保单终止日期 解约日期 注销日期 批退时间 退保生效日期"
                      " 实际终止时间 实际止期 失效日期",
        "end_reason": "end_reason cancellation_reason termination_reason cancel_reason lapse_reason exit_reason outcome status"
                      " policy_status term_status reason 终止原因 退保原因 批退原因 终止类型 解约原因 注销原因 保单状态 退保类型 失效原因"
                      " 止期原因 终止情况 续保状态 续保结果 续保情况 状态",
        "ended_recorded_at": "ended_recorded_at cancellation_entry_date cancel_recorded_at termination_entry_date"
                             " cancellation_booked_at 批退录入时间 退保录入时间 退保受理时间 批单录入时间 终止录入时间 批改录入时间 退保登记时间"
                             " 批改日期 终止登记时间"
                             " 失效录入时间 失效登记时间",
    },
    "interactions": {
        "interaction_id": "interaction_id interaction_no contact_id call_id ticket_id ticket_no session_id case_id"
                          " service_request_id activity_id call_no event_id 服务编号 通话编号 来电编号 工单号 工单编号 服务流水号 接触编号"
                          " 通话流水号 会话ID 流水号 记录编号 服务记录号 呼叫编号 服务单号",
        "started_at": "started_at start_time call_start contact_time call_time begin_time interaction_date contact_date"
                      " opened_at call_date event_time timestamp 来电时间 通话开始时间 呼入时间 开始时间 服务时间 进线时间 受理时间 接触时间"
                      " 接入时间 来电日期 服务开始时间 发起时间 联系时间",
        "channel": "channel contact_channel medium contact_type interaction_type service_channel 渠道 服务渠道 接触渠道 来电渠道"
                   " 接触方式 服务方式 联系渠道 受理渠道 进线渠道 服务途径",
        "queue": "queue queue_name skill_group skill call_queue team 队列 技能组 排队队列 队列名称 服务队列 坐席组",
        "topic": "topic subject category call_reason contact_reason reason service_type issue_type 主题 业务类型 来电原因 服务类型"
                 " 咨询类型 咨询内容 来电类型 诉求类型 服务内容 工单类型 业务小类",
        "initiator": "initiator initiated_by direction call_direction inbound_outbound in_out origin 发起方 呼叫方向 呼入呼出"
                     " 呼叫类型 发起人 主叫方 方向 呼入呼出标志 进出线 发起方式",
        "wait_seconds": "wait_seconds wait_time waiting_time queue_time hold_time wait_sec wait_duration time_in_queue 等待时长"
                        " 排队时长 等待时间 等待秒数 等候时长 排队时间 排队等待时长",
        "queue_wait_mean": "queue_wait_mean mean_wait average_wait avg_queue_wait 队列平均等待 平均等待时长 平均排队时长 队列平均等待时长",
        "handle_seconds": "handle_seconds handle_time talk_time duration call_duration aht talk_seconds service_time 通话时长"
                          " 处理时长 服务时长 通话秒数 时长 会话时长",
        "transfers": "transfers transfer_count number_of_transfers transferred 转接次数 转接 转办次数 转接数",
        "resolved": "resolved solved first_contact_resolution fcr is_resolved closed 是否解决 已解决 解决 首次解决 解决标志"
                    " 一次性解决 是否办结",
        "resolved_at": "resolved_at resolution_time resolved_date closed_at solved_at completion_time 解决时间 办结时间 完成时间"
                       " 关闭时间 结单时间 处理完成时间",
        "sentiment": "sentiment sentiment_score 情感 情绪 情感得分 情绪得分 情感值",
    },
    "claims": {
        "reported_at": "reported_at report_date reported_date report_time notification_date notified_at date_reported fnol_date"
                       " claim_date regist_date 报案时间 报案日期 立案时间 立案日期 接报案时间 报案登记时间 申请日期 理赔申请日期",
        "decided_at": "decided_at decision_date adjudication_date settlement_decision_date approved_at approval_date assessed_at"
                      " 核赔时间 核赔日期 定损时间 理算时间 理赔决定时间 核赔通过时间 理算日期 核赔完成时间 审核时间 结论时间 审批时间",
        "paid_at": "paid_at payment_date paid_date settlement_date pay_date paid_on settled_at 赔款支付时间 支付时间 赔款支付日期"
                   " 支付日期 赔付日期 付款时间 赔付时间 到账时间 划付时间 赔款到账时间",
        "closed_at": "closed_at close_date closed_date closure_date end_case_date closing_date 结案时间 结案日期 关案时间 销案时间",
        "occurred_at": "occurred_at loss_date accident_date date_of_loss occurrence_date damage_start_date incident_date"
                       " event_date 出险时间 出险日期 事故时间 事故日期 发生时间 损失日期",
        "decision": "decision claim_decision claim_status outcome status result adjudication 理赔结论 赔付结论 核赔结论 案件状态"
                    " 理赔结果 结案类型 理赔状态 处理结果 赔案状态 核赔结果 结论",
        "amount_claimed": "amount_claimed claimed_amount claim_amount loss_amount estimated_loss reserve sum_claim"
                          " estimate incurred 报损金额 索赔金额 估损金额 申请金额 报案金额 未决金额 估计损失 立案金额 申请赔付金额 预估损失",
        "amount_paid": "amount_paid paid_amount settlement_amount payout claim_paid sum_paid paid indemnity paid_loss"
                       " settled_amount payment_amount 赔款金额 已决赔款 赔付金额 支付金额 赔款 结案金额 实赔金额 已付赔款 实际赔款 核赔金额"
                       " 给付金额",
        "handler_id": "handler_id adjuster_id adjuster handler claim_handler assessor claims_adjuster examiner_id 理赔员 查勘员"
                      " 理赔员工号 处理人 定损员 经办人 理赔员编号 核赔人 案件处理人 查勘员工号",
        "handler_load": "handler_load adjuster_load open_cases workload 在手案件数 在办件数 理赔员在办件数 在办案件数 理赔员在手案件 案件负荷 在手案件量",
        "bodily_injury": "bodily_injury injury bi_flag injured has_injury personal_injury 人伤 是否人伤 人伤标志 涉及人伤 人伤案件"
                         " 是否涉及人伤",
    },
    "complaints": {
        "complaint_id": "complaint_id complaint_no complaint_number case_id case_no ticket_id 投诉编号 投诉号 投诉单号 投诉工单号"
                        " 投诉件编号 投诉流水号 投诉ID",
        "received_at": "received_at received_date complaint_date opened_at received_on registration_date lodged_at 投诉时间"
                       " 投诉日期 受理时间 受理日期 登记日期 接诉时间 收到时间 投诉受理时间",
        "decided_at": "decided_at decision_date resolved_at closed_at resolution_date closed_date 办结时间 办结日期 处理时间 处理完成时间"
                      " 结案时间 答复时间 处理结束时间 处理日期",
        "escalated_at": "escalated_at escalation_date escalated_on 升级时间 升级日期 投诉升级时间",
        "litigation_at": "litigation_at litigation_date lawsuit_date sued_at 诉讼时间 诉讼日期 起诉时间 立案诉讼时间",
        "source": "source complaint_source channel origin received_from source_channel 投诉来源 来源 投诉渠道 来源渠道 渠道 受理渠道"
                  " 转办单位 投诉途径",
        "category": "category complaint_category complaint_type reason complaint_reason subject 投诉类型 投诉类别 投诉原因 投诉事项"
                    " 分类 投诉分类 类别 投诉内容分类",
        "due_at": "due_at due_date deadline response_due sla_due 办理时限 截止时间 应办结时间 应结日期 处理时限 答复期限",
        "outcome": "outcome result decision resolution status finding 处理结果 投诉结果 办结结果 处理结论 认定结果 投诉结论 是否属实",
        "compensation": "compensation redress compensation_amount goodwill 赔偿金额 补偿金额 协商金额 补偿",
    },
    "surveys": {
        "response_id": "response_id survey_id invitation_id answer_id survey_response_id questionnaire_id feedback_id"
                       " 问卷编号 答卷编号 回访编号 调研编号 样本编号 评价编号 问卷ID 答卷号 调查编号 邀请编号 回访号",
        "interaction_id": "interaction_id call_id ticket_id service_request_id contact_id 服务编号 通话编号 工单号 服务流水号 来电编号",
        "instrument": "instrument survey_type metric questionnaire kpi survey_name indicator 问卷类型 指标 调研类型 评价指标 指标类型"
                      " 测评指标 问卷名称 满意度指标 调查类型",
        "dimension": "dimension question question_id question_code item aspect 维度 题目 题号 问题 评价维度 题项",
        "sent_at": "sent_at sent_date invited_at invitation_date survey_date send_time sent_time invitation_time dispatched_at"
                   " 发送时间 邀请时间 下发时间 推送时间 发送日期 调研日期 邀请日期 发放时间 问卷发送时间 回访日期",
        "answered_at": "answered_at response_date answer_date completed_at responded_at submitted_at response_time answered_time"
                       " 答复时间 回答时间 提交时间 作答时间 评价时间 回收时间 完成时间 评分时间 答题时间 填写时间",
        "scale_min": "scale_min min_score minimum 最低分 量表下限 最小分值",
        "scale_max": "scale_max max_score maximum 最高分 满分 量表上限 最大分值",
        "direction": "direction scale_direction polarity 方向 评分方向",
        "score": "score rating nps csat ces nps_score csat_score ces_score answer value points satisfaction_score"
                 " satisfaction likelihood_to_recommend 评分 得分 分数 推荐分 满意度评分 满意度得分 打分 NPS评分 满意度 推荐值 NPS得分"
                 " 推荐意愿 满意度分数 评价分",
        "mode": "mode survey_mode method collection_mode survey_channel channel 调研方式 回访方式 方式 渠道 邀请方式 调查方式"
                " 发送渠道 问卷渠道",
    },
    "outreach": {
        "action_id": "action_id outreach_id contact_id assignment_id activity_id task_id 触达编号 任务编号 外呼编号 任务号 名单编号"
                     " 触达ID 营销编号 外呼任务号 跟进编号",
        "campaign": "campaign campaign_name campaign_id campaign_code programme program 活动 活动名称 营销活动 活动编号 项目名称 任务名称"
                    " 批次 活动代码 活动批次",
        "arm": "arm group test_group treatment treatment_group variant experiment_group control_flag 组别 实验组 分组 试验组别"
               " 实验分组 对照组标志 是否对照组 实验组别 组",
        "assigned_at": "assigned_at assignment_date assigned_date list_date created_at planned_at allocated_at 分配时间 名单日期"
                       " 下发时间 派发时间 分配日期 任务生成时间 入组时间 名单下发日期 任务下发时间",
        "contacted_at": "contacted_at contact_date contact_time call_time called_at call_date 触达时间 联系时间 外呼时间 拨打时间"
                        " 接触时间 拨打日期 联系日期 外呼日期 触达日期",
        "action": "action action_type treatment_type offer offer_type measure 动作 措施 触达方式 动作类型 权益 触达动作 策略 挽留措施"
                  " 营销动作 权益类型 触达内容",
        "channel": "channel contact_channel medium 渠道 触达渠道 联系渠道 外呼渠道 联系方式",
        "reached": "reached contacted connected success reached_flag answered 是否接通 接通 是否触达 是否联系上 接通标志 触达成功"
                   " 是否触达成功 是否成功联系",
        "outcome": "outcome result contact_result call_result disposition response 结果 外呼结果 触达结果 联系结果 通话结果 沟通结果"
                   " 反馈结果 跟进结果",
        "offer_value": "offer_value offer_amount discount voucher_value incentive discount_amount 优惠金额 权益价值 优惠 权益金额"
                       " 让利金额 礼品价值 券面额",
        "cost": "cost contact_cost unit_cost action_cost 成本 触达成本 费用 单次成本",
        "overridden": "overridden override manual_override 人工改派 人工覆盖 是否改派 人工干预 是否人工干预",
        "override_reason": "override_reason reason_for_override 改派原因 覆盖原因 人工干预原因",
    },
    "economics": {
        "line": "line line_of_business lob 险种 险类 险种大类", "product": "product product_code 产品 产品代码",
        "loss_ratio": "loss_ratio claims_ratio 赔付率 综合赔付率",
        "commission_ratio": "commission_ratio commission_rate 手续费率 佣金率",
        "expense_ratio": "expense_ratio admin_ratio cost_ratio 费用率 综合费用率 管理费用率",
        "service_cost_per_year": "service_cost_per_year service_cost 年服务成本 服务成本",
        "discount_rate": "discount_rate interest_rate 贴现率 折现率", "contact_cost": "contact_cost 触达成本 联系成本",
        "valid_from": "valid_from effective_from 生效日期 有效起期",
    },
    "touchpoints": {
        "journey_stage": "journey_stage stage phase 旅程阶段 阶段 客户旅程", "name_zh": "name_zh chinese_name 中文名 中文名称",
        "name_en": "name_en english_name 英文名 英文名称", "department": "department owner 部门 责任部门 归口部门",
        "sla_hours": "sla_hours sla service_level 时效小时 服务时效 时效标准 时效",
    },
    "calendar": {
        "date": "date day calendar_date 日期 自然日",
        "working_day": "working_day is_working_day business_day workday 工作日 是否工作日 工作日标志",
    },
}  # fmt: skip

_RECORDED = "建档时间 建档日期 开户时间 " + _SHARED["recorded_at"]
HEADERS: dict[str, dict[str, str]] = {table: {**_SHARED, **columns} for table, columns in _ONLY.items()}
HEADERS["customers"]["recorded_at"] = HEADERS["policies"]["recorded_at"] = _RECORDED

# Columns that name or reach a person: never proposed as a feature, whatever they hold.
PERSONAL = (
    "name mobile phone tel telephone email mail id_card identity passport address ssn national_id bank_account birthday"
    " wechat first_name last_name full_name surname contact_person postcode street"
    " 姓名 客户姓名 名字 手机 手机号 电话 联系电话 身份证 身份证号 证件号 证件号码 地址 联系地址 邮箱 银行卡 银行账号 微信 联系人 护照"
    " 投保人姓名 被保险人姓名 投保人名称 被保险人名称 客户名称 邮编"
)

# Words of extra columns, to name them in English where every part of a header is known.
WORDS = {
    "车辆": "vehicle", "车": "vehicle", "发动机": "engine", "功率": "power", "排量": "displacement", "车龄": "vehicle_age",
    "车型": "vehicle_model", "品牌": "brand", "厂牌": "make", "座位": "seats", "座": "seats", "数": "count", "次数": "count",
    "使用": "use", "性质": "nature", "用途": "purpose", "新车": "new_vehicle", "购置": "purchase", "价": "price",
    "价格": "price", "价值": "value", "能源": "energy", "燃料": "fuel", "类型": "type", "类别": "class", "种类": "kind",
    "面积": "area", "建筑": "building", "房屋": "house", "楼层": "floor", "结构": "structure", "年份": "year", "年": "year",
    "月": "month", "区域": "area", "地区": "region", "城市": "city", "省": "province", "等级": "grade", "级别": "level",
    "评级": "rating", "评分": "score", "得分": "score", "风险": "risk", "信用": "credit", "出险": "claims", "历史": "past",
    "上年": "last_year", "去年": "last_year", "累计": "total", "平均": "mean", "最大": "max", "最高": "highest",
    "折扣": "discount", "系数": "factor", "率": "rate", "比例": "share", "金额": "amount", "额": "amount", "费": "fee",
    "保费": "premium", "保额": "sum_insured", "免赔": "deductible", "免赔额": "deductible", "责任": "cover", "险": "cover",
    "三者": "third_party", "车损": "own_damage", "玻璃": "glass", "盗抢": "theft", "不计免赔": "no_deductible", "附加": "rider",
    "里程": "mileage", "行驶": "driven", "公里": "km", "时长": "duration", "天数": "days", "日期": "date", "时间": "time",
    "标志": "flag", "标识": "flag", "是否": "is", "状态": "status", "原因": "reason", "结果": "result", "备注": "remark",
    "说明": "note", "编号": "number", "号": "number", "代码": "code", "名称": "name", "客户": "customer", "保单": "policy",
    "会员": "member", "积分": "points", "职业": "occupation", "学历": "education", "婚姻": "marital", "收入": "income",
    "年龄": "age", "性别": "gender", "子女": "children", "家庭": "household", "贷款": "loan", "分期": "instalments",
    "网点": "outlet", "门店": "shop", "活动": "campaign", "优惠": "discount", "礼品": "gift", "续保": "renewal", "报价": "quote",
    "渠道": "channel", "访问": "visits", "登录": "logins", "页面": "page", "设备": "device", "绑定": "linked", "微信": "wechat",
    "重疾": "critical_illness", "住院": "hospital", "门诊": "outpatient", "体检": "checkup", "吸烟": "smoker", "健康": "health",
    "告知": "disclosure", "等待": "waiting", "期": "period", "缴费": "payment", "期限": "term", "驾驶": "driving",
    "驾驶人": "driver", "车主": "owner", "驾龄": "driving_years", "违章": "offences", "吨位": "tonnage", "载重": "load",
    "过户": "transfer", "进口": "imported", "国产": "domestic", "无赔款": "claim_free", "优待": "bonus", "税": "tax",
    "币种": "currency", "版本": "version", "共保": "coinsurance", "团体": "group_policy", "人数": "people", "员工": "staff",
}  # fmt: skip
