"""Signing in to a meeting: the code on the screen, the roster, a file of names, the sheet on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from app.community import meeting_queries, queries, rules, signing_in
from app.community.models import SIGN_IN_WAYS, Meeting
from app.core.errors import Invalid
from app.core.qr import qr_svg
from app.core.web import base_url, db, flash_invalid, now, part, ticked, today, whole
from app.people import queries as people
from app.people.current import SignInFirst, staff_only, viewer

blueprint = Blueprint("door", __name__)
# Between scanning and pressing the button there is time to type a password.
CLAIM_FOR = timedelta(minutes=10)


@blueprint.get("/meetings/<code>/door")
@staff_only
def screen(code: str) -> str:
    """The screen at the door: a QR that changes, and who has signed in."""
    found, _ = meeting_queries.meeting_to_run(db(), viewer(), code)
    return render_template("community/door.html", today=today(), **_shown(found))


@blueprint.get("/meetings/<code>/door/code")
@staff_only
def code_now(code: str) -> str:
    """The part of the screen that changes; the page asks every few seconds."""
    found, _ = meeting_queries.meeting_to_run(db(), viewer(), code)
    return render_template("community/door_code.html", **_shown(found))


def _shown(found: Meeting) -> dict[str, Any]:
    key = rules.door_code(found.door_key, found.id, now())
    address = base_url() + url_for("door.sign_in", code=found.code, k=key)
    present = meeting_queries.signed_in(db(), found.id)
    return {"meeting": found, "code": qr_svg(address), "address": address, "present": present}


@blueprint.route("/meetings/<code>/sign-in", methods=["GET", "POST"])
def sign_in(code: str) -> str | Response | tuple[str, int]:
    """Where the QR leads: one button. Nothing is signed by only opening the page."""
    claim = f"door:{code[:40]}"
    if request.method == "GET" and _opens(code):
        session[claim] = now().isoformat()
    if viewer().staff_id is None:
        raise SignInFirst
    found, _ = meeting_queries.meeting_by_code(db(), viewer(), code)
    try:
        scanned = datetime.fromisoformat(session[claim]) if claim in session else None
    except ValueError:
        scanned = None
    fresh = scanned is not None and timedelta() <= now() - scanned <= CLAIM_FOR
    mine = next((one for one in meeting_queries.signed_in(db(), found.id) if one.staff_id == viewer().staff_id), None)
    if request.method == "POST":
        if mine is None and not fresh:
            flash("รหัสหมดเวลาแล้ว โปรดสแกน QR บนจออีกครั้ง", "error")
        elif mine is None:
            try:
                signing_in.sign_in(db(), viewer(), found, "qr", now())
                session.pop(claim, None)
            except Invalid as error:
                flash_invalid(error)
        return redirect(url_for("door.sign_in", code=code))
    return render_template("community/sign_in_meeting.html", meeting=found, fresh=fresh, mine=mine)


def _opens(code: str) -> bool:
    row = meeting_queries.door_of(db(), code)
    key = request.args.get("k", "")
    return row is not None and rules.opens_door(row.door_key, row.id, key, now())


@blueprint.post("/meetings/<code>/present")
@staff_only
def present(code: str) -> Response:
    """Tick who was there, from the roster or from the sheet on paper."""
    how = request.form.get("how", "roster")
    listed = {line.id for line in people.people_on(db(), today())}
    try:
        if how not in ("roster", "paper"):
            raise Invalid({"how": "โปรดเลือกว่าติ๊กจากรายชื่อหรือจากใบลงชื่อกระดาษ"})
        signing_in.set_present(db(), viewer(), code, ticked("attendee"), listed, how, now())
        flash("บันทึกผู้เข้าประชุมแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("meetings.show", code=code, _anchor="present"))


@blueprint.post("/meetings/<code>/late")
@staff_only
def late(code: str) -> Response:
    """Mark somebody as late, or not."""
    try:
        given = (whole(request.form.get("staff")), request.form.get("late") == "1")
        signing_in.set_late(db(), viewer(), code, *given)
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("meetings.show", code=code, _anchor="present"))


@blueprint.post("/meetings/<code>/csv")
@staff_only
def from_csv(code: str) -> Response:
    """Sign in the people of a file."""
    upload = request.files.get("csv")
    try:
        roster = people.people_on(db(), today())
        new, known = signing_in.sign_in_from_csv(db(), viewer(), code, upload.read() if upload else b"", roster, now())
        flash(f"ลงชื่อจากไฟล์แล้ว {new} คน" + (f" มีชื่ออยู่ก่อนแล้ว {known} คน" if known else ""))
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("meetings.show", code=code, _anchor="present"))


@blueprint.get("/meetings/<code>/sheet")
@staff_only
def sheet(code: str) -> str:
    """The sign-in sheet to print, with those who signed in already and empty lines for others."""
    found, group = meeting_queries.meeting_by_code(db(), viewer(), code)
    signed = meeting_queries.signed_in(db(), found.id)
    known = {one.staff_id for one in signed}
    expected = queries.members(db(), group.id) if group is not None else []
    others = [one for one in expected if one.standing != "asked" and one.staff_id not in known]
    return render_template(
        "community/sheet.html", meeting=found, group=group, signed=signed, others=others,
        ways=SIGN_IN_WAYS, when=rules.meeting_time(found), office=part("config").office_name,
    )  # fmt: skip
