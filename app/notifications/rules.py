"""When a mail is due and what it says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.core.thai import BANGKOK
from app.notifications.models import Frequency

DIGEST_HOUR = 7
MAX_TRIES = 14


@dataclass(frozen=True)
class Line:
    """One line of a mail; `url` begins with `/`, or is "" for a heading over the lines that follow."""

    text: str
    url: str
    at: datetime


def digest_before(frequency: Frequency, now: datetime) -> datetime:
    """Instant before which notifications of this frequency are due now.

    At once: now. Daily: the last 07:00 in Bangkok. Weekly: the last Monday 07:00.
    Example: Wednesday 06:59 -> daily since Tuesday 07:00; Wednesday 07:00 -> Wednesday 07:00.
    """
    if frequency is Frequency.AT_ONCE:
        return now
    local = now.astimezone(BANGKOK)
    edge = local.replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    if edge > local:
        edge -= timedelta(days=1)
    if frequency is Frequency.WEEKLY:
        edge -= timedelta(days=edge.weekday())
    return edge.astimezone(now.tzinfo)


def wait_after(tries: int) -> timedelta:
    """Time until the next try: a minute, doubling up to six hours. Example: after 3 tries 4 minutes."""
    return min(timedelta(minutes=2 ** max(0, tries - 1)), timedelta(hours=6))


def subject(lines: Sequence[Line], office: str, *, weekly: bool = False) -> str:
    """Subject of a mail: the one thing it tells, or how many; that of the weekly digest says so."""
    if weekly:
        return f"[คลังความรู้ {office}] สรุปประจำสัปดาห์ของท่าน"[:180]
    told = lines[0].text if len(lines) == 1 else f"มีเรื่องถึงท่าน {len(lines)} เรื่อง"
    return f"[คลังความรู้ {office}] {told}"[:180]


def body(name: str, lines: Sequence[Line], base_url: str) -> str:
    """Plain text of a mail, in Thai. Without an address of the office it names the place to look instead of links."""
    parts = [f"เรียน {name}", ""]
    for line in lines:
        if not line.url:
            parts += ["", line.text, ""]
            continue
        parts += [f"• {line.text}", f"  {base_url}{line.url}" if base_url else "  เปิดคลังความรู้ แล้วดูที่ “แจ้งเตือน”"]
    settings = f"{base_url}/notifications/settings" if base_url else "หน้า “แจ้งเตือน” ในคลังความรู้"
    parts += ["", f"เลือกเรื่องและความถี่ที่อยากได้รับที่ {settings}"]
    return "\n".join(parts) + "\n"
