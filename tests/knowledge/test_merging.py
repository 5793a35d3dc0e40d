"""Three-way merging as a pure thing: what each changed is kept, what both changed is shown, no line is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.knowledge.merging import conflicts, merge, settle


def lines(text: str) -> str:
    """One letter a line."""
    return "\n".join(text)


@pytest.mark.parametrize(
    ("base", "theirs", "mine", "result"),
    [
        ("กขค", "กขค", "กขค", "กขค"),
        ("กขค", "1ขค", "กข2", "1ข2"),  # Both changed, with an unchanged line between.
        ("กขค", "กค", "กขค4", "กค4"),  # They took one away, I added one at the end.
        ("กขค", "0กขค", "กขค4", "0กขค4"),
        ("กขคงจ", "กXคงจ", "กขคYจ", "กXคYจ"),
        ("กขค", "กXค", "กXค", "กXค"),  # The same change of both is one.
        ("กขค", "", "กขค", ""),
    ],
)
def test_changes_of_different_parts_are_joined(base: str, theirs: str, mine: str, result: str):
    pieces = merge(lines(base), lines(theirs), lines(mine))
    assert conflicts(pieces) == []
    assert settle(pieces) == lines(result)


def test_changes_of_one_line_are_a_conflict_with_both():
    pieces = merge("ก\nข\nค", "ก\nของเพื่อน\nค", "ก\nของฉัน\nค")
    (one,) = conflicts(pieces)
    assert (one.base, one.theirs, one.mine) == (("ข",), ("ของเพื่อน",), ("ของฉัน",))
    assert settle(pieces, ["mine"]) == "ก\nของฉัน\nค"
    assert settle(pieces, ["theirs"]) == "ก\nของเพื่อน\nค"
    assert settle(pieces) == "ก\nของฉัน\n\nของเพื่อน\nค"


def test_neighbouring_changes_are_a_conflict():
    assert len(conflicts(merge("ก\nข", "1\nข", "ก\n2"))) == 1


TEXTS = st.lists(st.sampled_from(["ก", "ข", "ค", "", "ง จ", "## ห"]), max_size=9).map("\n".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_any_three_texts_merge_without_losing_a_new_line(base: str, theirs: str, mine: str):
    pieces = merge(base, theirs, mine)
    whole = settle(pieces).split("\n")
    old = base.split("\n")
    for side in (theirs.split("\n"), mine.split("\n")):
        for line in set(side):
            assert whole.count(line) >= side.count(line) - old.count(line), (line, pieces)
    assert settle(merge(base, base, mine)) == mine
    assert settle(merge(base, theirs, base)) == theirs
    assert settle(merge(base, mine, mine)) == mine
    assert conflicts(merge(base, theirs, mine)) == [] or theirs != mine
    chosen = ["mine"] * len(conflicts(pieces))
    other = ["mine" if one == "theirs" else "theirs" for one in chosen]
    turned = settle(merge(base, mine, theirs), ["theirs"] * len(conflicts(merge(base, mine, theirs))))
    assert settle(pieces, chosen) == turned and len(other) == len(chosen)
