"""Pages of people: the card catalogue, asking for advice, knowledge at risk, thanks and awards."""

from __future__ import annotations

import io

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.community import advice, cards, praise
from app.community.cards import CARD_KINDS
from app.community.forms import AdviceForm, PraiseForm
from app.community.praise import DECIDERS
from app.core.errors import Invalid, NotFound
from app.core.thai import thai_date, thai_digits
from app.core.web import config, db, flash_invalid, now, offered, part, today
from app.documents import certificate
from app.people import queries as people
from app.people.current import roles_only, staff_id, staff_only, viewer
from app.people.models import Role
from app.people.rules import short_name
from app.search.query import Window

blueprint = Blueprint("catalogue", __name__)
FOUND = 40
RISK_READERS = (Role.SECRETARY, Role.HEAD, Role.EXECUTIVE, Role.NETWORK)


@blueprint.get("/people")
@staff_only
def index() -> str:
    """Who knows what: search the cards by subject, or leaf through them by department."""
    text = request.args.get("q", "").strip()
    answer = part("search").find(db(), text, viewer(), Window(0, FOUND, chosen={"kind": "person"})) if text else None
    lines = people.people_on(db(), today()) if answer is None or not answer.ready else []
    return render_template(
        "community/people.html", people=lines, text=text, answer=answer if answer and answer.ready else None,
        may_see_risk=viewer().has(*RISK_READERS),
    )  # fmt: skip


@blueprint.route("/people/<code>", methods=["GET", "POST"])
@staff_only
def person(code: str) -> str | AnyResponse | tuple[str, int]:
    """A person's card; a POST asks them for advice."""
    found = people.staff_by_code(db(), code)
    roles = people.roles_of(db(), found.id)
    if Role.GUEST in roles:
        raise NotFound("ไม่พบบุคลากรนี้")
    form = AdviceForm()
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        try:
            advice.ask_advice(db(), viewer(), found, form.subject.data or "", form.text.data or "", now())
            part("worker").wake()
            flash(f"ส่งถึง {short_name(found.name)} แล้ว คำตอบจะอยู่ที่หน้าขอคำปรึกษา")
            return redirect(url_for("catalogue.consultations"))
        except Invalid as error:
            status = form.take(error)
    if request.method == "GET":
        form.subject.data = request.args.get("about", "")[:200]
    return render_template(
        "community/person.html", person=found, services=people.service_of(db(), found.id), roles=roles, form=form,
        card=cards.card(db(), viewer(), found.id), kinds=CARD_KINDS, mine=found.id == staff_id(),
        thanks=praise.thanks_of(db(), viewer(), found.id, today().replace(year=today().year - 1, day=1))[:5],
    ), status  # fmt: skip


@blueprint.post("/people/card")
@staff_only
def hide() -> AnyResponse:
    """Keep a line off one's own card, or show it again."""
    try:
        cards.set_hidden(db(), viewer(), request.form.get("item", ""), request.form.get("hide") == "1")
        part("worker").wake()
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("catalogue.person", code=viewer().code))


@blueprint.get("/consultations")
@staff_only
def consultations() -> str:
    """What I was asked and what I asked."""
    return render_template(
        "community/advice.html", lines=advice.consultations(db(), staff_id()), me=staff_id(), typed={}
    )


@blueprint.post("/consultations/<int(max=2147483647):number>")
@staff_only
def answer(number: int) -> AnyResponse | tuple[str, int]:
    """Answer what I was asked."""
    text = request.form.get("answer", "")
    try:
        advice.give_advice(db(), viewer(), number, text, now())
    except Invalid as error:
        typed = {number: (text, error.fields["answer"])}
        lines = advice.consultations(db(), staff_id())
        return render_template("community/advice.html", lines=lines, me=staff_id(), typed=typed), 400
    part("worker").wake()
    flash("ส่งคำตอบแล้ว")
    return redirect(url_for("catalogue.consultations"))


@blueprint.get("/people/risk")
@roles_only(*RISK_READERS)
def risk() -> str:
    """What only one person knows, and who leaves within 24 months; a head sees their own department."""
    who = viewer()
    whole = who.has(Role.SECRETARY, Role.EXECUTIVE, Role.NETWORK)
    department = None if whole else who.department_id or 0
    only = cards.known_to_one(db(), today(), department)
    leaving = cards.leaving(db(), today(), only, department)
    return render_template(
        "community/risk.html", only=only, leaving=leaving, today=today(), template="expert-interview"
    )


@blueprint.route("/praise", methods=["GET", "POST"])
@staff_only
def wall() -> str | AnyResponse | tuple[str, int]:
    """The wall: thanks and awards, and a form to add to it."""
    form = PraiseForm()
    roster = [line for line in people.people_on(db(), today()) if line.id != staff_id()]
    form.to.choices = offered([("", "เลือกเพื่อนร่วมงาน"), *((line.code, line.name) for line in roster)])
    status = 400 if request.method == "POST" else 200
    if form.validate_on_submit():
        given = (form.kind.data, form.to.data, form.reason.data or "", form.article.data or "")
        try:
            made = praise.praise(db(), viewer(), *given, now())
            part("worker").wake()
            flash("ขอบคุณแล้ว คำขอบคุณอยู่บนผนัง" if made.kind == "thanks" else "เสนอชื่อแล้ว รอผู้บริหารพิจารณา")
            return redirect(url_for("catalogue.wall"))
        except Invalid as error:
            status = form.take(error)
    if request.method == "GET":
        form.to.data, form.article.data = request.args.get("to", ""), request.args.get("article", "")
    thanks, awards = praise.wall(db(), viewer())
    return render_template(
        "community/praise.html", form=form, thanks=thanks, awards=awards, me=staff_id(),
        nominations=praise.nominations(db(), viewer()), decides=viewer().has(*DECIDERS),
    ), status  # fmt: skip


@blueprint.post("/praise/<int(max=2147483647):number>")
@staff_only
def decide(number: int) -> AnyResponse:
    """Make an award of a nomination, or decline."""
    try:
        accept = request.form.get("accept") == "1"
        praise.decide(db(), viewer(), number, accept, request.form.get("note", ""), now())
        part("worker").wake()
        flash("มอบรางวัลแล้ว" if accept else "แจ้งผู้เสนอแล้ว")
    except Invalid as error:
        flash_invalid(error)
    return redirect(url_for("catalogue.wall", _anchor="nominations"))


@blueprint.get("/awards/<int(max=2147483647):number>/certificate.pdf")
@staff_only
def certificate_pdf(number: int) -> Response:
    """เกียรติบัตร of an award."""
    award, person_, giver = praise.award_of(db(), viewer(), number)
    made = certificate.certificate(
        name=person_.name, position=person_.position, reason=award.reason, giver=giver.name if giver else "", duty=giver.position if giver else "", office=config().office_name,
        on=thai_digits(thai_date(award.on, long=True)),
    )  # fmt: skip
    return send_file(io.BytesIO(made), mimetype="application/pdf", download_name=f"award-{number}.pdf")
