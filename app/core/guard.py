"""The one place that may catch everything: work whose failure must not reach a person's page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar


@contextmanager
def named(kind: type[Exception]) -> Iterator[None]:
    """Whatever is raised inside becomes an error of one kind: for libraries that may raise anything over a bad file."""
    try:
        yield
    except kind:
        raise
    except Exception as error:
        raise kind(f"{type(error).__name__}: {error}") from error


T = TypeVar("T")
log = logging.getLogger("khlang")


def attempt(what: str, work: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """Result of `work`; when it fails in any way the failure is logged by name and `otherwise` answers."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - this is the house's one net
        log.error("%s failed: %s: %s", what, type(error).__name__, str(error).replace("\n", " ")[:300])
        return otherwise()
