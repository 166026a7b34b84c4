"""The life of one policy in a hostile book: terms, early and late renewals, and every way to end."""

from __future__ import annotations

from datetime import datetime, timedelta

DAY = timedelta(days=1)
LENGTHS = (365, 365, 365, 366, 365, 180, 331, 330, 91, 60, 59, 31, 15)


def policy_terms(rng, policy_id, grace, *, start, until):
    """Rows of the terms table for one policy, several versions of some."""
    start = start or datetime(2016, 1, 1) + rng.randint(0, 1800) * DAY
    length, rows, number = rng.choice(LENGTHS), [], 0
    end = None
    while start is not None and start < until + 60 * DAY and number < 20:
        end = end or start + length * DAY
        row, start, end = _term(rng, f"{policy_id}t{number:02d}", policy_id, start, end, grace)
        rows.append(row)
        number += 1
    for row in rows:
        _forget_the_future(row, until)
    return _versions(rng, [row for row in rows if row["recorded_at"] < until], until) or rows[:1]


def _forget_the_future(row, until):
    """An extract of that day cannot know later offers and endings."""
    if row["offer_date"] is not None and row["offer_date"] >= until:
        row["offer_date"] = row["offer_premium"] = None
    known = row["ended_recorded_at"] or (row["ended_date"] or until) + 3 * DAY
    if known >= until:
        row["ended_date"] = row["end_reason"] = row["ended_recorded_at"] = None


def _term(rng, term_id, policy_id, start, end, grace):
    row = {
        "term_id": term_id,
        "policy_id": policy_id,
        "issued_at": None,
        "start_date": start,
        "end_date": end,
        "premium": round(rng.uniform(100, 9000), 2),
        "sum_insured": rng.choice([None, 1e5, 2e6]),
        "offer_date": None,
        "offer_premium": None,
        "ended_date": None,
        "end_reason": None,
        "ended_recorded_at": None,
    }
    if rng.random() < 0.75:
        row["issued_at"] = start + timedelta(
            days=rng.choice([-60, -45, -30, -14, -7, -1, 0, 0, 3]), seconds=rng.choice([0, 0, 3600])
        )
    row["recorded_at"] = (row["issued_at"] or start) + timedelta(
        days=rng.choice([0, 0, 1, 10, 40]), seconds=rng.choice([0, 7])
    )
    if rng.random() < 0.6:
        row["offer_date"] = end - rng.choice([14, 30, 45, 46, 60]) * DAY
        row["offer_premium"] = round(row["premium"] * rng.uniform(0.8, 1.4), 2)
    return row, *(_taken_up(rng, row, grace) or (_ending(rng, row, start, end, grace), None))


def _taken_up(rng, row, grace):
    """Now and then: cancelled and reinstated, or nearly; the next term's start and end."""
    start, end = row["start_date"], row["end_date"]
    if rng.random() > 0.1 or (end - start).days < 20:
        return None
    at = start + rng.randint(1, (end - start).days - 8) * DAY
    reason = rng.choice(["customer_cancelled", "nonpayment", "nonpayment", "insurer_cancelled", "surrendered"])
    _end(rng, row, at, reason)
    again = at + rng.choice([0, 0, 3, grace - 1, grace, grace + 1, -2]) * DAY
    if not start < again < end - 3 * DAY:
        again = at
    return again, end + rng.choice([0, 0, 0, 1, -1, 2]) * DAY


def _ending(rng, row, start, end, grace):
    """Write the ending into the row; return the next term's start or None."""
    draw = rng.random()
    if draw < 0.62:
        if rng.random() < 0.5:
            _end(rng, row, end, rng.choice(["renewed", "expired"]))
        late = rng.choice([1, max(grace - 1, 1), max(grace, 1), grace + 1])
        early = rng.choice([1, 30, 59, 60])
        step = rng.choices([0, late, -early if (end - start).days > 120 else 0], [6, 2, 2])[0]
        return end + step * DAY
    if draw < 0.70:
        _end(rng, row, *rng.choice([(end, "expired"), (end, None), (None, None)]))
        return None if rng.random() < 0.6 else end + rng.choice([89, 90, 91, 200]) * DAY
    inside = start + rng.randint(1, (end - start).days) * DAY
    if draw < 0.82:
        _end(rng, row, inside, rng.choice(["customer_cancelled", "nonpayment", "surrendered"]))
        back = rng.choice([None, None, inside + rng.choice([0, 20, 89, 90, 91, 150]) * DAY])
        return back if back is None or back >= end or back > start else None
    if draw < 0.86:
        _end(rng, row, end, "insurer_declined", notice=rng.choice([0, 30, 60, 100]))
        return None
    if draw < 0.91:
        soon = start + rng.choice([0, 0, 5, 14]) * DAY
        _end(rng, row, soon, "free_look" if soon > start else rng.choice(["free_look", "customer_cancelled"]))
        return None if rng.random() < 0.3 else max(soon, start + DAY) + rng.choice([0, 10]) * DAY
    _end(
        rng,
        row,
        inside,
        rng.choice(["death", "insurer_cancelled", "total_loss", "object_sold", "matured", "replaced", "replaced"]),
    )
    return None


def _end(rng, row, at, reason, notice=0):
    row["ended_date"], row["end_reason"] = at, reason
    if at is not None and rng.random() < 0.7:
        delay = -notice if notice else rng.choice([-20, 0, 0, 1, 5, 30])
        row["ended_recorded_at"] = max(at + delay * DAY, row["recorded_at"])


def _versions(rng, rows, until):
    """Some terms twice: first as issued, later with offer, ending and sometimes another scheduled end."""
    found = []
    for row in rows:
        if rng.random() < 0.2:
            first = row | {
                "offer_date": None,
                "offer_premium": None,
                "ended_date": None,
                "end_reason": None,
                "ended_recorded_at": None,
            }
            first["premium"] = round(row["premium"] * 1.1, 2)
            first["end_date"] = max(row["end_date"] + rng.choice([0, 0, -31, 10, 45]) * DAY, row["start_date"] + DAY)
            later = row["recorded_at"] + timedelta(days=rng.randint(1, 300), seconds=1)
            found.append(first)
            row = row | {"recorded_at": later}
            if row["ended_recorded_at"] is not None:
                row["ended_recorded_at"] = max(row["ended_recorded_at"], later)
            if row["issued_at"] is None:
                row["issued_at"] = first["recorded_at"]
                first["issued_at"] = first["recorded_at"]
            if later >= until:
                found.pop()
                row = row | {"recorded_at": first["recorded_at"]}
        found.append(row)
    return found
