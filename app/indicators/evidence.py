"""The evidence of every row as one select each. Only this file reads other slices' tables for counting.

A line counts when `reason` is "". Keys use codes, not ids, so that an exported and imported office has the same keys.
Source of every rule: INDICATORS section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, or_, select
from sqlalchemy import Date as SqlDate
from sqlalchemy.orm import aliased

from app.activity.models import INTERNAL_CHANNELS, AccessDay, Opened, Share
from app.community.models import Lesson, Meeting, MeetingAttendee, Thread
from app.core.database import AnySelect
from app.core.fiscal_year import FiscalYear
from app.indicators.evidence_columns import (
    Columns,
    appointed,
    blank,
    day_text,
    deleted,
    line_of,
    of_article,
    of_record,
    on_roster,
    only_counted,
    status_reason,
    together,
    unknown_then,
    within,
)  # fmt: skip
from app.indicators.models import (
    Acknowledgement,
    Activity,
    CareLog,
    CheckRound,
    Compilation,
    Evaluation,
    HandCount,
    Improvement,
    QuizAttempt,
    Scope,
    Visit,
)
from app.knowledge.models import Application, Article, ArticleStanding, Review, Revision
from app.people.models import Staff, Team, TeamMember
from app.training.models import ATTENDED_KINDS, Attendance, Report, Training

# --- goal A: own learning -------------------------------------------------------------------------------------------


def trained(scope: Scope, with_excluded: bool, kinds: tuple[str, ...] = ()) -> AnySelect:
    """A1, A2: verified, completed attendance of a training that ended in the year."""
    reason = status_reason(
        Attendance,
        scope,
        (Attendance.result != "done", "อบรมไม่ครบหลักสูตร"),
        (~on_roster(Staff.id, scope), "ไม่อยู่ในฐานบุคลากร ณ วันที่คิด"),
    )
    query = (
        line_of(
            of_record(Attendance, scope, Training.end_on)
            | {
                "key": literal("staff:") + Staff.code,
                "reference": Training.code,
                "day": Training.end_on,
                "title": Training.title,
                "person_id": Staff.id,
                "channel": Training.kind,
                "url": literal("/trainings/") + Training.code,
                "part": case((Training.inside, literal("inside")), else_=literal("outside")),
                "reason": reason,
            }
        )
        .join_from(Attendance, Training, Training.id == Attendance.training_id)
        .join(Staff, Staff.id == Attendance.staff_id)
        .where(within(Training.end_on, scope))
    )
    if kinds:
        query = query.where(Training.kind.in_(kinds))
    return only_counted(query, with_excluded, reason)


def attended(scope: Scope, with_excluded: bool) -> AnySelect:
    """A2: as A1, but only อบรม, สัมมนา, ศึกษาดูงาน and ศึกษาต่อ."""
    return trained(scope, with_excluded, ATTENDED_KINDS)


def usable(scope: Scope, with_excluded: bool) -> AnySelect:
    """A3: published, categorised, not past review date, and approved this year or applied by another."""
    published = and_(
        Article.state != "draft",
        Article.first_published_on <= scope.as_of,
        or_(Article.state == "published", and_(Article.retired_on.is_not(None), Article.retired_on > scope.as_of)),
        ~deleted(scope),
    )
    faults = (
        *unknown_then(Article.created_at, scope),
        (~published, "ยังไม่เผยแพร่ หรือเลิกใช้แล้ว"),
        (~ArticleStanding.categorised, "ไม่มีหมวดหมู่"),
        (ArticleStanding.review_due_on < scope.as_of, "เลยกำหนดทบทวน"),
    )
    article_reason = case(*[(wrong, literal(text)) for wrong, text in faults], else_=literal(""))
    # What held of the article on that day, not what holds today.
    latest = aliased(ArticleStanding)
    then = select(func.max(latest.on)).where(latest.article_id == Article.id, latest.on <= scope.as_of)
    last = then.correlate(Article).scalar_subquery()
    stood = and_(ArticleStanding.article_id == Article.id, ArticleStanding.on == last)
    approved = (
        line_of(
            of_article(
                {
                    "day": Review.approved_on,
                    "person_id": Article.author_id,
                    "channel": literal("ตรวจรับรอง"),
                    "verifier_id": func.coalesce(Review.head_id, Review.reviewer_id),
                    "reason": article_reason,
                }
            )
        )
        .join_from(Review, Article, Article.id == Review.article_id)
        .outerjoin(ArticleStanding, stood)
        .where(within(Review.approved_on, scope))
    )
    applied_reason = status_reason(
        Application, scope, *faults, (Application.staff_id == Article.author_id, "ผู้เขียนนำไปใช้เอง")
    )
    applied = (
        line_of(
            of_record(Application, scope, Application.on)
            | of_article(
                {
                    "day": Application.on,
                    "person_id": Application.staff_id,
                    "channel": literal("นำไปใช้"),
                    "reason": applied_reason,
                }
            )
        )
        .join_from(Application, Article, Article.id == Application.article_id)
        .outerjoin(ArticleStanding, stood)
        .where(within(Application.on, scope))
    )
    if with_excluded:
        waiting = _not_yet_usable(scope, published, faults).outerjoin_from(Article, ArticleStanding, stood)
        return together([approved, applied, waiting])
    return together([only_counted(approved, False, article_reason), only_counted(applied, False, applied_reason)])


def _not_yet_usable(
    scope: Scope, published: ColumnElement[bool], faults: Sequence[tuple[ColumnElement[bool], str]]
) -> AnySelect:
    """What could count in A3 and does not: articles out, or sent for checking, that nobody approved or used this year."""
    waiting = select(Review.id).where(Review.open_article_id == Article.id).correlate(Article).exists()
    approved = select(Review.id).where(Review.article_id == Article.id, within(Review.approved_on, scope))
    applied = select(Application.id).where(Application.article_id == Article.id, within(Application.on, scope))
    neither = "ยังไม่มีการตรวจรับรองหรือผู้อื่นนำไปใช้ในปีนี้"
    reason = case(
        (waiting, literal("รอผู้ตรวจรับรอง")), *[(wrong, literal(text)) for wrong, text in faults], else_=literal(neither)
    )
    day = func.coalesce(Article.first_published_on, literal(scope.as_of, SqlDate()))
    columns = {"day": day, "person_id": Article.author_id, "channel": literal("บทความ"), "reason": reason}
    return line_of(of_article(columns)).where(
        or_(published, waiting),
        ~deleted(scope),
        ~approved.correlate(Article).exists(),
        ~applied.correlate(Article).exists(),
    )


def _revision_faults(scope: Scope) -> tuple[tuple[ColumnElement[bool], str], ...]:
    return (
        *unknown_then(Revision.at, scope),
        (or_(Article.first_published_on.is_(None), deleted(scope)), "บทความยังไม่เผยแพร่"),
        (Revision.approved_on.is_(None), "ยังไม่อนุมัติ"),
        (Revision.minor.is_(True), "แก้ไขเล็กน้อย"),
    )


def _revisions(scope: Scope, with_excluded: bool, faults: Sequence[tuple[ColumnElement[bool], str]]) -> AnySelect:
    reason = case(*[(wrong, literal(text)) for wrong, text in faults], else_=literal(""))
    query = (
        line_of(
            of_article(
                {
                    "day": func.coalesce(Revision.approved_on, Revision.on),
                    "person_id": Revision.editor_id,
                    "channel": case((Revision.approved_on.is_not(None), Revision.summary), else_=literal("")),
                    "reason": reason,
                }
            )
        )
        .join_from(Revision, Article, Article.id == Revision.article_id)
        .where(~Revision.first, Article.first_published_on.is_not(None))
    )
    # The act is the text reaching its readers: one saved in September and approved in October is of October.
    out = within(Revision.approved_on, scope)
    if not with_excluded:
        return query.where(out, reason == "")
    return query.where(or_(out, and_(Revision.approved_on.is_(None), within(Revision.on, scope))))


def improved(scope: Scope, with_excluded: bool) -> AnySelect:
    """A4: an approved, non-minor, non-first revision on a later day or by another than the author."""
    own_fix = and_(Revision.on <= Article.first_published_on, Revision.editor_id == Article.author_id)
    faults = [*_revision_faults(scope), (own_fix, "ผู้เขียนแก้เองในวันเผยแพร่")]
    return _revisions(scope, with_excluded, faults)


def accesses(scope: Scope, with_excluded: bool) -> AnySelect:
    """A5: counted accesses, plus persons of verified visit lines, one key each."""
    selects = [counted_accesses(scope), visits(scope, with_excluded)]
    if with_excluded:
        selects.append(excluded_openings(scope))
    return together(selects)


def counted_accesses(scope: Scope) -> AnySelect:
    """Accesses that count: the day rollup, one line and key each."""
    person = func.coalesce(Staff.code, AccessDay.person)
    return (
        line_of(
            of_article(
                {
                    "key": day_text(AccessDay.on) + "|" + person + "|" + Article.code,
                    "day": AccessDay.on,
                    "person_id": AccessDay.staff_id,
                    "channel": AccessDay.channel,
                    "part": literal("opened"),
                }
            )
        )
        .join_from(AccessDay, Article, Article.id == AccessDay.article_id)
        .outerjoin(Staff, Staff.id == AccessDay.staff_id)
        .where(within(AccessDay.on, scope), *_read_by_then(scope))
    )


def _read_by_then(scope: Scope) -> list[ColumnElement[bool]]:
    """Condition on AccessDay: one of its openings had been recorded by the day whose knowledge is asked for."""
    if scope.known_by is None:
        return []
    same = and_(Opened.article_id == AccessDay.article_id, Opened.person == AccessDay.person, Opened.on == AccessDay.on)
    known = select(Opened.id).where(same, Opened.reason.is_(None), Opened.recorded_on <= scope.as_of)
    return [known.correlate(AccessDay).exists()]


def excluded_openings(scope: Scope) -> AnySelect:
    """Openings that do not count, each with its reason."""
    person = func.coalesce(Staff.code, Opened.person)
    return (
        line_of(
            of_article(
                {
                    "key": day_text(Opened.on) + "|" + person + "|" + Article.code,
                    "day": Opened.on,
                    "person_id": Opened.staff_id,
                    "channel": Opened.channel,
                    "part": literal("opened"),
                    "reason": Opened.reason,
                }
            )
        )
        .join_from(Opened, Article, Article.id == Opened.article_id)
        .outerjoin(Staff, Staff.id == Opened.staff_id)
        .where(Opened.reason.is_not(None), within(Opened.on, scope))
    )


@lru_cache(maxsize=4)
def _numbers(column: Any) -> Any:
    """1, 2, 3 ... up to the largest value of a column: a line of n persons becomes n lines.

    One and the same for a column, so that a statement that asks twice names it once.
    """
    most = select(func.coalesce(func.max(column), 1)).scalar_subquery()
    first = select(literal(1).label("n")).cte("numbers", recursive=True)
    return first.union_all(select((first.c.n + 1).label("n")).where(first.c.n < most))


def _each(
    model: Any, number: Any, kind: str, title: Any, scope: Scope, with_excluded: bool, columns: Columns
) -> AnySelect:
    """A record that stands for several, one line and key each, the title ending in which one it is."""
    numbers = _numbers(number)
    which = cast(numbers.c.n, String)
    reason = status_reason(model, scope)
    own = {
        "key": literal(f"{kind}:") + model.code + ":" + which, "reference": model.code, "day": model.on,
        "title": title + which, "reason": reason,
    }  # fmt: skip
    query = (
        line_of(of_record(model, scope, model.on) | own | columns)
        .join_from(model, numbers, numbers.c.n <= number)
        .where(within(model.on, scope))
    )
    return only_counted(query, with_excluded, reason)


def visits(scope: Scope, with_excluded: bool) -> AnySelect:
    """Readers counted by hand at the information centre and the board, one line a person."""
    columns = {"channel": Visit.channel, "part": literal("visit"), "url": literal("/records/visit")}
    return _each(Visit, Visit.persons, "visit", literal("ผู้มาใช้บริการ คนที่ "), scope, with_excluded, columns)


def exchanged(scope: Scope, with_excluded: bool) -> AnySelect:
    """A6: exchange meetings, training reports, published articles of a training, verified internal shares."""
    return together(
        [
            _meetings(scope, with_excluded, "exchange", scope.exchange_people, "meeting"),
            _reports(scope, with_excluded),
            _training_articles(scope),
            _shares(scope, with_excluded),
        ]
    )


def _meetings(scope: Scope, with_excluded: bool, purpose: str, signed_in: int, part: str) -> AnySelect:
    present = select(func.count()).where(MeetingAttendee.meeting_id == Meeting.id).correlate(Meeting).scalar_subquery()
    reason = status_reason(
        Meeting,
        scope,
        (blank(Meeting.minutes), "ไม่มีรายงานการประชุม"),
        (present < signed_in, f"ลงชื่อไม่ถึง {signed_in} คน"),
    )
    query = line_of(
        of_record(Meeting, scope, Meeting.on)
        | {
            "key": literal("meeting:") + Meeting.code,
            "reference": Meeting.code,
            "day": Meeting.on,
            "title": Meeting.title,
            "person_id": Meeting.recorded_by_id,
            "channel": literal("ประชุม"),
            "group_id": Meeting.group_id,
            "url": literal("/meetings/") + Meeting.code,
            "part": literal(part),
            "reason": reason,
        }
    ).where(Meeting.purpose == purpose, within(Meeting.on, scope))
    return only_counted(query, with_excluded, reason)


def _reports(scope: Scope, with_excluded: bool) -> AnySelect:
    reason = status_reason(Report, scope)
    query = (
        line_of(
            of_record(Report, scope, Report.on)
            | {
                "key": literal("training:") + Training.code + "+" + Staff.code,
                "reference": Report.code,
                "day": Report.on,
                "title": Training.title,
                "person_id": Report.author_id,
                "channel": literal("รายงาน"),
                "url": literal("/trainings/") + Training.code,
                "part": literal("report"),
                "reason": reason,
            }
        )
        .join_from(Report, Training, Training.id == Report.training_id)
        .join(Staff, Staff.id == Report.author_id)
        .where(within(Report.on, scope))
    )
    return only_counted(query, with_excluded, reason)


def _first_publications(scope: Scope) -> ColumnElement[bool]:
    known = [~unknown for unknown, _ in unknown_then(Article.created_at, scope)]
    # Named states, not "any but draft": an index begins with the state.
    out = Article.state.in_(("published", "retired"))
    return and_(out, ~deleted(scope), within(Article.first_published_on, scope), *known)


def _training_articles(scope: Scope) -> AnySelect:
    return (
        line_of(
            of_article(
                {
                    "key": literal("training:") + Training.code + "+" + Staff.code,
                    "day": Article.first_published_on,
                    "person_id": Article.author_id,
                    "channel": literal("บทความ"),
                    "part": literal("article"),
                }
            )
        )
        .join_from(Article, Training, Training.id == Article.training_id)
        .join(Staff, Staff.id == Article.author_id)
        .where(_first_publications(scope))
    )


def _shares(scope: Scope, with_excluded: bool) -> AnySelect:
    internal = Share.channel.in_(INTERNAL_CHANNELS)
    faults: list[tuple[ColumnElement[bool], str]] = [
        *unknown_then(Share.at, scope),
        (or_(Share.verified_on.is_(None), Share.verified_on > scope.seen_until), "ยังไม่มีผู้อื่นเปิดอ่านผ่านลิงก์"),
    ]
    if not scope.external_shares:
        faults.append((~internal, "แชร์ภายนอก แสดงแต่ไม่นับ"))
    reason = case(*[(wrong, literal(text)) for wrong, text in faults], else_=literal(""))
    query = (
        line_of(
            of_article(
                {
                    "key": literal("share:") + Article.code + "+" + Share.target,
                    "reference": Share.code,
                    "day": Share.on,
                    "person_id": Share.sharer_id,
                    "channel": Share.channel,
                    "part": literal("share"),
                    "reason": reason,
                }
            )
        )
        .join_from(Share, Article, Article.id == Share.article_id)
        .where(within(Share.on, scope))
    )
    if not with_excluded:  # Few of many are verified: begin with those.
        query = query.where(Share.verified_on >= FiscalYear(scope.be_year).first_day)
    return only_counted(query, with_excluded, reason)


def learned(scope: Scope, with_excluded: bool) -> AnySelect:
    """A7: first publications not born of a thread or meeting, and verified applications."""
    born = or_(Article.thread_id.is_not(None), Article.meeting_id.is_not(None))
    reason = case((born, literal("เกิดจากกระทู้หรือการประชุม นับใน B7")), else_=literal(""))
    written = line_of(
        of_article(
            {
                "day": Article.first_published_on,
                "person_id": Article.author_id,
                "channel": literal("เผยแพร่"),
                "part": literal("article"),
                "reason": reason,
            }
        )
    ).where(_first_publications(scope))
    applied_reason = status_reason(Application, scope)
    applied = (
        line_of(
            of_record(Application, scope, Application.on)
            | of_article(
                {
                    "key": literal("application:") + Article.code + "+" + Staff.code,
                    "day": Application.on,
                    "person_id": Application.staff_id,
                    "channel": literal("นำไปใช้"),
                    "part": literal("application"),
                }
            )
        )
        .join_from(Application, Article, Article.id == Application.article_id)
        .join(Staff, Staff.id == Application.staff_id)
        .where(within(Application.on, scope))
    )
    return together(
        [only_counted(written, with_excluded, reason), only_counted(applied, with_excluded, applied_reason)]
    )


# --- goal B: a climate for KM ---------------------------------------------------------------------------------------


def climate(scope: Scope, with_excluded: bool) -> AnySelect:
    """B1: verified climate activities."""
    reason = status_reason(Activity, scope)
    query = line_of(
        of_record(Activity, scope, Activity.on)
        | {
            "key": literal("activity:") + Activity.code,
            "reference": Activity.code,
            "day": Activity.on,
            "title": Activity.title,
            "person_id": Activity.recorded_by_id,
            "url": literal("/records/activity"),
            "reason": reason,
        }
    ).where(Activity.kind == "climate", within(Activity.on, scope))
    return only_counted(query, with_excluded, reason)


def climate_meetings(scope: Scope, with_excluded: bool) -> AnySelect:
    """B2: climate meetings with minutes and at least three signed in."""
    return _meetings(scope, with_excluded, "climate", scope.climate_people, "")


def _team_lines(
    model: Any, kind: str, scope: Scope, with_excluded: bool, columns: Columns, *faults: tuple[ColumnElement[bool], str]
) -> AnySelect:
    not_appointed = (~appointed(model.on, kind), "ทีมไม่ได้รับแต่งตั้งในวันนั้น")
    reason = status_reason(model, scope, not_appointed, *faults)
    query = (
        line_of(
            of_record(model, scope, model.on)
            | {"reference": Team.code, "day": model.on, "person_id": model.recorded_by_id}
            | columns
            | {"reason": reason}
        )
        .join_from(model, Team, Team.id == model.team_id)
        .where(within(model.on, scope))
    )
    return only_counted(query, with_excluded, reason)


def check_rounds(scope: Scope, with_excluded: bool) -> AnySelect:
    """B3: check rounds with a result by a data team appointed that day; one per team and day."""
    columns = {
        "key": literal("check:") + Team.code + "+" + day_text(CheckRound.on),
        "title": func.substr(CheckRound.result, 1, 200),
        "url": literal("/records/check_round"),
    }
    empty = (func.trim(CheckRound.result) == "", "ไม่มีผลการตรวจ")
    return _team_lines(CheckRound, "data", scope, with_excluded, columns, empty)


def curated(scope: Scope, with_excluded: bool) -> AnySelect:
    """B4: as A4, by a member of a curating team appointed that day."""
    in_team = (
        select(TeamMember.staff_id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.staff_id == Revision.editor_id, appointed(Revision.on, "curate"))
        .correlate(Revision)
        .exists()
    )
    # Unlike A4, the team's own work counts whoever wrote the article and whenever it was first published.
    faults = [*_revision_faults(scope), (~in_team, "ผู้แก้ไม่ได้อยู่ในทีมที่แต่งตั้งในวันนั้น")]
    return _revisions(scope, with_excluded, faults)


def care(scope: Scope, with_excluded: bool) -> AnySelect:
    """B5: care-log lines by a channel team appointed that day; one per day and channel."""
    columns = {
        "key": literal("care:") + day_text(CareLog.on) + "+" + CareLog.channel,
        "title": func.substr(CareLog.what, 1, 200),
        "channel": CareLog.channel,
        "url": literal("/records/care_log"),
    }
    return _team_lines(CareLog, "channel", scope, with_excluded, columns)


def compiled(scope: Scope, with_excluded: bool) -> AnySelect:
    """B6: editions issued by a compiling team appointed that day."""
    columns = {
        "key": literal("edition:") + Compilation.edition,
        "reference": Compilation.edition,
        "title": Compilation.title,
        "url": literal("/records/compilation"),
    }
    return _team_lines(Compilation, "compile", scope, with_excluded, columns)


def lessons(scope: Scope, with_excluded: bool) -> AnySelect:
    """B7: verified lessons; one per article, else per thread, else per meeting."""
    reason = status_reason(Lesson, scope)
    key = case(
        (Article.code.is_not(None), literal("article:") + Article.code),
        (Thread.code.is_not(None), literal("thread:") + Thread.code),
        else_=literal("meeting:") + Meeting.code,
    )
    url = case(
        (Article.code.is_not(None), literal("/articles/") + Article.code),
        (Thread.code.is_not(None), literal("/threads/") + Thread.code),
        else_=literal("/meetings/") + Meeting.code,
    )
    query = (
        line_of(
            of_record(Lesson, scope, Lesson.on)
            | {
                "key": key,
                "reference": func.coalesce(Article.code, Thread.code, Meeting.code),
                "day": Lesson.on,
                "title": func.coalesce(Article.title, Thread.title, Meeting.title),
                "person_id": func.coalesce(Article.author_id, Lesson.recorded_by_id),
                "group_id": func.coalesce(Article.group_id, Thread.group_id, Meeting.group_id),
                "article_id": Article.id,
                "url": url,
                "reason": reason,
            }
        )
        .select_from(Lesson)
        .outerjoin(Article, Article.id == Lesson.article_id)
        .outerjoin(Thread, Thread.id == Lesson.thread_id)
        .outerjoin(Meeting, Meeting.id == Lesson.meeting_id)
        .where(within(Lesson.on, scope))
    )
    return only_counted(query, with_excluded, reason)


# --- change management ----------------------------------------------------------------------------------------------


def acknowledged(scope: Scope, with_excluded: bool) -> AnySelect:
    """C1: people of the roster who acknowledged this year's goals within the year."""
    reason = status_reason(Acknowledgement, scope, _not_of_roster(scope))
    query = (
        line_of(
            of_record(Acknowledgement, scope, Acknowledgement.on)
            | {
                "key": literal("staff:") + Staff.code,
                "reference": Staff.code,
                "day": Acknowledgement.on,
                "title": literal("รับทราบเป้าหมาย KM"),
                "person_id": Staff.id,
                "url": literal("/records/acknowledgement"),
                "hand": _on_paper(Acknowledgement),
                "reason": reason,
            }
        )
        .join_from(Acknowledgement, Staff, Staff.id == Acknowledgement.staff_id)
        .where(Acknowledgement.be_year == scope.be_year, within(Acknowledgement.on, scope))
    )
    return only_counted(query, with_excluded, reason)


def _on_paper(model: Any) -> ColumnElement[int]:
    """1 when another typed it from paper; what a person did on screen is their own act."""
    return case((model.recorded_by_id != model.staff_id, 1), else_=0)


def _not_of_roster(scope: Scope) -> tuple[ColumnElement[bool], str]:
    return ~on_roster(Staff.id, scope), "ไม่อยู่ในฐานบุคลากร ณ วันที่คิด"


def _passed(quiz: str, scope: Scope, with_excluded: bool) -> AnySelect:
    failed = QuizAttempt.score * 100 < QuizAttempt.max_score * scope.pass_percent
    reason = status_reason(QuizAttempt, scope, (failed, "ไม่ผ่านเกณฑ์"), _not_of_roster(scope))
    result = cast(QuizAttempt.score, String) + "/" + cast(QuizAttempt.max_score, String)
    query = (
        line_of(
            of_record(QuizAttempt, scope, QuizAttempt.on)
            | {
                "key": literal("staff:") + Staff.code,
                "reference": Staff.code,
                "day": QuizAttempt.on,
                "title": literal("แบบทดสอบ ได้ ") + result,
                "person_id": Staff.id,
                "url": literal("/records/quiz_attempt"),
                "hand": _on_paper(QuizAttempt),
                "reason": reason,
            }
        )
        .join_from(QuizAttempt, Staff, Staff.id == QuizAttempt.staff_id)
        .where(QuizAttempt.quiz == quiz, within(QuizAttempt.on, scope))
    )
    return only_counted(query, with_excluded, reason)


def understood(scope: Scope, with_excluded: bool) -> AnySelect:
    """C2, C6: people of the roster who passed the quiz "understand"."""
    return _passed("understand", scope, with_excluded)


def knows_principles(scope: Scope, with_excluded: bool) -> AnySelect:
    """C4: people of the roster who passed the quiz "principles"."""
    return _passed("principles", scope, with_excluded)


def improvements(scope: Scope, with_excluded: bool) -> AnySelect:
    """C3: improvement-log lines; one per day and channel."""
    missing = or_(*[blank(c) for c in (Improvement.before, Improvement.after, Improvement.why)])
    reason = status_reason(Improvement, scope, (missing, "ไม่ครบ ก่อน หลัง เหตุผล"))
    query = line_of(
        of_record(Improvement, scope, Improvement.on)
        | {
            "key": literal("improve:") + day_text(Improvement.on) + "+" + Improvement.channel,
            "reference": Improvement.channel,
            "day": Improvement.on,
            "title": func.substr(Improvement.after, 1, 200),
            "person_id": Improvement.recorded_by_id,
            "channel": Improvement.channel,
            "url": literal("/records/improvement"),
            "reason": reason,
        }
    ).where(within(Improvement.on, scope))
    return only_counted(query, with_excluded, reason)


def evaluations(scope: Scope, with_excluded: bool) -> AnySelect:
    """C5: evaluation rounds of this year submitted from 1 October to 120 days (the rule's own) after 30 September."""
    last = FiscalYear(scope.be_year).last_day + timedelta(days=scope.report_days)
    late = or_(Evaluation.submitted_on > last, Evaluation.submitted_on < scope.first_day)
    reason = status_reason(Evaluation, scope, (late, f"ส่งนอกช่วง 1 ต.ค. ถึง {scope.report_days} วันหลังสิ้นปี"))
    query = line_of(
        of_record(Evaluation, scope, Evaluation.submitted_on)
        | {
            "key": literal("evaluation:") + Evaluation.code,
            "reference": Evaluation.code,
            "day": Evaluation.submitted_on,
            "title": literal("รายงานการติดตามและประเมินผลเสนอนายกเทศมนตรี"),
            "url": literal("/records/evaluation"),
            "reason": reason,
        }
    ).where(Evaluation.be_year == scope.be_year, Evaluation.submitted_on <= scope.known_on)
    return only_counted(query, with_excluded, reason)


# --- any row that no act can tell -----------------------------------------------------------------------------------


def by_hand(scope: Scope, with_excluded: bool) -> AnySelect:
    """A row the plan's editor marked as counted by hand: verified counts, one key each unit."""
    columns = {
        "person_id": HandCount.recorded_by_id, "channel": literal("นับด้วยมือ"), "url": literal("/records/hand_count"),
    }  # fmt: skip
    title = func.substr(HandCount.what, 1, 200) + " หน่วยที่ "
    lines = _each(HandCount, HandCount.number, "hand", title, scope, with_excluded, columns)
    return lines.where(HandCount.row == scope.row)
