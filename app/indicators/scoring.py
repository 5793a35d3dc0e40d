"""From a count to a state and a pace. Pure. Source: INDICATORS section 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.thai import percent_text
from app.indicators.models import Reading, RowState


def state_of(unit: str, numerator: int, denominator: int | None, target: int | None) -> RowState:
    """State of a row, compared without rounding.

    Examples: 5 of 10 against 50 % -> met; 4 of 9 -> short; 899 of 999 against 90 % -> short (89900 < 89910);
    0 of 0 -> incomplete; no target -> no_target.
    """
    if unit == "percent" and not denominator:
        return RowState.INCOMPLETE
    if target is None:
        return RowState.NO_TARGET
    if unit == "percent":
        assert denominator is not None
        return RowState.MET if numerator * 100 >= target * denominator else RowState.SHORT
    return RowState.MET if numerator >= target else RowState.SHORT


def pace(numerator: int, denominator: int | None, target: int | None, unit: str, elapsed: float) -> float | None:
    """Progress against what the day of the year asks for: 1.0 is on time. None without a target or at the very start.

    Unit: ratio, >= 0. Example: 3 of 6 items when half of the year is gone -> 1.0.
    """
    if not target or elapsed <= 0:
        return None
    reached = numerator * 100 / denominator if unit == "percent" and denominator else float(numerator)
    return reached / (target * elapsed)


def value_text(reading: Reading) -> str:
    """Figure as printed: percent truncated to two decimals, else the count."""
    if reading.row.unit == "percent":
        return percent_text(reading.numerator, reading.denominator or 0)
    return f"{reading.numerator:,}"


def figure_text(row: Mapping[str, Any]) -> str:
    """Figure of a kept row (snapshot, result file) as printed. Example: 20 of 60 as percent -> "33.33"."""
    if row["unit"] == "percent":
        return percent_text(row["numerator"], row["denominator"] or 0)
    return f"{row['numerator']:,}"


def missing_text(reading: Reading) -> str:
    """How many more make the target, in Thai, or "". Example: 4 of 6 items -> "อีก 2"; 20 of 60 at 50 % -> "อีก 10 คน"."""
    if reading.state is not RowState.SHORT or reading.target is None:
        return ""
    if reading.row.unit == "percent":
        needed = -(-reading.target * (reading.denominator or 0) // 100) - reading.numerator
        return f"อีก {needed:,} คน"
    return f"อีก {reading.target - reading.numerator:,}"
