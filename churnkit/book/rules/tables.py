"""What the rules share: which tables are there, and their rows as they count in the end."""

from __future__ import annotations

from churnkit.book import views
from churnkit.book.open import Book

CANCELLED = ("customer_cancelled", "nonpayment", "insurer_cancelled")  # ends that may be taken back


def present(book: Book) -> list[str]:
    """Tables of the book's schema that are there, in its order."""
    return [table for table in book.schema if book.has(table)]


def plain(text: str) -> str:
    """A text to stand as it is within a finding's sentence."""
    return text.replace("{", "{{").replace("}", "}}")


def listed(words: tuple[str, ...]) -> str:
    """SQL of a list of plain words."""
    return ", ".join(f"'{word}'" for word in words)


def latest(book: Book, table: str) -> str:
    """SQL of the rows of ``raw_<table>`` before data_cutoff, of copies and versions the last one only."""
    where = views.before_cutoff_sql(book.schema[table], book.settings)
    if not book.repeats(table):
        return f"(SELECT * FROM raw_{table} WHERE {where})"
    return (f"(SELECT r.* FROM (SELECT * FROM raw_{table} WHERE {where}) AS r LEFT JOIN repeats_{table} AS v"
            " ON r._row = v._row WHERE v._row IS NULL OR (NOT v.duplicate AND v.superseded_at IS NULL))")  # fmt: skip


def sold_terms(book: Book) -> str:
    """SQL of the terms that were really sold: no free look, not over on their first day; dates there and in order."""
    return (f"(SELECT _row, term_id, policy_id, issued_at, recorded_at, start_date, end_date, ended_date, end_reason,"
            f" premium FROM {latest(book, 'terms')} AS every WHERE start_date < end_date AND NOT ({NEVER_SOLD}))"
            )  # fmt: skip


NEVER_SOLD = "ended_date IS NOT NULL AND (coalesce(end_reason, '') = 'free_look' OR ended_date <= start_date)"


def held_terms(book: Book) -> str:
    """SQL of the sold terms with what may tie them to others: customer, line, object, previous policy, household."""
    policies = (f"(SELECT policy_id, min(customer_id) AS customer_id, min(line) AS line, min(object_id) AS object_id,"
                f" min(previous_policy_id) AS previous_policy_id, min(grace_days) AS grace_days,"
                f" min(CASE WHEN renewable THEN 1 ELSE 0 END) AS renewable FROM {latest(book, 'policies')} AS p0"
                " GROUP BY policy_id)")  # fmt: skip
    households = (f"(SELECT customer_id, min(household_id) AS household_id FROM {latest(book, 'customers')} AS c0"
                  " GROUP BY customer_id)")  # fmt: skip
    return (f"(SELECT s.*, p.customer_id, p.line, p.object_id, p.previous_policy_id, p.renewable, h.household_id,"
            f" coalesce(p.grace_days, CASE WHEN p.line = 'life' THEN 60 ELSE 30 END) AS grace_days"
            f" FROM {sold_terms(book)} AS s JOIN {policies} AS p ON s.policy_id = p.policy_id"
            f" LEFT JOIN {households} AS h ON p.customer_id = h.customer_id)")  # fmt: skip


def ready(book: Book, *tables: str) -> bool:
    """Whether the tables are there with all their required columns."""
    return all(book.has(table) and all(book.has_column(table, column.name) for column in book.schema[table].columns
                                       if column.required) for table in tables)  # fmt: skip
