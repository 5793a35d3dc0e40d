"""The few errors that rules and commands raise; `create_app` maps each to a page once."""

from __future__ import annotations

from collections.abc import Mapping


class KhlangError(Exception):
    """Base of every error whose message may be shown to a person. Messages are Thai sentences."""

    status = 500
    title = "เกิดข้อผิดพลาด"

    def __init__(self, message: str = "") -> None:
        self.message = message or self.title
        super().__init__(self.message)


class NotFound(KhlangError):
    """The thing is not there, or this person may not know that it is (404)."""

    status = 404
    title = "ไม่พบหน้าที่ต้องการ"


class NotAllowed(KhlangError):
    """The person may see the thing but not do this to it (403)."""

    status = 403
    title = "ไม่มีสิทธิ์ทำรายการนี้"


class Invalid(KhlangError):
    """Something typed is wrong (400). `fields` maps field name to a Thai sentence."""

    status = 400
    title = "ข้อมูลยังไม่ถูกต้อง"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(" ".join(self.fields.values()))


class Conflict(KhlangError):
    """Somebody else changed the thing first (409)."""

    status = 409
    title = "มีผู้แก้ไขก่อนหน้านี้แล้ว"


class TooLarge(KhlangError):
    """A text or file over its limit (413)."""

    status = 413
    title = "ข้อมูลมีขนาดใหญ่เกินกำหนด"


class TooMany(KhlangError):
    """Too many tries in a short time (429)."""

    status = 429
    title = "ลองหลายครั้งเกินไป"
