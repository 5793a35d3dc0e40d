"""States and pace; a table worked out by hand."""

from __future__ import annotations

import pytest

from app.indicators.models import RowState
from app.indicators.scoring import pace, state_of


@pytest.mark.parametrize(
    ("unit", "n", "den", "target", "state"),
    [
        ("percent", 5, 10, 50, RowState.MET),  # 500 >= 500
        ("percent", 4, 9, 50, RowState.SHORT),  # 400 < 450
        ("percent", 899, 999, 90, RowState.SHORT),  # 89,900 < 89,910
        ("percent", 900, 1000, 90, RowState.MET),
        ("percent", 0, 0, 90, RowState.INCOMPLETE),
        ("percent", 0, 10, 90, RowState.SHORT),
        ("items", 6, None, 6, RowState.MET),
        ("items", 5, None, 6, RowState.SHORT),
        ("persons", 40, None, None, RowState.NO_TARGET),
        ("reports", 0, None, None, RowState.NO_TARGET),
    ],
)
def test_states(unit: str, n: int, den: int | None, target: int | None, state: RowState):
    assert state_of(unit, n, den, target) is state


def test_pace_is_progress_against_the_day_of_the_year():
    assert pace(3, None, 6, "items", 0.5) == 1.0
    assert pace(3, None, 6, "items", 0.25) == 2.0
    # 20 of 40 is 50 %; against 90 % when half of the year is gone: 50 / 45.
    assert pace(20, 40, 90, "percent", 0.5) == pytest.approx(50 / 45)
    assert pace(3, None, None, "items", 0.5) is None
