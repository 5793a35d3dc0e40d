"""Who is looking at this request, and the gates of routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import g

from app.core.errors import KhlangError, NotAllowed
from app.people.models import VISITOR, Role, Viewer

P = ParamSpec("P")
R = TypeVar("R")


class SignInFirst(KhlangError):
    """The page is for signed-in people; they are led to the sign-in page and back."""

    status = 401
    title = "โปรดเข้าสู่ระบบก่อน"


def viewer() -> Viewer:
    """Who is looking."""
    return cast(Viewer, g.get("viewer", VISITOR))


def staff_only(route: Callable[P, R]) -> Callable[P, R]:
    """Gate: signed in."""

    @wraps(route)
    def gated(*args: P.args, **kwargs: P.kwargs) -> R:
        if not viewer().is_staff:
            raise SignInFirst
        return route(*args, **kwargs)

    return gated


def roles_only(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Gate: signed in with one of these roles."""

    def gate(route: Callable[P, R]) -> Callable[P, R]:
        @wraps(route)
        def gated(*args: P.args, **kwargs: P.kwargs) -> R:
            if not viewer().is_staff:
                raise SignInFirst
            if not viewer().has(*roles):
                raise NotAllowed("หน้านี้สำหรับผู้มีหน้าที่เกี่ยวข้องเท่านั้น")
            return route(*args, **kwargs)

        return gated

    return gate


def staff_id() -> int:
    """Id of the person signed in; use behind a gate."""
    found = viewer().staff_id
    if found is None:
        raise SignInFirst
    return found
