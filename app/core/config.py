"""Settings: one table of names, each from the environment or its default. README shows the same table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import KhlangError

ROOT = Path(__file__).resolve().parent.parent.parent
CONTENT = ROOT / "content"

# name -> (default, what it does). A test compares this table with README.
SETTINGS: dict[str, tuple[str, str]] = {
    "KHLANG_DATA": ("", "โฟลเดอร์ข้อมูลและดัชนีค้นหา ถ้าว่างใช้ instance/ และ search_index/"),
    "KHLANG_DATABASE_URL": ("", "ฐานข้อมูลอื่นแทน SQLite เช่น postgresql+psycopg://"),
    "KHLANG_BASE_URL": ("", "ที่อยู่เว็บของหน่วยงาน ใช้ทำลิงก์ที่แชร์ เช่น https://km.example.go.th"),
    "KHLANG_OFFICE_NAME": ("เทศบาลตำบลหนองแก้วใส", "ชื่อหน่วยงานบนหัวเว็บ"),
    "KHLANG_SECRET_KEY": ("", "กุญแจของคุกกี้ ถ้าว่างสร้างเองเก็บในโฟลเดอร์ข้อมูล"),
    "KHLANG_SECURE_COOKIES": ("0", "1 เมื่อให้บริการผ่าน HTTPS"),
    "KHLANG_TRUSTED_PROXIES": ("0", "จำนวนพร็อกซีหน้าเครื่องที่เชื่อถือ X-Forwarded-For ได้"),
    "KHLANG_ROSTER_BASE": ("all", "ฐานคิดร้อยละ: all ทุกประเภท หรือ official เฉพาะพนักงานเทศบาล"),
    "KHLANG_EXTERNAL_SHARES": ("0", "1 ให้การแชร์ภายนอกที่มีผู้เปิดอ่านนับใน A6"),
    "KHLANG_QUIZ_PASS_PERCENT": ("60", "เกณฑ์ผ่านแบบทดสอบ ร้อยละ"),
    "KHLANG_TRAFFIC_DAYS": ("90", "จำนวนวันที่เก็บที่อยู่และโปรแกรมของผู้เปิดอ่าน ไม่น้อยกว่า 90"),
    "KHLANG_MAX_UPLOAD_MB": ("25", "ขนาดไฟล์แนบสูงสุด (MB)"),
    "KHLANG_ADMIN_PASSWORD": ("", "รหัสผ่านของผู้ดูแลคนแรก ใช้ครั้งเดียวโดย khlang init"),
    "KHLANG_OBLIGATION_DAYS": ("30", "จำนวนวันหลังจบหลักสูตรที่ต้องส่งบทความหรือรายงาน"),
    "KHLANG_SMTP_URL": ("", "เครื่องส่งอีเมล เช่น smtps://user:password@mail.example.go.th:465 ถ้าว่างแจ้งในเว็บอย่างเดียว"),
    "KHLANG_MAIL_FROM": ("", "ที่อยู่ผู้ส่งของอีเมลแจ้งเตือน"),
    "KHLANG_PRIVATE_FEEDS": ("0", "1 ให้ติดตามฟีดของเครื่องในเครือข่ายภายใน เช่น อินทราเน็ตของจังหวัด"),
    "KHLANG_TESTING": ("0", "1 สำหรับการทดสอบและสาธิตเท่านั้น"),
    "KHLANG_TODAY": ("", "กำหนดวันนี้ (YYYY-MM-DD) ใช้ได้เมื่อ KHLANG_TESTING=1"),
}


@dataclass(frozen=True)
class Config:
    """Everything the office can set. Paths are absolute."""

    data: Path
    index: Path
    database_url: str
    base_url: str
    office_name: str
    secret_key: str
    secure_cookies: bool
    trusted_proxies: int
    roster_base: str
    external_shares: bool
    quiz_pass_percent: int
    traffic_days: int
    max_upload_bytes: int
    obligation_days: int
    smtp_url: str
    mail_from: str
    private_feeds: bool
    testing: bool
    today: str


def _whole_number(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    try:
        number = int(values[name])
    except ValueError:
        number = low - 1
    if not low <= number <= high:
        raise KhlangError(f"ค่าตั้ง {name} ต้องเป็นจำนวนเต็มระหว่าง {low} ถึง {high}")
    return number


def load_config(environment: Mapping[str, str] | None = None) -> Config:
    """Settings of the process. Raises KhlangError with a Thai sentence for a value that cannot be."""
    env = os.environ if environment is None else environment
    values = {name: env.get(name) or default for name, (default, _) in SETTINGS.items()}
    named = values["KHLANG_DATA"]
    data = Path(named).resolve() if named else ROOT / "instance"
    index = data / "search_index" if named else ROOT / "search_index"
    if values["KHLANG_ROSTER_BASE"] not in ("all", "official"):
        raise KhlangError("ค่าตั้ง KHLANG_ROSTER_BASE ต้องเป็น all หรือ official")
    return Config(
        data=data,
        index=index,
        database_url=values["KHLANG_DATABASE_URL"] or f"sqlite:///{data / 'khlang.db'}",
        base_url=values["KHLANG_BASE_URL"].rstrip("/"),
        office_name=values["KHLANG_OFFICE_NAME"],
        secret_key=values["KHLANG_SECRET_KEY"],
        secure_cookies=values["KHLANG_SECURE_COOKIES"] == "1",
        trusted_proxies=_whole_number(values, "KHLANG_TRUSTED_PROXIES", 0, 5),
        roster_base=values["KHLANG_ROSTER_BASE"],
        external_shares=values["KHLANG_EXTERNAL_SHARES"] == "1",
        quiz_pass_percent=_whole_number(values, "KHLANG_QUIZ_PASS_PERCENT", 1, 100),
        traffic_days=_whole_number(values, "KHLANG_TRAFFIC_DAYS", 90, 3650),
        max_upload_bytes=_whole_number(values, "KHLANG_MAX_UPLOAD_MB", 1, 500) * 1024 * 1024,
        obligation_days=_whole_number(values, "KHLANG_OBLIGATION_DAYS", 1, 365),
        smtp_url=values["KHLANG_SMTP_URL"],
        mail_from=values["KHLANG_MAIL_FROM"],
        private_feeds=values["KHLANG_PRIVATE_FEEDS"] == "1",
        testing=values["KHLANG_TESTING"] == "1",
        today=values["KHLANG_TODAY"] if values["KHLANG_TESTING"] == "1" else "",
    )
