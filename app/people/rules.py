"""Decisions about people: passwords, throttling, confusable names. Pure."""

from __future__ import annotations

import re
import unicodedata

from app.core.errors import Invalid
from app.core.thai import ARABIC_DIGITS

MIN_PASSWORD = 10
THROTTLE_WINDOW_MINUTES = 15
MAX_TRIES_PER_LOGIN = 8
MAX_TRIES_PER_ADDRESS = 40
_COMMON = frozenset({"1234567890", "password12", "passwordpassword", "khlang2558", "qwertyuiop", "0123456789"})


def canonical_login(text: str) -> str:
    """One spelling of a login: NFC, no outer blanks, small letters, Arabic digits. `1e3` and `1000` stay two."""
    return unicodedata.normalize("NFC", text).strip().lower().translate(ARABIC_DIGITS)


def check_new_password(password: str, login: str) -> None:
    """Raise Invalid for a password too easy to guess."""
    if len(password) < MIN_PASSWORD:
        raise Invalid({"new_password": f"รหัสผ่านต้องยาวอย่างน้อย {MIN_PASSWORD} ตัวอักษร ใช้ประโยคสั้น ๆ ที่จำง่ายก็ได้"})
    if len(password) > 256:
        raise Invalid({"new_password": "รหัสผ่านยาวเกิน 256 ตัวอักษร"})
    if password.lower() in _COMMON or len(set(password)) < 4 or canonical_login(password) == canonical_login(login):
        raise Invalid({"new_password": "รหัสผ่านนี้เดาง่ายเกินไป โปรดตั้งใหม่"})


def is_email(text: str) -> bool:
    """One mail address and nothing else."""
    return re.fullmatch(r"[^\s@,;:<>()\"\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", text) is not None


def is_throttled(tries_of_login: int, tries_of_address: int) -> bool:
    """Too many failures within the window."""
    return tries_of_login >= MAX_TRIES_PER_LOGIN or tries_of_address >= MAX_TRIES_PER_ADDRESS


def safe_next(address: str | None) -> str:
    """A path of this site to go to after signing in; anything else is home."""
    if not address or not re.fullmatch(r"/(?![/\\])[^\\\x00-\x20]*", address):
        return "/"
    return "/" if re.match(r"/(%2f|%5c)", address, re.IGNORECASE) else address


def short_name(name: str) -> str:
    """Name without its title. Example: นางสาวมาลี ใจดี -> มาลี ใจดี."""
    return re.sub(r"^(นางสาว|นาง|นาย|ว่าที่ร้อยตรี|ว่าที่ร\.ต\.|ดร\.|Mr\.|Ms\.)\s*", "", name)
