"""What each person does for the plan (goals acknowledged, quizzes) and what the office knows of their reading."""

from __future__ import annotations

import secrets

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.activity.models import CHANNELS, REASON_NAMES, SHARE_CHANNELS
from app.activity.queries import openings_of, shares_of
from app.activity.rules import ACCESS_RULE, SHARE_RULE
from app.core.errors import Invalid, NotFound
from app.core.fiscal_year import be_fiscal_year
from app.core.web import config, db, now, today, whole
from app.indicators import commands, quizzes
from app.indicators.models import QUIZ_SETS
from app.indicators.plans import plan_for
from app.indicators.rule_versions import rule_of
from app.knowledge.models import Article
from app.knowledge.queries import readable
from app.people.current import staff_id, staff_only, viewer

blueprint = Blueprint("goals", __name__)


QUIZ_MEASURES = {"understand": "km_understood", "principles": "principles_known"}


def _marks() -> dict[str, int]:
    """Pass mark of each quiz this year, in percent: the rule's, unless the plan's row has its own."""
    year = be_fiscal_year(today())
    rule = rule_of(db(), config(), year).settings["pass_percent"]
    own = {row.measure: row.parameters.get("pass_percent", rule) for row in plan_for(db(), year)[1]}
    return {quiz: own.get(measure, rule) for quiz, measure in QUIZ_MEASURES.items()}


@blueprint.get("/acknowledge")
@staff_only
def goals() -> str:
    """The year's goals, to be read and acknowledged, and the two quizzes."""
    year = be_fiscal_year(today())
    found, rows = plan_for(db(), year)
    marks = _marks()
    tried = {quiz: quizzes.attempts_of(db(), staff_id(), quiz, year) for quiz in QUIZ_SETS}
    passed = {quiz: any(quizzes.has_passed(one, marks[quiz]) for one in tries) for quiz, tries in tried.items()}
    return render_template(
        "indicators/goals.html", plan=found, year=year, goals=list(dict.fromkeys(row.goal for row in rows)),
        done=commands.has_acknowledged(db(), staff_id(), year), quizzes=QUIZ_SETS, passed=passed, tried=tried,
        marks=marks,
    )  # fmt: skip


@blueprint.post("/acknowledge")
@staff_only
def acknowledge() -> Response:
    """A person acknowledges the running year's goals, once."""
    commands.acknowledge(db(), staff_id(), be_fiscal_year(today()), today(), now())
    flash("บันทึกการรับทราบเป้าหมายแล้ว ขอบคุณครับ/ค่ะ")
    return redirect(url_for("goals.goals"))


@blueprint.route("/quiz/<quiz>", methods=["GET", "POST"])
@staff_only
def take(quiz: str) -> str | Response | tuple[str, int]:
    """Ten questions in random order; what was chosen stays when one was left out."""
    questions = quizzes.questions_of(quiz)
    mark = _marks()[quiz]
    attempts = quizzes.attempts_of(db(), staff_id(), quiz, be_fiscal_year(today()))
    given = {q.number: request.form.get(f"q{q.number}", "") for q in questions}
    chosen = {number: whole(text) for number, text in given.items() if text.isascii() and text.isdigit()}
    errors: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            kept = quizzes.take_quiz(db(), staff_id(), quiz, chosen, mark, today(), now())
            return redirect(url_for("goals.result", quiz=quiz, number=kept.id))
        except Invalid as error:
            errors, status = error.fields, error.status
    elif not quizzes.may_try(attempts, today(), mark):
        return redirect(url_for("goals.result", quiz=quiz, number=attempts[0].id))
    seed = whole(request.form.get("seed")) or secrets.randbelow(10**9)
    page = render_template(
        "indicators/quiz.html", quiz=quiz, title=QUIZ_SETS[quiz], asked=quizzes.in_random_order(quiz, seed), seed=seed,
        chosen=chosen, errors=errors, pass_percent=mark, many=len(questions),
    )  # fmt: skip
    return page, status


@blueprint.get("/quiz/<quiz>/<int(max=2147483647):number>")
@staff_only
def result(quiz: str, number: int) -> str:
    """How a try went, every answer explained."""
    questions = quizzes.questions_of(quiz)
    mark = _marks()[quiz]
    attempts = quizzes.attempts_of(db(), staff_id(), quiz, be_fiscal_year(today()))
    found = next((one for one in attempts if one.id == number), None)
    if found is None:
        raise NotFound("ไม่พบผลแบบทดสอบนี้ในปีนี้ของท่าน")
    return render_template(
        "indicators/quiz_result.html", quiz=quiz, title=QUIZ_SETS[quiz], attempt=found, questions=questions,
        chosen={number: choice for number, choice in found.answers or []}, passed=quizzes.has_passed(found, mark), pass_percent=mark,
        again=quizzes.may_try(attempts, today(), mark),
    )  # fmt: skip


@blueprint.get("/me/activity")
@staff_only
def activity() -> str:
    """Everything the ledger holds of the viewer's own reading and sharing this year, and what it is used for."""
    openings, shares = openings_of(db(), staff_id()), shares_of(db(), staff_id())
    ids = {one.article_id for one in openings} | {one.article_id for one in shares}
    shown = select(Article.id, Article.code, Article.title).where(Article.id.in_(ids), readable(viewer()))
    names = {number: (code, title) for number, code, title in db().execute(shown)}
    hidden = ("", "เรื่องที่ท่านอ่านไม่ได้แล้ว")
    return render_template(
        "indicators/activity.html", openings=[(one, *names.get(one.article_id, hidden)) for one in openings],
        shares=[(one, *names.get(one.article_id, hidden)) for one in shares],
        reasons={reason.value: text for reason, text in REASON_NAMES.items()}, channels=CHANNELS,
        share_channels=SHARE_CHANNELS, access_rule=ACCESS_RULE, share_rule=SHARE_RULE, traffic_days=config().traffic_days,
    )  # fmt: skip
