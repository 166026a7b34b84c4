"""Contacts with service: how often, through which channel, about what, and who began them."""

from __future__ import annotations

from churnkit.panel.catalog.making import Area, among, equals, named, two

BY_CUSTOMER = equals("initiator", "customer")
_CHANNELS = {"phone": ("by phone", "电话", ("热线",)), "chat": ("by chat", "在线", ("在线客服",)),
             "branch": ("at a branch", "柜面", ("网点", "门店")), "app": ("in the app", "APP", ())}  # fmt: skip
_TOPICS = {"billing": ("billing", "缴费"), "claim": ("a claim", "理赔"), "cover": ("cover", "保障"),
           "cancel": ("cancelling", "退保"), "price": ("the price", "价格"),
           "renewal": ("renewal", "续保")}  # fmt: skip
"""Words for channels and topics in two languages; other ones are mapped to them under ``[interactions.values]``."""

_contact = Area("interactions", "contacts", "servicing")
_FREQUENT = _contact.over((30, 90, 365, None), "contacts", "count", "contacts by the customer {span}: {value}",
                          "{span}主动联系{value}次", where=BY_CUSTOMER)  # fmt: skip
CONTACT_COUNTS = named(*_FREQUENT)
CONTACTS = (
    *_FREQUENT,
    _contact("contacts_policy_365d", "count", "contacts about this policy {span}: {value}",
             "{span}就本保单联系{value}次", where=BY_CUSTOMER, days=365, scope="policy"),
    two("contacts_90d_to_365d", "ratio", (CONTACT_COUNTS["contacts_90d"], CONTACT_COUNTS["contacts_365d"]),
        "contacts", "servicing", "share", "share of the year's contacts that fell in the last 90 days: {value}",
        "近一年主动联系中近90天的占比{value}"),
    _contact("days_since_contact", "days_since", "days since the customer's last contact: {value}",
             "距客户上次联系{value}天", where=BY_CUSTOMER),
    _contact("days_since_first_contact", "days_since_first", "days since the customer's first contact: {value}",
             "距客户首次联系{value}天", where=BY_CUSTOMER, stage="onboarding"),
    _contact("contact_gap_mean_all", "gap_mean", "mean days between contacts by the customer {span}: {value}",
             "{span}主动联系平均间隔{value}天", where=BY_CUSTOMER),
    *_contact.over((30, 90, 365, None), "company_contacts", "count", "contacts by the company {span}: {value}",
                   "{span}公司主动联系{value}次", where=equals("initiator", "company")),
    _contact("days_since_company_contact", "days_since", "days since the company's last contact: {value}",
             "距公司上次联系{value}天", where=equals("initiator", "company")),
    _contact("system_contacts_365d", "count", "automatic messages {span}: {value}", "{span}系统自动触达{value}次",
             where=equals("initiator", "system"), days=365),
)  # fmt: skip

_through = Area("interactions", "contact channels", "servicing", where=BY_CUSTOMER)
CHANNELS = (
    *(
        feature
        for channel, (en, zh, more) in _CHANNELS.items()
        for feature in _through.over(
            (90, 365), f"contacts_{channel}", "count", f"contacts {en} {{span}}: {{value}}",
            f"{{span}}{zh}联系{{value}}次", where=(*BY_CUSTOMER, *among("channel", channel, zh, *more)),
        )
    ),
    _through("contact_channel_last", "last", "channel of the customer's last contact: {value}",
             "客户上次联系渠道：{value}", column="channel", unit="text"),
    _through("contact_channels_365d", "distinct", "channels used by the customer {span}: {value}",
             "{span}使用联系渠道{value}种", column="channel", days=365),
)  # fmt: skip

_about = Area("interactions", "contact topics", "servicing", where=BY_CUSTOMER)
TOPICS = (
    *(
        feature
        for topic, (en, zh) in _TOPICS.items()
        for feature in _about.over(
            (90, 365), f"contacts_{topic}", "count", f"contacts about {en} {{span}}: {{value}}",
            f"{{span}}就{zh}事项联系{{value}}次", where=(*BY_CUSTOMER, *among("topic", topic, zh)),
        )
    ),
    _about("contact_topic_last", "last", "topic of the customer's last contact: {value}", "客户上次联系事项：{value}",
           column="topic", unit="text"),
    _about("contact_topics_365d", "distinct", "topics raised by the customer {span}: {value}",
           "{span}联系事项{value}种", column="topic", days=365),
)  # fmt: skip
