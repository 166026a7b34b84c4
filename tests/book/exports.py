"""One small book under the headers, values and units of three insurers' systems, with the truth of who is what."""

from __future__ import annotations

import pandas as pd

ENGLISH = {
    "customers": ("CUSTOMER_MASTER", "CUST_NO=customer_id HH_ID=household_id CUST_TYPE=customer_type"
                                     " BIRTH_YR=birth_year"
                  " PROVINCE=region CITY_TIER=city_tier ACQ_CHANNEL=first_channel MKT_OPTOUT_FLG=marketing_opt_out"
                  " NO_PROFILING_IND=automated_decision_opt_out DNC_IND=do_not_call DEATH_DT=deceased_date SEX=gender"
                  " VULNERABLE_IND=vulnerable CREATED_DT=recorded_at"),
    "policies": ("POLICY_HDR", "POL_NO=policy_id CUST_NO=customer_id LOB=line PROD_CD=product DIST_CHNL=channel"
                 " BR_CD=branch AGT_CD=agent_id PAY_FREQ=payment_mode AUTO_RNW_IND=auto_renew RENEWABLE_FLG=renewable"
                 " ORIG_INCEPT_DT=inception_date CREATED_DT=recorded_at"),
    "terms": ("POLICY_TERM", "TERM_NO=term_id POL_NO=policy_id BIND_DT=issued_at EFF_DT=start_date EXP_DT=end_date"
              " GWP=premium SUM_INS=sum_insured QUOTE_DT=offer_date RNWL_QUOTE_PREM=offer_premium CANC_DT=ended_date"
              " TERMN_RSN=end_reason CANC_ENTRY_TS=ended_recorded_at ENTRY_TS=recorded_at"),
    "interactions": ("CALL_LOG", "CALL_ID=interaction_id CUST_NO=customer_id POL_NO=policy_id CALL_START_TS=started_at"
                     " MEDIUM=channel QUEUE_NAME=queue TOUCHPOINT=touchpoint CALL_REASON=topic DIRECTION=initiator"
                     " WAIT_SEC=wait_seconds AVG_QUEUE_WAIT=queue_wait_mean HANDLE_SEC=handle_seconds"
                     " XFER_CNT=transfers"
                     " FCR_FLAG=resolved RESOLVED_TS=resolved_at ENTRY_TS=recorded_at"),
    "claims": ("CLAIMS", "CLM_NO=claim_id POL_NO=policy_id CUST_NO=customer_id NOTIF_DT=reported_at"
               " DECISION_DT=decided_at PMT_DT=paid_at CLOSE_DT=closed_at LOSS_DT=occurred_at CLM_STATUS=decision"
               " CLAIMED_AMT=amount_claimed PAID_AMT=amount_paid ADJUSTER_ID=handler_id ADJ_OPEN_FILES=handler_load"
               " BI_FLAG=bodily_injury ENTRY_TS=recorded_at"),
    "complaints": ("COMPLAINTS", "CMPL_NO=complaint_id CUST_NO=customer_id POL_NO=policy_id RECEIVED_DT=received_at"
                   " RESOLUTION_DT=decided_at ESCALATION_DT=escalated_at SOURCE=source CMPL_TYPE=category DUE_DT=due_at"
                   " OUTCOME=outcome REDRESS_AMT=compensation ENTRY_TS=recorded_at"),
    "surveys": ("VOC_RESPONSES", "SURVEY_ID=response_id CUST_NO=customer_id POL_NO=policy_id CLM_NO=claim_id"
                " CALL_ID=interaction_id METRIC=instrument TOUCHPOINT=touchpoint QUESTION=dimension INVITED_TS=sent_at"
                " RESPONDED_TS=answered_at RATING=score METHOD=mode ENTRY_TS=recorded_at"),
    "outreach": ("CAMPAIGN_CONTACTS", "CONTACT_ID=action_id CUST_NO=customer_id POL_NO=policy_id CAMPAIGN_NAME=campaign"
                 " TEST_GROUP=arm LIST_DT=assigned_at CALLED_TS=contacted_at ACTION_TYPE=action CHANNEL=channel"
                 " ENTRY_TS=recorded_at"),
}  # fmt: skip

CHINESE = {
    "customers": ("客户资料表_202610", "客户编码=customer_id 家庭户号=household_id 客户类别=customer_type"
                                  " 出生年度=birth_year"
                  " 省份=region 城市等级=city_tier 获客渠道=first_channel 营销退订标志=marketing_opt_out"
                  " 是否拒绝自动化决策=automated_decision_opt_out 禁呼标志=do_not_call 死亡日期=deceased_date"
                  " 性别=gender"
                  " 特殊人群标识=vulnerable 创建时间=recorded_at"),
    "policies": ("保单主表", "保险单号=policy_id 投保人客户编码=customer_id 险类=line 产品代码=product 业务渠道=channel"
                 " 归属机构=branch 代理人工号=agent_id 交费方式=payment_mode 自动续保标识=auto_renew"
                 " 可续保标志=renewable"
                 " 首次承保日期=inception_date 录单时间=recorded_at"),
    "terms": ("承保清单", "明细流水号=term_id 保险单号=policy_id 签单日期=issued_at 保险起期=start_date"
                      " 保险止期=end_date"
              " 签单保费(元)=premium 保险金额（万元）=sum_insured 报价日期=offer_date 续保报价保费=offer_premium"
              " 批退日期=ended_date 终止原因=end_reason 批退录入时间=ended_recorded_at 录单时间=recorded_at"),
    "interactions": ("客服通话记录", "通话流水号=interaction_id 客户编码=customer_id 保险单号=policy_id"
                               " 来电时间=started_at"
                     " 服务渠道=channel 技能组名称=queue 服务触点=touchpoint 来电原因=topic 呼叫方向=initiator"
                     " 等待时长(秒)=wait_seconds 队列平均等待时长(秒)=queue_wait_mean 通话时长(分钟)=handle_seconds"
                     " 转接次数=transfers 一次解决标志=resolved 办结时间=resolved_at 入库时间=recorded_at"),
    "claims": ("赔案信息", "赔案编号=claim_id 保险单号=policy_id 客户编码=customer_id 报案日期时间=reported_at"
               " 核赔通过时间=decided_at 赔款支付时间=paid_at 结案日期=closed_at 出险日期=occurred_at 赔付结论=decision"
               " 估损金额=amount_claimed 已决赔款=amount_paid 查勘员工号=handler_id 在手案件数=handler_load"
               " 涉及人伤=bodily_injury 录入日期=recorded_at"),
    "complaints": ("投诉台账", "投诉单号=complaint_id 客户编码=customer_id 保险单号=policy_id 投诉时间=received_at"
                   " 办结日期=decided_at 升级日期=escalated_at 投诉渠道=source 投诉事项=category 办理时限=due_at"
                   " 投诉结论=outcome 补偿金额（元）=compensation 登记时间=recorded_at"),
    "surveys": ("客户调研结果", "问卷ID=response_id 客户编码=customer_id 保险单号=policy_id 赔案编号=claim_id"
                " 通话流水号=interaction_id 问卷类型=instrument 触点名称=touchpoint 题目=dimension 邀请时间=sent_at"
                " 回收时间=answered_at 得分=score 邀请方式=mode 入库时间=recorded_at"),
    "outreach": ("续保外呼名单", "任务编号=action_id 客户编码=customer_id 保险单号=policy_id 活动批次=campaign"
                           " 试验组别=arm"
                 " 名单日期=assigned_at 拨打时间=contacted_at 触达动作=action 触达渠道=channel 入库时间=recorded_at"),
}  # fmt: skip

MIXED = {
    "customers": ("crm", "customerNo=customer_id familyNo=household_id 客户类型=customer_type yearOfBirth=birth_year"
                  " 所在省份=region 城市级别=city_tier 来源渠道=first_channel 拒绝营销=marketing_opt_out"
                  " 拒绝画像=automated_decision_opt_out 免打扰=do_not_call dateOfDeath=deceased_date Gender=gender"
                  " 特殊客群=vulnerable createTime=recorded_at"),
    "policies": ("ods_policy_main", "policyNo=policy_id customerNo=customer_id riskCode=line planCode=product"
                 " saleChnl=channel manageCom=branch agentCode=agent_id payIntv=payment_mode 自动续保=auto_renew"
                 " 是否可续保=renewable 首次投保日期=inception_date createTime=recorded_at"),
    "terms": ("ods_policy_period", "periodId=term_id policyNo=policy_id signDate=issued_at startDate=start_date"
              " endDate=end_date 总保费（分）=premium sumInsured(10k)=sum_insured 续保通知日期=offer_date"
              " renewalPremium（分）=offer_premium 终止日期=ended_date 终止类型=end_reason"
              " 终止录入时间=ended_recorded_at"
              " inputDate=recorded_at"),
    "interactions": ("服务工单", "工单编号=interaction_id customerNo=customer_id policyNo=policy_id 受理时间=started_at"
                     " 受理渠道=channel 坐席组=queue touchPoint=touchpoint 业务类型=topic 发起方=initiator"
                     " waitTime（分钟）=wait_seconds 队列平均等待(分钟)=queue_wait_mean 处理时长（秒）=handle_seconds"
                     " 转办次数=transfers 是否办结=resolved 办结时间=resolved_at createTime=recorded_at"),
    "claims": ("ods_claim", "registNo=claim_id policyNo=policy_id customerNo=customer_id reportTime=reported_at"
               " 理算时间=decided_at payTime=paid_at endCaseDate=closed_at damageStartDate=occurred_at"
               " 理赔结果=decision"
               " sumClaim=amount_claimed sumPaid=amount_paid 理赔员编号=handler_id 案件负荷=handler_load"
               " 人伤=bodily_injury"
               " inputTime=recorded_at"),
    "complaints": ("消保投诉", "caseNo=complaint_id customerNo=customer_id policyNo=policy_id 受理日期=received_at"
                   " 答复时间=decided_at 投诉升级时间=escalated_at 来源=source 投诉分类=category dueDate=due_at"
                   " 处理结论=outcome 赔偿金额=compensation createTime=recorded_at"),
    "surveys": ("满意度", "答卷编号=response_id customerNo=customer_id policyNo=policy_id registNo=claim_id"
                " 工单编号=interaction_id 指标类型=instrument touchPoint=touchpoint 题项=dimension sendTime=sent_at"
                " submittedAt=answered_at 打分=score 调研方式=mode createTime=recorded_at"),
    "outreach": ("触达", "taskId=action_id customerNo=customer_id policyNo=policy_id campaignCode=campaign 实验分组=arm"
                 " 分配时间=assigned_at 触达时间=contacted_at 触达方式=action 联系渠道=channel createTime=recorded_at"),
}  # fmt: skip

# Columns that sound like ours and are not: what a mapping must leave alone. d day, m amount, n whole number, r ratio,
# t text, p person, s status.
DECOYS = {
    "english": {
        "customers": "MOBILE_NO=p ID_CARD_NO=p UPDATE_TS=d LIFETIME_PREMIUM=m NO_OF_POLICIES=n LAST_CONTACT_DT=d",
        "policies": "POLICY_STATUS=s PREV_INSURER=t LAST_PREMIUM_AMT=m PRINT_DT=d UPDATE_TS=d RISK_SCORE=r",
        "terms": "PREV_YEAR_PREMIUM=m PREMIUM_TAX=m COMMISSION_AMT=m PREV_EXP_DT=d DISCOUNT_RATE=r NCD_FACTOR=r"
                 " INVOICE_DT=d"
                 " UPDATE_TS=d CLAIM_COUNT=n DEDUCTIBLE_AMT=m PREMIUM_DUE_DT=d",
        "interactions": "AGENT_NAME=p CALL_END_TS=d TICKET_STATUS=s LAST_CALL_DT=d",
        "claims": "RESERVE_AMT=m REOPEN_DT=d POLICY_START_DT=d POLICY_END_DT=d CLAIM_COUNT_12M=n SALVAGE_AMT=m",
        "complaints": "SLA_DAYS=n ASSIGNED_TO=t LAST_UPDATE_TS=d COMPENSATION_FLAG=s",
        "surveys": "REMINDER_TS=d COMMENT_TEXT=t AVG_SCORE=r",
        "outreach": "PLANNED_CALL_DT=d CALL_DURATION=n PRIORITY_SCORE=r RENEWAL_DUE_DT=d",
    },
    "chinese": {
        "customers": "手机号码=p 身份证号=p 更新时间=d 累计保费=m 保单件数=n 最近来电时间=d",
        "policies": "上年承保公司=t 上年保费=m 打印日期=d 修改时间=d 风险评分=r",
        "terms": "上年签单保费=m 增值税额=m 手续费金额=m 上年保险止期=d 折扣率=r NCD系数=r 开票日期=d 修改时间=d"
                 " 出险次数=n"
                 " 免赔额(元)=m 应收日期=d",
        "interactions": "坐席姓名=p 通话结束时间=d 工单状态=s 上次来电时间=d",
        "claims": "未决赔款=m 重开日期=d 保险起期=d 保险止期=d 历史出险次数=n 施救费=m",
        "complaints": "办理天数=n 承办人=t 最后更新时间=d 是否补偿=s",
        "surveys": "提醒时间=d 客户意见=t 平均得分=r",
        "outreach": "计划外呼时间=d 通话时长=n 优先级得分=r 保单到期日=d",
    },
}  # fmt: skip
DECOYS["mixed"] = {
    table: " ".join([*DECOYS["english"][table].split()[::2], *DECOYS["chinese"][table].split()[1::2]])
    for table in DECOYS["english"]
}

_VALUES = {
    "english": {
        "customer_type": {"person": "IND"},
        "line": {"motor": "AUTO", "health": "MEDICAL", "home": "HOUSEHOLD", "life": "TERM LIFE"},
        "payment_mode": {"annual": "Y", "monthly": "M"}, "initiator": {"customer": "INBOUND"},
        "end_reason": {"renewed": "RENEWED", "expired": "NOT RENEWED", "customer_cancelled": "CANCELLED BY CUSTOMER",
                       "nonpayment": "NON-PAYMENT", "surrendered": "SURRENDER", "insurer_declined": "DECLINED",
                       "free_look": "COOLING-OFF", "death": "DEATH", "total_loss": "TOTAL LOSS"},
        "decision": {"paid": "SETTLED", "partly_paid": "PARTIAL", "denied": "REJECTED"},
        "source": {"company": "DIRECT", "regulator": "OMBUDSMAN", "association": "CONSUMER ASSOCIATION",
                   "media": "PRESS"},
        "outcome": {"upheld": "UPHELD", "partly": "PARTIALLY UPHELD", "rejected": "NOT UPHELD"},
        "arm": {"treat": "TREATMENT", "holdout": "CONTROL"},
    },
    "chinese": {
        "customer_type": {"person": "个人客户"},
        "line": {"motor": "机动车辆保险", "health": "健康险", "home": "家庭财产险", "life": "人寿保险"},
        "payment_mode": {"annual": "年交", "monthly": "月交"}, "initiator": {"customer": "呼入"},
        "end_reason": {"renewed": "已续保", "expired": "脱保", "customer_cancelled": "客户申请退保",
                       "nonpayment": "欠费失效",
                       "surrendered": "退保领取现金价值", "insurer_declined": "公司拒续", "free_look": "犹豫期退保",
                       "death": "被保险人身故", "total_loss": "推定全损"},
        "decision": {"paid": "正常赔付", "partly_paid": "比例赔付", "denied": "拒赔"},
        "source": {"company": "客服热线", "regulator": "12378", "association": "消费者协会", "media": "微博"},
        "outcome": {"upheld": "属实", "partly": "部分属实", "rejected": "不属实"},
        "instrument": {"csat": "满意度", "nps": "NPS", "ces": "费力度"},
        "arm": {"treat": "试验组", "holdout": "空白组"},
    },
}  # fmt: skip
_OTHER_LINES = {"motor": "商业车险", "health": "百万医疗", "home": "家财险", "life": "定期寿险"}
_VALUES["mixed"] = {**_VALUES["chinese"], "line": _OTHER_LINES}
_TIMES = {"（万元）": 1e-4, "(10k)": 1e-4, "（分）": 100.0, "(分钟)": 1 / 60, "（分钟）": 1 / 60}
SYSTEMS = {"english": ENGLISH, "chinese": CHINESE, "mixed": MIXED}


def names(system, table):
    """Our column names to theirs."""
    return {ours: theirs for theirs, ours in (pair.split("=") for pair in SYSTEMS[system][table][1].split())}


def file(system, table):
    return f"{SYSTEMS[system][table][0]}.csv"


def meaning(system, column):
    """Their values to ours."""
    return {theirs: ours for ours, theirs in _VALUES[system].get(column, {}).items()}


def write_export(clean, out, system):
    """Write a clean book under one insurer's names: last covered days in Chinese exports, units as headers say."""
    out.mkdir(parents=True, exist_ok=True)
    for table in SYSTEMS[system]:
        frame, columns = pd.read_parquet(clean / f"{table}.parquet"), {}
        for ours, theirs in names(system, table).items():
            columns[theirs] = _written(frame[ours], ours, theirs, system)
        for theirs, kind in (pair.split("=") for pair in DECOYS[system][table].split()):
            columns[theirs] = _decoy(kind, len(frame))
        encoding = "gb18030" if system == "chinese" else "utf-8"
        pd.DataFrame(columns).to_csv(out / file(system, table), index=False, encoding=encoding)
    return out


def _decoy(kind, rows):
    at = pd.Series(range(rows))
    return {
        "d": ("2023-" + (at % 12 + 1).astype(str).str.zfill(2) + "-" + (at % 28 + 1).astype(str).str.zfill(2)),
        "m": at * 7 % 5000 + 0.5, "n": at % 9, "r": at * 13 % 100 / 100, "p": "1390000" + at.astype(str).str.zfill(5),
        "t": ("note " + (at * 31 % 977).astype(str)), "s": at.mod(3).map({0: "A", 1: "B", 2: "C"}),
    }[kind]  # fmt: skip


def _written(series, ours, theirs, system):
    if ours == "end_date" and system != "english":
        series = series - pd.Timedelta(days=1)
    times = next((times for unit, times in _TIMES.items() if theirs.endswith(unit)), None)
    if times is not None:
        return (series * times).round(6)
    if pd.api.types.is_datetime64_any_dtype(series):
        whole = (series.dropna() == series.dropna().dt.normalize()).all()
        days = {"english": "%Y-%m-%d", "chinese": "%Y/%m/%d", "mixed": "%Y%m%d"}[system]
        return series.dt.strftime(days if whole else "%Y-%m-%d %H:%M:%S")
    if pd.api.types.is_bool_dtype(series) or (series.dropna().map(type).eq(bool).all() and series.notna().any()):
        return series.map({True: "Y", False: "N"} if system == "english" else {True: "是", False: "否"})
    return series.replace(_VALUES[system].get(ours, {}))
