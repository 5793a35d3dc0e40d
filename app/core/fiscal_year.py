"""Thai fiscal years: FY(be) runs 1 October (be - 544 CE) to 30 September (be - 543 CE), by Bangkok days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.errors import Invalid

MIN_BE_YEAR, MAX_BE_YEAR = 2400, 2700


def be_fiscal_year(day: date) -> int:
    """Fiscal year (พ.ศ.) of a Bangkok day. Example: 2014-10-01 -> 2558, 2015-10-01 -> 2559."""
    return day.year + 543 + (1 if day.month >= 10 else 0)


@dataclass(frozen=True)
class FiscalYear:
    """One fiscal year; `be_year` is พ.ศ., days are inclusive."""

    be_year: int

    def __post_init__(self) -> None:
        if not MIN_BE_YEAR <= self.be_year <= MAX_BE_YEAR:
            raise Invalid({"year": f"ปีงบประมาณต้องเป็น พ.ศ. ระหว่าง {MIN_BE_YEAR} ถึง {MAX_BE_YEAR}"})

    @property
    def first_day(self) -> date:
        """1 October."""
        return date(self.be_year - 544, 10, 1)

    @property
    def last_day(self) -> date:
        """30 September."""
        return date(self.be_year - 543, 9, 30)

    def as_of(self, day: date) -> date:
        """Day the roster is read: `day`, never later than 30 September. Source: counting contract, section 2."""
        return min(day, self.last_day)

    def elapsed(self, day: date) -> float:
        """Part of the year gone by at the end of `day`, 0.0-1.0. Example: last day of Q1 -> 92/365."""
        total = (self.last_day - self.first_day).days + 1
        gone = (day - self.first_day).days + 1
        return min(max(gone / total, 0.0), 1.0)

    def month(self, number: int) -> tuple[date, date]:
        """First and last day of month `number`, 0 = October."""
        start = self.first_day
        firsts = [date(start.year + (9 + n) // 12, (9 + n) % 12 + 1, 1) for n in (number, number + 1)]
        return firsts[0], firsts[1] - timedelta(days=1)

    def day(self, number: int) -> date:
        """Day `number` of the year, 0 = 1 October."""
        return self.first_day + timedelta(days=number)


def quarter_days(be_year: int, number: int) -> tuple[date, date]:
    """First and last day of quarter 1-4 of a fiscal year. Raises Invalid for another number."""
    if number not in (1, 2, 3, 4):
        raise Invalid({"quarter": "ไตรมาสต้องเป็น 1 ถึง 4"})
    year = FiscalYear(be_year)
    return year.month(3 * number - 3)[0], year.month(3 * number - 1)[1]


def month_number(day: date) -> int:
    """Month of the fiscal year, 0 = October. Example: 2014-10-01 -> 0, 2015-09-30 -> 11."""
    return (day.month - 10) % 12


def quarter(day: date) -> int:
    """Fiscal quarter 1-4: Q1 = Oct-Dec, Q4 = Jul-Sep."""
    return (day.month - 10) % 12 // 3 + 1
