"""What insurers' core systems call the columns of the event tables; read with `churnkit.book.mapping.headers`."""

from __future__ import annotations

EVENTS: dict[str, dict[str, str]] = {
    "interactions": {
        "interaction_id": "interaction_id interaction_no contact_id call_id ticket_id ticket_no session_id case_id"
                " service_request_id activity_id call_no event_id 服务编号 通话编号 来电编号 工单号 工单编号"
                " 服务流水号 接触编号 通话流水号 会话ID 流水号 记录编号 服务记录号 呼叫编号 服务单号",
        "started_at": "started_at start_time call_start contact_time call_time begin_time interaction_date"
                " contact_date opened_at call_date event_time timestamp 来电时间 通话开始时间 呼入时间 开始时间"
                " 服务时间 进线时间 受理时间 接触时间 接入时间 来电日期 服务开始时间 发起时间 联系时间",
        "channel": "channel contact_channel medium contact_type interaction_type service_channel 渠道 服务渠道"
                " 接触渠道 来电渠道 接触方式 服务方式 联系渠道 受理渠道 进线渠道 服务途径",
        "queue": "queue queue_name skill_group skill call_queue team 队列 技能组 排队队列 队列名称 服务队列 坐席组",
        "topic": "topic subject category call_reason contact_reason reason service_type issue_type 主题 业务类型"
                " 来电原因 服务类型 咨询类型 咨询内容 来电类型 诉求类型 服务内容 工单类型 业务小类",
        "initiator": "initiator initiated_by direction call_direction inbound_outbound in_out origin 发起方 呼叫方向"
                " 呼入呼出 呼叫类型 发起人 主叫方 方向 呼入呼出标志 进出线 发起方式",
        "wait_seconds": "wait_seconds wait_time waiting_time queue_time hold_time wait_sec wait_duration"
                " time_in_queue 等待时长 排队时长 等待时间 等待秒数 等候时长 排队时间 排队等待时长",
        "queue_wait_mean": "queue_wait_mean mean_wait average_wait avg_queue_wait 队列平均等待 平均等待时长"
                " 平均排队时长 队列平均等待时长",
        "handle_seconds": "handle_seconds handle_time talk_time duration call_duration aht talk_seconds service_time"
                " 通话时长 处理时长 服务时长 通话秒数 时长 会话时长",
        "transfers": "transfers transfer_count number_of_transfers transferred 转接次数 转接 转办次数 转接数",
        "resolved": "resolved solved first_contact_resolution fcr is_resolved closed 是否解决 已解决 解决 首次解决"
                " 解决标志 一次性解决 是否办结",
        "resolved_at": "resolved_at resolution_time resolved_date closed_at solved_at completion_time 解决时间"
                " 办结时间 完成时间 关闭时间 结单时间 处理完成时间",
        "sentiment": "sentiment sentiment_score 情感 情绪 情感得分 情绪得分 情感值",
    },
    "claims": {
        "reported_at": "reported_at report_date reported_date report_time notification_date notified_at date_reported"
                " fnol_date claim_date regist_date 报案时间 报案日期 立案时间 立案日期 接报案时间 报案登记时间"
                " 申请日期 理赔申请日期",
        "decided_at": "decided_at decision_date adjudication_date settlement_decision_date approved_at approval_date"
                " assessed_at 核赔时间 核赔日期 定损时间 理算时间 理赔决定时间 核赔通过时间 理算日期 核赔完成时间"
                " 审核时间 结论时间 审批时间",
        "paid_at": "paid_at payment_date paid_date settlement_date pay_date paid_on settled_at 赔款支付时间 支付时间"
                " 赔款支付日期 支付日期 赔付日期 付款时间 赔付时间 到账时间 划付时间 赔款到账时间",
        "closed_at": "closed_at close_date closed_date closure_date end_case_date closing_date 结案时间 结案日期"
                " 关案时间 销案时间",
        "occurred_at": "occurred_at loss_date accident_date date_of_loss occurrence_date damage_start_date"
                " incident_date event_date 出险时间 出险日期 事故时间 事故日期 发生时间 损失日期",
        "decision": "decision claim_decision claim_status outcome status result adjudication 理赔结论 赔付结论"
                " 核赔结论 案件状态 理赔结果 结案类型 理赔状态 处理结果 赔案状态 核赔结果 结论",
        "amount_claimed": "amount_claimed claimed_amount claim_amount loss_amount estimated_loss reserve sum_claim"
                " estimate incurred 报损金额 索赔金额 估损金额 申请金额 报案金额 未决金额 估计损失 立案金额"
                " 申请赔付金额 预估损失",
        "amount_paid": "amount_paid paid_amount settlement_amount payout claim_paid sum_paid paid indemnity paid_loss"
                " settled_amount payment_amount 赔款金额 已决赔款 赔付金额 支付金额 赔款 结案金额 实赔金额 已付赔款"
                " 实际赔款 核赔金额 给付金额",
        "handler_id": "handler_id adjuster_id adjuster handler claim_handler assessor claims_adjuster examiner_id"
                " 理赔员 查勘员 理赔员工号 处理人 定损员 经办人 理赔员编号 核赔人 案件处理人 查勘员工号",
        "handler_load": "handler_load adjuster_load open_cases workload 在手案件数 在办件数 理赔员在办件数 在办案件数"
                " 理赔员在手案件 案件负荷 在手案件量",
        "bodily_injury": "bodily_injury injury bi_flag injured has_injury personal_injury 人伤 是否人伤 人伤标志"
                " 涉及人伤 人伤案件 是否涉及人伤",
    },
    "complaints": {
        "complaint_id": "complaint_id complaint_no complaint_number case_id case_no ticket_id 投诉编号 投诉号"
                " 投诉单号 投诉工单号 投诉件编号 投诉流水号 投诉ID",
        "received_at": "received_at received_date complaint_date opened_at received_on registration_date lodged_at"
                " 投诉时间 投诉日期 受理时间 受理日期 登记日期 接诉时间 收到时间 投诉受理时间",
        "decided_at": "decided_at decision_date resolved_at closed_at resolution_date closed_date 办结时间 办结日期"
                " 处理时间 处理完成时间 结案时间 答复时间 处理结束时间 处理日期",
        "escalated_at": "escalated_at escalation_date escalated_on 升级时间 升级日期 投诉升级时间",
        "litigation_at": "litigation_at litigation_date lawsuit_date sued_at 诉讼时间 诉讼日期 起诉时间 立案诉讼时间",
        "source": "source complaint_source channel origin received_from source_channel 投诉来源 来源 投诉渠道"
                " 来源渠道 渠道 受理渠道 转办单位 投诉途径",
        "category": "category complaint_category complaint_type reason complaint_reason subject 投诉类型 投诉类别"
                " 投诉原因 投诉事项 分类 投诉分类 类别 投诉内容分类",
        "due_at": "due_at due_date deadline response_due sla_due 办理时限 截止时间 应办结时间 应结日期 处理时限"
                " 答复期限",
        "outcome": "outcome result decision resolution status finding 处理结果 投诉结果 办结结果 处理结论 认定结果"
                " 投诉结论 是否属实",
        "compensation": "compensation redress compensation_amount goodwill 赔偿金额 补偿金额 协商金额 补偿",
    },
    "surveys": {
        "response_id": "response_id survey_id invitation_id answer_id survey_response_id questionnaire_id feedback_id"
                " 问卷编号 答卷编号 回访编号 调研编号 样本编号 评价编号 问卷ID 答卷号 调查编号 邀请编号 回访号",
        "interaction_id": "interaction_id call_id ticket_id service_request_id contact_id 服务编号 通话编号 工单号"
                " 服务流水号 来电编号",
        "instrument": "instrument survey_type metric questionnaire kpi survey_name indicator 问卷类型 指标 调研类型"
                " 评价指标 指标类型 测评指标 问卷名称 满意度指标 调查类型",
        "dimension": "dimension question question_id question_code item aspect 维度 题目 题号 问题 评价维度 题项",
        "sent_at": "sent_at sent_date invited_at invitation_date survey_date send_time sent_time invitation_time"
                " dispatched_at 发送时间 邀请时间 下发时间 推送时间 发送日期 调研日期 邀请日期 发放时间 问卷发送时间"
                " 回访日期",
        "answered_at": "answered_at response_date answer_date completed_at responded_at submitted_at response_time"
                " answered_time 答复时间 回答时间 提交时间 作答时间 评价时间 回收时间 完成时间 评分时间 答题时间"
                " 填写时间",
        "scale_min": "scale_min min_score minimum 最低分 量表下限 最小分值",
        "scale_max": "scale_max max_score maximum 最高分 满分 量表上限 最大分值",
        "direction": "direction scale_direction polarity 方向 评分方向",
        "score": "score rating nps csat ces nps_score csat_score ces_score answer value points satisfaction_score"
                " satisfaction likelihood_to_recommend 评分 得分 分数 推荐分 满意度评分 满意度得分 打分 NPS评分"
                " 满意度 推荐值 NPS得分 推荐意愿 满意度分数 评价分",
        "mode": "mode survey_mode method collection_mode survey_channel channel 调研方式 回访方式 方式 渠道 邀请方式"
                " 调查方式 发送渠道 问卷渠道",
    },
    "outreach": {
        "action_id": "action_id outreach_id contact_id assignment_id activity_id task_id 触达编号 任务编号 外呼编号"
                " 任务号 名单编号 触达ID 营销编号 外呼任务号 跟进编号",
        "campaign": "campaign campaign_name campaign_id campaign_code programme program 活动 活动名称 营销活动"
                " 活动编号 项目名称 任务名称 批次 活动代码 活动批次",
        "arm": "arm group test_group treatment treatment_group variant experiment_group control_flag 组别 实验组 分组"
               " 试验组别 实验分组 对照组标志 是否对照组 实验组别 组",
        "assigned_at": "assigned_at assignment_date assigned_date list_date planned_at allocated_at"
                " 分配时间 名单日期 下发时间 派发时间 分配日期 任务生成时间 入组时间 名单下发日期 任务下发时间",
        "contacted_at": "contacted_at contact_date contact_time call_time called_at call_date 触达时间 联系时间"
                " 外呼时间 拨打时间 接触时间 拨打日期 联系日期 外呼日期 触达日期",
        "action": "action action_type treatment_type offer offer_type measure 动作 措施 触达方式 动作类型 权益"
                " 触达动作 策略 挽留措施 营销动作 权益类型 触达内容",
        "channel": "channel contact_channel medium 渠道 触达渠道 联系渠道 外呼渠道 联系方式",
        "reached": "reached contacted connected success reached_flag answered 是否接通 接通 是否触达 是否联系上"
                " 接通标志 触达成功 是否触达成功 是否成功联系",
        "outcome": "outcome result contact_result call_result disposition response 结果 外呼结果 触达结果 联系结果"
                " 通话结果 沟通结果 反馈结果 跟进结果",
        "offer_value": "offer_value offer_amount discount voucher_value incentive discount_amount 优惠金额 权益价值"
                " 优惠 权益金额 让利金额 礼品价值 券面额",
        "cost": "cost contact_cost unit_cost action_cost 成本 触达成本 费用 单次成本",
        "overridden": "overridden override manual_override 人工改派 人工覆盖 是否改派 人工干预 是否人工干预",
        "override_reason": "override_reason reason_for_override 改派原因 覆盖原因 人工干预原因",
    },
}  # fmt: skip
