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


def _admit(*roles: Role, guests: bool = False) -> None:
    """Let the person of this request pass. Raises SignInFirst, NotAllowed."""
    who = viewer()
    if who.staff_id is None:
        raise SignInFirst
    if who.is_guest and not guests:
        raise NotAllowed("หน้านี้สำหรับบุคลากรของหน่วยงาน ท่านเข้าได้เฉพาะกลุ่มที่เชิญท่าน")
    if roles and not who.has(*roles):
        raise NotAllowed("หน้านี้สำหรับผู้มีหน้าที่เกี่ยวข้องเท่านั้น")


def staff_only(route: Callable[P, R]) -> Callable[P, R]:
    """Gate: the office's own people, signed in."""

    @wraps(route)
    def gated(*args: P.args, **kwargs: P.kwargs) -> R:
        _admit()
        return route(*args, **kwargs)

    return gated


def guests_too(route: Callable[P, R]) -> Callable[P, R]:
    """Gate: anyone signed in, guests of a group among them; what they may see of it the group's rules say."""

    @wraps(route)
    def gated(*args: P.args, **kwargs: P.kwargs) -> R:
        _admit(guests=True)
        return route(*args, **kwargs)

    return gated


def roles_only(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Gate: signed in with one of these roles."""

    def gate(route: Callable[P, R]) -> Callable[P, R]:
        @wraps(route)
        def gated(*args: P.args, **kwargs: P.kwargs) -> R:
            _admit(*roles)
            return route(*args, **kwargs)

        return gated

    return gate


def staff_id() -> int:
    """Id of the person signed in; use behind a gate."""
    found = viewer().staff_id
    if found is None:
        raise SignInFirst
    return found
