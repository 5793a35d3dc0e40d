"""Thai text, dates and fiscal years; expectations worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import thai
from app.core.clock import bangkok_day, start_of_day
from app.core.errors import Invalid
from app.core.fiscal_year import FiscalYear, be_fiscal_year, quarter


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("ก\u0e4d\u0e32ลัง", "กำลัง"),
        ("น\u0e49\u0e4d\u0e32", "น้ำ"),
        ("น\u0e4d\u0e49\u0e32", "น้ำ"),
        ("ได\uf70bรับ", "ได้รับ"),
        ("ฝ\uf703ก", "ฝึก"),
        ("ที\u0e48\u0e48", "ที่"),
        ("ท\u0e48ี", "ที่"),
        ("เเผน", "แผน"),
        ("ก\u200bข\ufeffค", "กขค"),
        ("ก\u00a0ข", "ก ข"),
        ("ก\r\nข", "ก\nข"),
    ],
)
def test_normalise(raw: str, clean: str):
    assert thai.normalise(raw) == clean


def test_normalise_never_takes_sara_am_apart():
    assert "ำ" in thai.normalise("น้ำคำทำ")


@given(st.text(alphabet=st.characters(min_codepoint=0x0E01, max_codepoint=0x0E5B), max_size=40))
def test_normalising_twice_changes_nothing_for_searching(text: str):
    once = thai.normalise(thai.normalise(text))
    assert thai.normalise(once) == once


@given(st.text(max_size=60))
def test_fold_keeps_places(text: str):
    stored = thai.normalise(thai.normalise(text))
    assert len(thai.fold(stored)) == len(stored)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2015-01-31", date(2015, 1, 31)), ("31/1/2558", date(2015, 1, 31)), ("๑ ต.ค. ๕๗", date(2014, 10, 1)),
        ("1 ตุลาคม 2557", date(2014, 10, 1)), ("1 ต.ค. พ.ศ. 2557", date(2014, 10, 1)), ("30/2/2558", None), ("", None),
        ("พรุ่งนี้", None), ("99/99/9999", None),
    ],
)  # fmt: skip
def test_dates_as_people_type_them(text: str, day: date | None):
    assert thai.parse_date(text) == day


def test_dates_as_people_read_them():
    assert thai.thai_date(date(2014, 10, 1)) == "1 ต.ค. 2557"
    assert thai.thai_date(date(2014, 10, 1), long=True) == "1 ตุลาคม 2557"
    assert thai.thai_digits(2558) == "๒๕๕๘"


def test_slug_keeps_marks_and_is_never_empty():
    assert thai.slug("น้ำท่วม: ซอยวัด / ปี ๒๕๕๘") == "น้ำท่วม-ซอยวัด-ปี-๒๕๕๘"
    assert thai.slug("!!!") == "บทความ"
    assert len(thai.slug("ก" * 500)) == 80


def test_dictionary_order():
    words = ["แกะ", "ไก่", "กา", "ข้าว", "ขาว", "เก่า"]
    assert sorted(words, key=thai.sort_key) == ["กา", "เก่า", "แกะ", "ไก่", "ขาว", "ข้าว"]


def test_percent_is_cut_not_rounded():
    # 899 * 100 / 999 = 89.98998...
    assert thai.percent_text(899, 999) == "89.98"
    assert thai.percent_text(2, 3) == "66.66"
    assert thai.percent_text(0, 0) == "–"


def test_fiscal_year_edges_in_bangkok():
    assert be_fiscal_year(bangkok_day(datetime(2015, 9, 30, 16, 59, 59, tzinfo=UTC))) == 2558
    assert be_fiscal_year(bangkok_day(datetime(2015, 9, 30, 17, 0, 0, tzinfo=UTC))) == 2559
    year = FiscalYear(2558)
    assert (year.first_day, year.last_day) == (date(2014, 10, 1), date(2015, 9, 30))
    assert year.as_of(date(2026, 1, 1)) == date(2015, 9, 30)
    assert start_of_day(date(2015, 10, 1)) == datetime(2015, 9, 30, 17, tzinfo=UTC)
    assert [quarter(date(2014, month, 1)) for month in (10, 12, 1, 3, 4, 7, 9)] == [1, 1, 2, 2, 3, 4, 4]
    assert year.elapsed(date(2014, 12, 31)) == 92 / 365


@pytest.mark.parametrize("be_year", [0, 2015, 99999])
def test_years_that_cannot_be(be_year: int):
    with pytest.raises(Invalid):
        FiscalYear(be_year)
