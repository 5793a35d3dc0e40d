"""The facilitator's pages of a group: what to look after, guests, handing over."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.community import care, commands, queries, rules, talk_queries
from app.community.forms import GuestForm, HandOverForm
from app.community.models import Group
from app.core.errors import Invalid, NotAllowed, TooLarge
from app.core.web import db, flash_invalid, now, offered, part, today
from app.people.current import staff_only, viewer

blueprint = Blueprint("care", __name__)


def _looked_after(code: str) -> Group:
    """A group this person facilitates; an administrator has no business here."""
    found = queries.group_to_see(db(), viewer(), code)
    if found.id not in viewer().facilitates:
        raise NotAllowed("หน้านี้เห็นได้เฉพาะผู้ดำเนินกลุ่ม")
    return found


@blueprint.get("/groups/<code>/care")
@staff_only
def page(code: str) -> str:
    """Who is silent or new, what waits for an answer, and the month's summary ready to send."""
    found = _looked_after(code)
    first = today().replace(day=1)
    month = care.month_of(db(), found, first)
    title, text = care.month_text(found, month)
    return render_template(
        "community/care.html", group=found, silent=care.silent_members(db(), found, today()), month=month,
        newcomers=care.newcomers(db(), found, today()), unanswered=care.unanswered(db(), found, now()), title=title,
        text=text, dormant=rules.dormant_days(talk_queries.last_talk(db(), found), today()),
        asking=[m for m in queries.members(db(), found.id) if m.standing == "asked"],
    )  # fmt: skip


@blueprint.post("/groups/<code>/greet")
@staff_only
def greet(code: str) -> Response:
    """Say welcome to a newcomer."""
    _looked_after(code)
    try:
        given = (request.form.get("staff", ""), request.form.get("text", ""))
        commands.greet(db(), viewer(), code, *given, today(), now())
        part("worker").wake()
        flash("ส่งคำทักทายแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("care.page", code=code))


@blueprint.post("/groups/<code>/summary")
@staff_only
def summary(code: str) -> Response | tuple[str, int]:
    """Send the month's summary as a thread."""
    found = _looked_after(code)
    title, text = request.form.get("title", ""), request.form.get("text", "")
    try:
        thread = commands.send_summary(db(), viewer(), part("desk"), code, title, text, now())
    except (Invalid, TooLarge, NotAllowed) as error:
        told = next(iter(error.fields.values())) if isinstance(error, Invalid) else error.message
        return render_template(
            "community/kept_summary.html", group=found, title=title, text=text, told=told
        ), error.status
    part("worker").wake()
    return redirect(url_for("talk.thread", code=thread.code))


@blueprint.route("/groups/<code>/handover", methods=["GET", "POST"])
@staff_only
def hand_over(code: str) -> str | Response | tuple[str, int]:
    """Before a facilitator leaves: what is left to do, and who goes on."""
    found = _looked_after(code)
    checklist = care.hand_over(db(), found, viewer(), today(), now())
    form = HandOverForm()
    nobody = [("", "ให้ผู้ดำเนินกลุ่มที่มีอยู่ดำเนินต่อ")] if checklist.others else [("", "เลือกผู้ดำเนินกลุ่มคนต่อไป")]
    form.successor.choices = offered([*nobody, *((m.code, m.name) for m in checklist.members)])
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            given = (form.successor.data or "", form.note.data or "")
            commands.hand_over(db(), viewer(), code, *given, now())
            part("worker").wake()
            flash(f"ส่งมอบและออกจากกลุ่ม {found.name} แล้ว ขอบคุณที่ดูแลกันมา")
            return redirect(url_for("community.index"))
        except Invalid as error:
            status = form.take(error)
    return render_template("community/hand_over.html", group=found, form=form, checklist=checklist), status


@blueprint.route("/groups/<code>/guests", methods=["GET", "POST"])
@staff_only
def guests(code: str) -> str | tuple[str, int]:
    """Guests from outside: who they are, until when, and a form to invite one."""
    found = _looked_after(code)
    form = GuestForm()
    made = None
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        given = (form.name.data or "", form.organization.data or "", form.email.data or "", form.until.data)
        try:
            made = commands.invite_guest(db(), viewer(), code, *given, today())
            form, status = GuestForm(formdata=None), 200
        except Invalid as error:
            status = form.take(error)
    members = {m.staff_id: m for m in queries.members(db(), found.id)}
    lines = [(members[number], guest) for number, guest in queries.guests(db(), found.id).items() if number in members]
    return render_template(
        "community/guests.html", group=found, form=form, lines=lines, made=made, today=today()
    ), status  # fmt: skip
