"""The only place that reads the time. Instants are aware UTC; days are Bangkok days (UTC+7, no summer time)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from app.core.thai import BANGKOK


class Clock:
    """Now and today; a fixed day keeps the real time of day so that instants still move on."""

    def __init__(self, today: str = "") -> None:
        self._fixed = date.fromisoformat(today) if today else None

    def now(self) -> datetime:
        """The instant, aware UTC."""
        real = datetime.now(UTC)
        if self._fixed is None:
            return real
        return real + (self._fixed - bangkok_day(real))

    def today(self) -> date:
        """The Bangkok day."""
        return bangkok_day(self.now())


def bangkok_day(instant: datetime) -> date:
    """Bangkok day of an aware instant. Example: 2015-09-30T17:00Z -> 2015-10-01."""
    return instant.astimezone(BANGKOK).date()


def start_of_day(day: date) -> datetime:
    """The instant, aware UTC, at which a Bangkok day begins. Example: 2015-10-01 -> 2015-09-30T17:00Z."""
    return datetime.combine(day, time(), BANGKOK).astimezone(UTC)
