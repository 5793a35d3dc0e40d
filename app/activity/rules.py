"""What counts as an access and as a share. Pure. Source: INDICATORS sections 4 and 5."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources

from app.activity.models import OpenedFacts, Reason
from app.core.fiscal_year import be_fiscal_year

RULE_VERSION = "2558.1"
ACCESS_RULE = "หนึ่งคน เปิดอ่านเนื้อหาเต็มของหนึ่งเรื่อง ในหนึ่งวัน นับ ๑ ครั้ง ไม่นับหุ่นยนต์ ผู้เขียนเอง และหน้าที่เปิดระหว่างแก้ไข"
SHARE_RULE = "การแชร์ นับเมื่อมีผู้อื่นอย่างน้อยหนึ่งคนเปิดอ่านผ่านลิงก์ที่แชร์"
DOUBLE_SECONDS = 30
EDITING_MINUTES = 10
SUCCESSFUL = (200, 304)


@lru_cache(maxsize=1)
def _robots() -> re.Pattern[str]:
    listed: list[str] = []
    for name in ("robot.txt", "machine.txt"):
        text = resources.files("counter_robots").joinpath("data", name).read_text("utf-8")
        listed += [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return re.compile("|".join(f"(?:{pattern})" for pattern in listed), re.IGNORECASE)


@lru_cache(maxsize=2048)
def is_robot(user_agent: str) -> bool:
    """True for a program on the COUNTER list, in any case. LINE's preview fetcher is; LINE's own browser is not."""
    return _robots().search(user_agent) is not None


def reason_against(facts: OpenedFacts) -> Reason | None:
    """First reason why an opening does not count, or None. Doubles are judged apart, among what is left."""
    editing = facts.last_edit_at is not None and (
        timedelta() <= facts.at - facts.last_edit_at <= timedelta(minutes=EDITING_MINUTES)
    )
    checks = (
        (facts.status_code not in SUCCESSFUL, Reason.NOT_SUCCESSFUL),
        (not facts.permitted, Reason.NO_PERMISSION),
        (not facts.published, Reason.NOT_PUBLISHED),
        (facts.robot, Reason.ROBOT),
        (facts.is_admin, Reason.ADMIN),
        (facts.is_author, Reason.AUTHOR),
        (editing, Reason.EDITING),
    )
    return next((reason for wrong, reason in checks if wrong), None)


def is_double(earlier: datetime, later: datetime) -> bool:
    """The later opening replaces the earlier one. Example: 10:00:00 and 10:00:30 -> True, 10:00:31 -> False."""
    return timedelta() <= later - earlier <= timedelta(seconds=DOUBLE_SECONDS)


def doubles(instants: Iterable[datetime]) -> list[bool]:
    """For the openings of one item by one person in order of time: True where the next one replaces it.

    Example: 0 s, 20 s, 45 s, 90 s -> True, True, False, False (20 replaces 0, 45 replaces 20, 90 is 45 s later).
    """
    ordered = list(instants)
    return [is_double(a, b) for a, b in itertools.pairwise(ordered)] + [False] * bool(ordered)


def verifies(sharer_id: int, shared_on: date, reader_id: int | None, read_on: date) -> bool:
    """A counted access through the link by someone who is not the sharer, in the same fiscal year."""
    return reader_id != sharer_id and be_fiscal_year(read_on) == be_fiscal_year(shared_on)


def guest_key(salt: str, address: str, user_agent: str) -> str:
    """Keyed hash naming one device for one day: `g` and 24 hex digits."""
    return "g" + hmac.new(salt.encode(), f"{address}\n{user_agent}".encode(), hashlib.sha256).hexdigest()[:24]


def person_key(staff_id: int | None, guest: str) -> str:
    """Key of a reader in the ledger."""
    return f"s{staff_id}" if staff_id is not None else guest
