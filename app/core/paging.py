"""Pages of a list: a limit, a stated order, and the total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page. `number` starts at 1; `total` is the whole list's length."""

    items: Sequence[T]
    number: int
    size: int
    total: int

    @property
    def last(self) -> int:
        """Number of the last page, at least 1."""
        return max(1, -(-self.total // self.size))


def page_number(text: str | None) -> int:
    """Page asked for in an address; anything strange is page 1."""
    if text and text.isascii() and text.isdigit() and len(text) < 7:
        return max(1, int(text))
    return 1
