"""The data contract as data: tables, columns, types, clocks. See the README, "The tables"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Type = Literal["id", "text", "category", "date", "ts", "money", "number", "integer", "bool"]


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    ``known_at`` names the clock from which the column's content is known; empty means the table's first clock
    (for tables without a clock: as of the extract). An extra column is one that the insurer declared; ``group``,
    ``sign``, ``en`` and ``zh`` are what it says about itself for reasons.
    """

    name: str
    type: Type
    required: bool = False
    known_at: str = ""
    default: str | None = None
    values: tuple[str, ...] = ()
    audit_only: bool = False
    extra: bool = False
    group: str = ""
    sign: int = 0
    en: str = ""
    zh: str = ""


@dataclass(frozen=True)
class Table:
    """One table: its key, its clocks (first one first) and its columns; ``own`` if the insurer declared it.

    ``dated`` names columns that say from when declared ones are known, in a table that has no clocks of its own;
    ``group``, ``en`` and ``zh`` are what an own table says about itself for reasons.
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    clocks: tuple[str, ...] = ()
    required: bool = False
    references: dict[str, str] = field(default_factory=dict)
    switches_off: str = ""
    own: bool = False
    dated: tuple[str, ...] = ()
    group: str = ""
    en: str = ""
    zh: str = ""

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of all columns, in contract order."""
        return tuple(c.name for c in self.columns)


def _columns(text: str, **values: tuple[str, ...]) -> tuple[Column, ...]:
    """Read ``name:type[!][@clock][=default][#audit]`` words; ``!`` marks a required column."""
    columns = []
    for word in text.split():
        rest, audit = word.removesuffix("#audit"), word.endswith("#audit")
        rest, _, default = rest.partition("=")
        rest, _, clock = rest.partition("@")
        name, _, kind = rest.partition(":")
        columns.append(
            Column(
                name=name,
                type=kind.rstrip("!"),  # type: ignore[arg-type]
                required=kind.endswith("!"),
                known_at=clock,
                default=default or None,
                values=values.get(name, ()),
                audit_only=audit,
            )
        )
    return tuple(columns)


LINES = (
    "motor", "motor_compulsory", "home", "accident", "health", "life", "savings",
    "annuity", "travel", "liability", "property", "other",
)  # fmt: skip
END_REASONS = (
    "expired", "renewed", "customer_cancelled", "nonpayment", "surrendered", "insurer_cancelled", "insurer_declined",
    "free_look", "death", "total_loss", "object_sold", "matured", "replaced", "correction", "unknown",
)  # fmt: skip
_CUSTOMER = {"customer_id": "customers"}
_CUSTOMER_POLICY = {"customer_id": "customers", "policy_id": "policies"}

_ALL = (
    Table(
        "customers",
        "customer_id",
        _columns(
            "customer_id:id! household_id:id customer_type:category birth_year:integer region:category"
            " city_tier:category first_channel:category marketing_opt_out:bool=false"
            " automated_decision_opt_out:bool=false do_not_call:bool=false deceased_date:date staff:bool"
            " gender:category#audit vulnerable:bool#audit recorded_at:ts",
            customer_type=("person", "company"),
        ),
        required=True,
    ),
    Table(
        "policies",
        "policy_id",
        # inception_date goes beyond version 1 of the contract: a book starts in the middle of customers' lives, and
        # without the first day of cover tenure would be counted from the extract's edge.
        _columns(
            "policy_id:id! customer_id:id! line:category! product:category object_id:id previous_policy_id:id"
            " channel:category branch:category agent_id:id payment_mode:category auto_renew:bool renewable:bool=true"
            " grace_days:integer inception_date:date recorded_at:ts",
            line=LINES,
            payment_mode=("annual", "semiannual", "quarterly", "monthly", "single"),
        ),
        required=True,
        references=_CUSTOMER,
    ),
    Table(
        "terms",
        "term_id",
        _columns(
            "term_id:id! policy_id:id! issued_at:ts start_date:date! end_date:date! premium:money! sum_insured:money"
            " offer_date:date@offer_date offer_premium:money@offer_date ended_date:date@ended_date"
            " end_reason:category@ended_date ended_recorded_at:ts@ended_date recorded_at:ts",
            end_reason=END_REASONS,
        ),
        clocks=("issued_at", "offer_date", "ended_date"),
        required=True,
        references={"policy_id": "policies"},
    ),
    Table(
        "interactions",
        "interaction_id",
        _columns(
            "interaction_id:id! customer_id:id! policy_id:id claim_id:id started_at:ts! channel:category!"
            " queue:category touchpoint:category topic:category initiator:category! wait_seconds:number"
            " queue_wait_mean:number handle_seconds:number transfers:integer resolved:bool@resolved_at"
            " resolved_at:ts@resolved_at sentiment:number recorded_at:ts",
            initiator=("customer", "company", "system"),
        ),
        clocks=("started_at", "resolved_at"),
        references=_CUSTOMER_POLICY,
        switches_off="features of contacts, waiting and first-contact resolution",
    ),
    Table(
        "claims",
        "claim_id",
        _columns(
            "claim_id:id! policy_id:id! customer_id:id! reported_at:ts! decided_at:ts@decided_at paid_at:ts@paid_at"
            " closed_at:ts@closed_at occurred_at:ts decision:category@decided_at amount_claimed:money"
            " amount_paid:money@paid_at handler_id:id handler_load:number bodily_injury:bool recorded_at:ts",
            decision=("paid", "partly_paid", "denied", "withdrawn"),
        ),
        clocks=("reported_at", "decided_at", "paid_at", "closed_at"),
        references=_CUSTOMER_POLICY,
        switches_off="features of claims and the claim cycle",
    ),
    Table(
        "complaints",
        "complaint_id",
        _columns(
            "complaint_id:id! customer_id:id! policy_id:id claim_id:id received_at:ts! decided_at:ts@decided_at"
            " escalated_at:ts@escalated_at litigation_at:ts@litigation_at source:category! category:category"
            " due_at:ts outcome:category@decided_at compensation:money@decided_at recorded_at:ts",
            source=("company", "regulator", "association", "media", "court"),
            outcome=("upheld", "partly", "rejected", "withdrawn", "settled"),
        ),
        clocks=("received_at", "decided_at", "escalated_at", "litigation_at"),
        references=_CUSTOMER_POLICY,
        switches_off="features of complaints",
    ),
    Table(
        "surveys",
        "response_id",
        _columns(
            "response_id:id! customer_id:id! policy_id:id claim_id:id interaction_id:id instrument:category!"
            " touchpoint:category dimension:category sent_at:ts! answered_at:ts@answered_at scale_min:number"
            " scale_max:number direction:category score:number@answered_at mode:category recorded_at:ts",
            instrument=("csat", "nps", "ces"),
            direction=("high_good", "high_bad"),
        ),
        clocks=("sent_at", "answered_at"),
        references=_CUSTOMER_POLICY,
        switches_off="features of satisfaction, and the satisfaction index",
    ),
    Table(
        "outreach",
        "action_id",
        _columns(
            "action_id:id! customer_id:id! policy_id:id campaign:text! arm:category! assigned_at:ts!"
            " contacted_at:ts@contacted_at action:category! channel:category reached:bool@contacted_at"
            " outcome:category@contacted_at offer_value:money@contacted_at cost:money@contacted_at overridden:bool"
            " override_reason:text recorded_at:ts",
            arm=("treat", "holdout"),
        ),
        clocks=("assigned_at", "contacted_at"),
        references=_CUSTOMER_POLICY,
        switches_off="features of outreach, and effects measured by experiment",
    ),
    Table(
        "economics",
        "line",
        _columns(
            "line:category! product:category loss_ratio:number! commission_ratio:number! expense_ratio:number!"
            " service_cost_per_year:number! discount_rate:number! contact_cost:number valid_from:date",
            line=LINES,
        ),
        switches_off="the insurer's own margins: documented defaults are used and printed",
    ),
    Table(
        "touchpoints",
        "touchpoint",
        _columns("touchpoint:category! journey_stage:category! name_zh:text name_en:text department:text"
                 " sla_hours:number"),
        switches_off="names and service levels of touchpoints",
    ),
    Table(
        "calendar",
        "date",
        _columns("date:date! working_day:bool!"),
        switches_off="public holidays: working days are Monday to Friday",
    ),
)  # fmt: skip

Schema = Mapping[str, Table]

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
"""The contract; a book's own schema (``settings.schema``) may have extra columns and tables beside it."""
SENSITIVE = frozenset({"gender", "sex", "vulnerable", "ethnicity", "nationality", "religion", "disability"})
"""Names of columns that are for audits only, declared ones too: never a feature, never in a reason."""
SCALES: dict[str, tuple[float, float]] = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7)}


def clock_of(table: str, column: str, schema: Schema = TABLES) -> str:
    """Return the clock from which a column of a table is known, ``""`` where the table has none.

    Examples
    --------
    >>> clock_of("claims", "amount_paid")
    'paid_at'
    >>> clock_of("claims", "amount_claimed")
    'reported_at'
    """
    spec = schema[table]
    found = spec.column(column)
    if found is not None and found.known_at:
        return found.known_at
    return spec.clocks[0] if spec.clocks else ""
