"""Changes of people: accounts, passwords, service, roles, tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.core.clock import bangkok_day
from app.core.database import transaction
from app.core.errors import Invalid, TooMany
from app.core.outbox import promise
from app.people import queries, rules
from app.people.models import (
    EMPLOYMENTS,
    GIVEN_BY_NOBODY,
    ApiToken,
    Department,
    Role,
    Service,
    SignInTry,
    Staff,
    StaffRole,
)

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Checked when the name is unknown, so that the answer takes as long as for a known one.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$3M0VbJ4x2ZQAQ1n2Ikg0c5p0k5u8cWwCwLXn2d3bZ7w"
SIGN_IN_FAILED = "ชื่อผู้ใช้หรือรหัสผ่านไม่ถูกต้อง โปรดตรวจแล้วลองอีกครั้ง"


@dataclass(frozen=True)
class NewStaff:
    """What is needed to add a person to the roster."""

    code: str
    name: str
    department_id: int
    start_on: date
    position: str = ""
    employment: str = EMPLOYMENTS[0]
    email: str = ""
    end_on: date | None = None
    roles: tuple[str, ...] = ()


def _matches(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored or _NOBODY, password[:1024]) and bool(stored)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False


def _who(key: str, kind: str, value: str) -> str:
    return hmac.new(key.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def sign_in(db: Session, login: str, password: str, address: str, key: str, now: datetime) -> Staff:
    """The person, when login and password fit; rehashes an old hash.

    Raises Invalid with one answer for a wrong name and a wrong password, TooMany after repeated failures.
    """
    by_login = _who(key, "login", f"{rules.canonical_login(login)}|{address}")
    by_address = _who(key, "address", address)
    since = now - timedelta(minutes=rules.THROTTLE_WINDOW_MINUTES)
    if rules.is_throttled(queries.tries_since(db, by_login, since), queries.tries_since(db, by_address, since)):
        raise TooMany(f"ลองผิดหลายครั้ง โปรดรอ {rules.THROTTLE_WINDOW_MINUTES} นาทีแล้วลองใหม่ หรือขอให้ผู้ดูแลตั้งรหัสผ่านใหม่")
    person = queries.find_by_login(db, login)
    fits = _matches(person.password_hash if person else "", password)
    today = bangkok_day(now)
    left = (
        person is not None
        and bool(queries.service_of(db, person.id))
        and not queries.department_on(db, person.id, today)
    )
    if person is None or not fits or not person.active or left:
        with transaction(db):
            db.add_all([SignInTry(who=by_login, at=now), SignInTry(who=by_address, at=now)])
            db.execute(delete(SignInTry).where(SignInTry.at < now - timedelta(days=1)))
        raise Invalid({"password": SIGN_IN_FAILED})
    if _hasher.check_needs_rehash(person.password_hash):
        with transaction(db):
            renewed = _hasher.hash(password)
            db.execute(update(Staff).where(Staff.id == person.id).values(password_hash=renewed))
    return person


def set_password(db: Session, person: Staff, password: str, *, must_change: bool) -> None:
    """Store a password and end the person's other sessions. Raises Invalid for an easy one."""
    rules.check_new_password(password, person.code)
    with transaction(db):
        person = db.merge(person, load=True)
        person.password_hash = _hasher.hash(password)
        person.must_change_password = must_change
        person.session_epoch += 1
        db.execute(delete(ApiToken).where(ApiToken.staff_id == person.id))


def change_own_password(db: Session, person: Staff, current: str, new: str, again: str) -> None:
    """Change after showing the current one. Raises Invalid per field."""
    if not _matches(person.password_hash, current):
        raise Invalid({"current_password": "รหัสผ่านเดิมไม่ถูกต้อง"})
    if new != again:
        raise Invalid({"again": "รหัสผ่านใหม่สองช่องไม่ตรงกัน"})
    if new == current:
        raise Invalid({"new_password": "รหัสผ่านใหม่ต้องต่างจากเดิม"})
    set_password(db, person, new, must_change=False)


def reset_password(db: Session, person: Staff) -> str:
    """Give a person a one-time password, returned once; it must be changed at the next sign-in."""
    temporary = "-".join(secrets.token_hex(2) for _ in range(3))
    set_password(db, person, temporary, must_change=True)
    return temporary


def sign_out_everywhere(db: Session, staff_id: int) -> None:
    """End every session of a person."""
    with transaction(db):
        db.execute(update(Staff).where(Staff.id == staff_id).values(session_epoch=Staff.session_epoch + 1))


def add_account(db: Session, code: str, name: str, roles: tuple[Role, ...], password: str = "") -> Staff:
    """An account off the roster: administrator or kiosk. No counted act."""
    with transaction(db):
        person = Staff(code=code, name=name, must_change_password=not password)
        if password:
            rules.check_new_password(password, code)
            person.password_hash = _hasher.hash(password)
        db.add(person)
        db.flush()
        db.add_all([StaffRole(staff_id=person.id, role=role.value) for role in roles])
        _find_again(db, person.id)
    return person


def add_staff(db: Session, new: NewStaff) -> Staff:
    """Put a person on the roster. Raises Invalid per field."""
    _check_staff(db, new)
    with transaction(db):
        person = Staff(
            code=new.code, name=new.name, position=new.position, employment=new.employment, email=new.email or None
        )
        db.add(person)
        db.flush()
        service = Service(staff_id=person.id, department_id=new.department_id, start_on=new.start_on, end_on=new.end_on)
        db.add(service)
        db.add_all([StaffRole(staff_id=person.id, role=role) for role in sorted(set(new.roles))])
        _find_again(db, person.id)
    return person


def _find_again(db: Session, staff_id: int) -> None:
    """Promise that a person's card will be indexed again; search lies above this slice."""
    promise(db, "search", f"person:{staff_id}")


def _check_staff(db: Session, new: NewStaff) -> None:
    wrong: dict[str, str] = {}
    if not new.code or queries.find_by_login(db, new.code) is not None:
        wrong["code"] = "รหัสนี้ว่างหรือมีผู้ใช้แล้ว โปรดตั้งรหัสอื่น"
    if new.email and not rules.is_email(new.email):
        wrong["email"] = "อีเมลไม่ถูกต้อง"
    elif new.email and queries.find_by_login(db, new.email) is not None:
        wrong["email"] = "อีเมลนี้มีผู้ใช้แล้ว"
    if not new.name:
        wrong["name"] = "โปรดใส่ชื่อและนามสกุล"
    if new.employment not in EMPLOYMENTS:
        wrong["employment"] = "ประเภทบุคลากรไม่อยู่ในรายการ"
    if new.end_on and new.end_on < new.start_on:
        wrong["end_on"] = "วันสิ้นสุดต้องไม่ก่อนวันเริ่ม"
    if set(new.roles) - {role.value for role in Role}:
        wrong["roles"] = "บทบาทไม่อยู่ในรายการ"
    if wrong:
        raise Invalid(wrong)


def transfer(db: Session, staff_id: int, department_id: int, on: date) -> None:
    """Move a person to another department from a day; the old service ends the day before."""
    with transaction(db):
        for service, _ in queries.service_of(db, staff_id):
            if service.end_on is None or service.end_on >= on:
                if service.start_on >= on:
                    raise Invalid({"on": "วันย้ายต้องอยู่หลังวันเริ่มสังกัดปัจจุบัน"})
                service.end_on = on - timedelta(days=1)
        db.add(Service(staff_id=staff_id, department_id=department_id, start_on=on))
        _find_again(db, staff_id)


def end_service(db: Session, staff_id: int, last_day: date) -> None:
    """The last day a person serves; from the next day on they are signed out and cannot sign in."""
    if not queries.service_of(db, staff_id):
        raise Invalid({"on": "บัญชีนี้ไม่อยู่ในฐานบุคลากร จึงไม่มีวันสุดท้ายให้บันทึก"})
    with transaction(db):
        for service, _ in queries.service_of(db, staff_id):
            if service.end_on is None or service.end_on > last_day:
                if service.start_on > last_day:
                    raise Invalid({"on": "วันสุดท้ายต้องไม่ก่อนวันเริ่มปฏิบัติงาน"})
                service.end_on = last_day


def set_roles(db: Session, staff_id: int, roles: set[str]) -> None:
    """Replace a person's roles. Raises Invalid for an unknown one."""
    known = {role.value for role in Role if role not in GIVEN_BY_NOBODY}
    if roles - known:
        raise Invalid({"roles": "บทบาทไม่อยู่ในรายการ"})
    with transaction(db):
        given = (StaffRole.staff_id == staff_id, StaffRole.role != Role.GUEST.value)
        db.execute(delete(StaffRole).where(*given))
        db.add_all([StaffRole(staff_id=staff_id, role=role) for role in sorted(roles)])


def add_department(db: Session, code: str, name: str) -> Department:
    """A new department. Raises Invalid when the code is taken."""
    if not code or not name:
        raise Invalid({"code": "โปรดใส่รหัสและชื่อส่วนราชการ"})
    if any(existing.code == code for existing in queries.departments(db)):
        raise Invalid({"code": "รหัสส่วนราชการนี้มีแล้ว"})
    with transaction(db):
        department = Department(code=code, name=name)
        db.add(department)
    return department


def update_profile(db: Session, staff_id: int, about: str, email: str) -> None:
    """What a person says of themselves; nothing else can be changed here. Raises Invalid per field."""
    email = rules.canonical_login(email)
    if email and (not rules.is_email(email) or len(email) > 200):
        raise Invalid({"email": "อีเมลไม่ถูกต้อง"})
    other = queries.find_by_login(db, email) if email else None
    if other is not None and other.id != staff_id:
        raise Invalid({"email": "อีเมลนี้มีผู้ใช้แล้ว"})
    with transaction(db):
        db.execute(update(Staff).where(Staff.id == staff_id).values(about=about[:1000], email=email or None))
        _find_again(db, staff_id)


def create_token(db: Session, person: Staff, scope: str, now: datetime) -> str:
    """A new API token, returned once; only its sha256 is kept. Raises Invalid for another scope than `read`."""
    if scope != "read":
        raise Invalid({"scope": "ขอบเขตที่ใช้ได้คือ read เท่านั้น"})
    token = "khl_" + secrets.token_urlsafe(32)
    with transaction(db):
        digest = hashlib.sha256(token.encode()).hexdigest()
        db.add(ApiToken(staff_id=person.id, token_sha256=digest, scope=scope, created_at=now))
    return token
