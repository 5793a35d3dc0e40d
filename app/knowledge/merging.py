"""Three-way merging of texts two people changed: what only one changed is taken, what both changed is shown. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MAX_COMPARED = 4_000_000
CHOICES = {"mine": "ใช้ข้อความของท่าน", "theirs": "ใช้ข้อความของอีกคน", "both": "เก็บทั้งสองย่อหน้า"}


@dataclass(frozen=True)
class Piece:
    """A stretch of lines. In a conflict `mine` and `theirs` differ and both differ from `base`; else all are `lines`."""

    lines: tuple[str, ...] = ()
    conflict: bool = False
    base: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    mine: tuple[str, ...] = ()


def merge(base: str, theirs: str, mine: str) -> list[Piece]:
    """Pieces of both changes in order, line by line. Lines that neither changed part the stretches.

    Example: base "ก ข ค", theirs "ก2 ข ค", mine "ก ข ค2" (one letter a line) -> "ก2 ข ค2" without a conflict.
    """
    b, t, m = base.split("\n"), theirs.split("\n"), mine.split("\n")
    if len(b) * max(len(t), len(m)) > MAX_COMPARED:
        return [_piece(b, t, m)]
    pieces: list[Piece] = []
    at_b = at_t = at_m = 0
    for start, end, in_t, in_m in _common(b, t, m):
        changed = (b[at_b:start], t[at_t:in_t], m[at_m:in_m])
        if any(changed):
            pieces.append(_piece(*changed))
        if end > start:
            pieces.append(Piece(tuple(b[start:end])))
        at_b, at_t, at_m = end, in_t + end - start, in_m + end - start
    return pieces


def _piece(base: Sequence[str], theirs: Sequence[str], mine: Sequence[str]) -> Piece:
    if theirs == mine or list(mine) == list(base):
        return Piece(tuple(theirs))
    if list(theirs) == list(base):
        return Piece(tuple(mine))
    return Piece((), True, tuple(base), tuple(theirs), tuple(mine))


def _common(b: list[str], t: list[str], m: list[str]) -> Iterator[tuple[int, int, int, int]]:
    """Stretches (start, end in base, start in theirs, start in mine) that are in all three; the end comes last."""
    with_t = difflib.SequenceMatcher(None, b, t, autojunk=False).get_matching_blocks()
    with_m = difflib.SequenceMatcher(None, b, m, autojunk=False).get_matching_blocks()
    x = y = 0
    while x < len(with_t) and y < len(with_m):
        one, other = with_t[x], with_m[y]
        start, end = max(one.a, other.a), min(one.a + one.size, other.a + other.size)
        if start < end:
            yield start, end, one.b + start - one.a, other.b + start - other.a
        if one.a + one.size <= other.a + other.size:
            x += 1
        else:
            y += 1
    yield len(b), len(b), len(t), len(m)


def conflicts(pieces: Sequence[Piece]) -> list[Piece]:
    """The stretches a person must decide about."""
    return [piece for piece in pieces if piece.conflict]


def settle(pieces: Sequence[Piece], choices: Sequence[str] = ()) -> str:
    """The text with each conflict settled: `mine`, `theirs`, or `both` (mine first), which is also the default."""
    lines: list[str] = []
    number = 0
    for piece in pieces:
        if not piece.conflict:
            lines += piece.lines
            continue
        choice = choices[number] if number < len(choices) else "both"
        number += 1
        if choice != "theirs":
            lines += piece.mine
        if choice == "both" and piece.mine and piece.theirs and piece.mine[-1].strip() and piece.theirs[0].strip():
            lines.append("")
        if choice != "mine":
            lines += piece.theirs
    return "\n".join(lines)


def settle_live(pieces: Sequence[Piece]) -> tuple[str, bool]:
    """The text with nobody's words lost, for people who write at the same time, and whether any stand twice over.

    What both changed is joined letter by letter where their changes lie apart, else mine stands above theirs.
    Example: base "ก", theirs "ก / ข" (two lines), mine "กา" -> "กา / ข", False.
    """
    lines: list[str] = []
    doubled = False
    for piece in pieces:
        joined = _by_letters(piece) if piece.conflict else None
        if joined is not None:
            lines += joined.split("\n")
        elif piece.conflict:
            doubled = True
            lines += settle([piece]).split("\n")
        else:
            lines += piece.lines
    return "\n".join(lines), doubled


def _by_letters(piece: Piece) -> str | None:
    base, mine, theirs = ("\n".join(lines) for lines in (piece.base, piece.mine, piece.theirs))
    if not (piece.mine and piece.theirs):
        return None
    # One of them goes on from the other: a save whose answer was lost, sent again with more.
    if mine.startswith(theirs) or mine.endswith(theirs):
        return mine
    if theirs.startswith(mine) or theirs.endswith(mine):
        return theirs
    if not piece.base:  # Both added lines at one place.
        return f"{mine}\n\n{theirs}" if piece.mine[-1].strip() and piece.theirs[0].strip() else f"{mine}\n{theirs}"
    (at, end, new), (at_2, end_2, new_2) = _change(base, mine), _change(base, theirs)
    if (at, end) == (at_2, end_2) == (end_2, at):
        if new.startswith("\n"):
            new, new_2 = new_2, new
        apart = "" if new_2[:1].isspace() or new[-1:].isspace() else " "
        return base[:at] + new + apart + new_2 + base[at:]
    if end <= at_2:
        return base[:at] + new + base[end:at_2] + new_2 + base[end_2:]
    if end_2 <= at:
        return base[:at_2] + new_2 + base[end_2:at] + new + base[end:]
    return None


def _change(base: str, changed: str) -> tuple[int, int, str]:
    """(start, end, text): the stretch of `base` that another text stands in the place of."""
    room = min(len(base), len(changed))
    start = next((n for n in range(room) if base[n] != changed[n]), room)
    tail = next((n for n in range(room - start) if base[-1 - n] != changed[-1 - n]), room - start)
    return start, len(base) - tail, changed[start : len(changed) - tail]
