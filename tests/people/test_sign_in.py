"""Signing in, throttling, first passwords, signing out everywhere."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from app.office import Office
from app.people import commands, rules
from app.people.models import Staff, StaffRole
from tests.conftest import Browser, app_of
from tests.personas import ADMIN, MALEE, PASSWORD, SECRETARY, SOMCHAI


def try_in(app: Flask, login: str, password: str):
    return Browser(app).post("/sign-in", {"login": login, "password": password}, page="/sign-in")


def test_right_password_opens_and_rehashes(office: Office):
    app = app_of(office)
    with office.session() as db:
        before = db.scalars(select(Staff.password_hash).where(Staff.code == SOMCHAI)).one()
    somchai = Browser(app, SOMCHAI)
    assert "สมชาย ใจดี" in somchai.get("/").text
    with office.session() as db:
        after = db.scalars(select(Staff.password_hash).where(Staff.code == SOMCHAI)).one()
    assert before != after and "m=19456" in after
    assert PasswordHasher().verify(after, PASSWORD)


def test_wrong_name_and_wrong_password_get_one_answer(app: Flask):
    answers = [try_in(app, SOMCHAI, "wrong password"), try_in(app, "nobody", "wrong password")]
    for answer in answers:
        assert answer.status_code == 400
        assert commands.SIGN_IN_FAILED in answer.text


def test_unknown_names_cost_a_hash_too(lite_office: Office, monkeypatch: pytest.MonkeyPatch):
    tried = []
    monkeypatch.setattr(commands, "_matches", lambda stored, password: bool(tried.append(stored)))
    try_in(app_of(lite_office), "nobody", "x")
    assert tried == [""]  # An empty hash is checked against a real one of the same cost.
    monkeypatch.undo()
    assert PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1).check_needs_rehash(commands._NOBODY) is False


def test_ninth_try_is_refused_even_with_the_right_password(office: Office):
    app = app_of(office)
    for _ in range(rules.MAX_TRIES_PER_LOGIN):
        assert try_in(app, SOMCHAI, "wrong password").status_code == 400
    assert try_in(app, SOMCHAI, PASSWORD).status_code == 429
    assert try_in(app, MALEE, PASSWORD).status_code == 302


def test_first_password_must_be_changed_before_anything_else(office: Office):
    with office.session() as db:
        person = db.scalars(select(Staff).where(Staff.code == SOMCHAI)).one()
        temporary = commands.reset_password(db, person)
    app = app_of(office)
    browser = Browser(app)
    assert browser.post("/sign-in", {"login": SOMCHAI, "password": temporary}, page="/sign-in").status_code == 302
    assert browser.client.get("/plan").headers["Location"] == "/account/password"
    form = {"current_password": temporary, "new_password": "ประโยคใหม่ของสมชาย", "again": "ประโยคใหม่ของสมชาย"}
    assert browser.post("/account/password", form, page="/account/password").status_code == 302
    assert browser.get("/trainings").status_code == 200


@pytest.mark.parametrize(
    ("new", "again", "sentence"),
    [
        ("short", "short", "อย่างน้อย 10 ตัวอักษร"),
        ("long enough one", "another one", "ไม่ตรงกัน"),
        ("aaaaaaaaaaaa", "aaaaaaaaaaaa", "เดาง่าย"),
        (PASSWORD, PASSWORD, "ต้องต่างจากเดิม"),
    ],
)
def test_bad_new_password_is_explained(app: Flask, new: str, again: str, sentence: str):
    browser = Browser(app, SOMCHAI)
    form = {"current_password": PASSWORD, "new_password": new, "again": again}
    answer = browser.post("/account/password", form, page="/account/password")
    assert answer.status_code == 400
    assert sentence in answer.text


def test_sign_out_everywhere_ends_other_devices(app: Flask):
    phone, desk = Browser(app, SOMCHAI), Browser(app, SOMCHAI)
    assert "สมชาย" in phone.get("/account").text
    desk.post("/account/sign-out-everywhere")
    assert "โปรดใส่" not in phone.get("/").text
    assert phone.client.get("/account").headers["Location"].startswith("/sign-in")


def test_leaver_is_out_at_the_next_request(office: Office):
    app = app_of(office)
    somchai, secretary = Browser(app, SOMCHAI), Browser(app, SECRETARY)
    assert somchai.get("/trainings").status_code == 200
    assert secretary.post(f"/admin/people/{SOMCHAI}/leave", {"on": "2015-09-29"}).status_code == 302
    assert somchai.client.get("/trainings").headers["Location"].startswith("/sign-in")
    assert try_in(app, SOMCHAI, PASSWORD).status_code == 400


@pytest.mark.parametrize(
    "target", ["//evil", "/\\evil", "/%5cevil", "https:evil", "\t//evil", "/a\r\nX: y", "http://evil/", "/%2Fevil"]
)
def test_next_leads_nowhere_else(target: str):
    assert rules.safe_next(target) == "/"


def test_next_leads_back_inside():
    assert rules.safe_next("/plan/2558?department=D1") == "/plan/2558?department=D1"


def test_profile_ignores_fields_it_does_not_show(office: Office):
    somchai = Browser(app_of(office), SOMCHAI)
    form = {"about": "ถนัดพัสดุ", "email": "", "roles": "admin", "code": "admin2", "employment": "อื่น ๆ"}
    assert somchai.post("/account", form).status_code == 302
    with office.session() as db:
        person = db.scalars(select(Staff).where(Staff.code == SOMCHAI)).one()
        assert person.about == "ถนัดพัสดุ" and person.employment == "พนักงานเทศบาล"
        assert db.scalars(select(StaffRole.role).where(StaffRole.staff_id == person.id)).all() == []


def test_only_administrators_set_roles(app: Flask):
    assert Browser(app, SECRETARY).post(f"/admin/people/{SOMCHAI}/roles", {"roles": "admin"}).status_code == 403
    assert Browser(app, ADMIN).post(f"/admin/people/{SOMCHAI}/roles", {"roles": "secretary"}).status_code == 302


def test_login_spellings_are_one_person():
    assert rules.canonical_login(" S๑ ") == "s1"
    assert rules.canonical_login("1e3") != rules.canonical_login("1000")
