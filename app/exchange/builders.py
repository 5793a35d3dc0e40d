"""From checked records to rows, one function a type. References are known to exist when these run."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from app.activity import rules as activity_rules
from app.activity.models import Opened, OpenedFacts, Reason, Share
from app.community.models import (
    Award,
    Group,
    Lesson,
    Meeting,
    MeetingAttendee,
    Membership,
    Post,
    Thread,
)
from app.core.clock import bangkok_day
from app.core.files import clean_name
from app.core.rendering import Rendered
from app.core.thai import BANGKOK
from app.exchange import article_records, plan_records
from app.exchange.formats import BadRecord, Record
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
    Visit,
)
from app.knowledge.commands import Desk, render_article
from app.knowledge.models import (
    Application,
    Article,
    ArticleCredit,
    ArticleStanding,
    ArticleTag,
    Attachment,
    Category,
    Review,
    Revision,
)
from app.knowledge.publishing import note_links, note_standing
from app.people.models import Department, Role, Service, Staff, StaffRole, Team, TeamMember
from app.people.rules import short_name
from app.training.models import Attendance, Report, Training

# Where codes of a type are looked up; an account is a person like the others.
_TABLES: dict[str, Any] = {
    "department": Department, "staff": Staff, "team": Team, "training": Training, "group": Group, "thread": Thread,
    "meeting": Meeting, "article": Article, "share": Share,
}  # fmt: skip
_OWN_GUEST = re.compile("g[0-9a-f]{24}")


class Builder:
    """What builders share: the session, codes already known, and what must be counted or indexed again."""

    def __init__(self, db: Session, desk: Desk, now: datetime, folder: Path | None) -> None:
        self.db, self.desk, self.now, self.folder = db, desk, now, folder
        self.codes: dict[str, dict[str, int]] = {}
        self.touched_articles: set[int] = set()
        self.touched_threads: set[int] = set()
        self.touched_ledger: set[int] = set()
        self._people: dict[str, str] | None = None

    def ids(self, kind: str) -> dict[str, int]:
        """Code -> id of a type; one statement, then remembered until the type changes."""
        if kind not in self.codes:
            model = _TABLES[kind]
            self.codes[kind] = {code: number for code, number in self.db.execute(select(model.code, model.id))}
        return self.codes[kind]

    def id(self, kind: str, code: str | None) -> int | None:
        """Id of a code, None for None."""
        return None if code is None else self.ids(kind)[code]

    def forget(self, kind: str) -> None:
        """The type has changed."""
        self.codes.pop("staff" if kind == "account" else kind, None)

    def people(self) -> dict[str, str]:
        """Names for mentions."""
        if self._people is None:
            rows = self.db.execute(select(Staff.name, Staff.code))
            self._people = {short_name(name): code for name, code in rows}
        return self._people

    def article(self, code: str) -> Article:
        """An article by code."""
        return self.db.get_one(Article, self.ids("article")[code])


def _human(b: Builder, record: Record) -> dict[str, Any]:
    given = record.given
    if given["file_sha256"] and b.folder is not None:
        beside = b.folder / "attachments" / given["file_sha256"]
        if re.fullmatch("[0-9a-f]{64}", given["file_sha256"]) and beside.is_file():
            b.desk.files.keep(beside.read_bytes())
    verified = given["status"] == "verified"
    return {
        "status": given["status"],
        "recorded_by_id": b.id("staff", given["recorded_by"]),
        "verified_by_id": b.id("staff", given["verified_by"]),
        "recorded_at": given["recorded_at"] or b.now,
        "verified_at": given["verified_at"] or (b.now if verified else None),
        "voided_at": given["voided_at"],
        "void_reason": given["void_reason"],
        "file_sha256": given["file_sha256"],
    }


def _department(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"code": g["code"], "name": g["name"]}


def _team(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("code", "kind", "order_no", "valid_from", "valid_to")}


def _training(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    names = ("code", "title", "kind", "organizer", "place", "hours", "inside", "order_no")
    return {name: g[name] for name in names} | {"start_on": g["start"], "end_on": g["end"]}


def _attendance(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "training_id": b.id("training", g["training"]), "staff_id": b.id("staff", g["staff"]), "result": g["result"]
    }  # fmt: skip


def _report(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "code": g["code"], "training_id": b.id("training", g["training"]), "author_id": b.id("staff", g["author"]),
        "on": g["on"],
    }  # fmt: skip


def _speaks_of(record: Record, name: str) -> bool:
    """Whether an update sets a field: an extra one that the file does not name stays as it is."""
    return name in record.said or not record.type.by_name[name].extra


def _group(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        name: g[name]
        for name in ("code", "name", "purpose", "visibility", "founded_on", "glossary", "archived_on", "goal")
    }


def _meeting(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("code", "title", "purpose", "on", "minutes", "kind", "place", "agenda")} | {
        "group_id": b.id("group", g["group"]),
        "training_id": b.id("training", g["training"]),
    }


def _visit(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("code", "channel", "on", "persons")}


def _application(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "article_id": b.id("article", g["article"]), "staff_id": b.id("staff", g["staff"]), "on": g["on"],
        "note": g["note"], "place": g["place"][:300], "result": g["result"][:2000],
    }  # fmt: skip


def _activity(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("code", "kind", "on", "title")}


def _check_round(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"team_id": b.id("team", g["team"]), "on": g["on"], "result": g["result"]}


def _care_log(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"team_id": b.id("team", g["team"]), "channel": g["channel"], "on": g["on"], "what": g["what"]}


def _improvement(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("channel", "on", "before", "after", "why")}


def _compilation(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"team_id": b.id("team", g["team"]), "edition": g["edition"], "title": g["title"], "on": g["on"]}


def _lesson(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "on": g["on"], "text": g["text"], "thread_id": b.id("thread", g["thread"]),
        "meeting_id": b.id("meeting", g["meeting"]), "article_id": b.id("article", g["article"]),
    }  # fmt: skip


def _acknowledgement(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"staff_id": b.id("staff", g["staff"]), "be_year": g["year"], "on": g["on"]}


def _quiz_attempt(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "staff_id": b.id("staff", g["staff"]), "quiz": g["set"], "on": g["on"], "score": g["score"],
        "max_score": g["max"],
    }  # fmt: skip


def _evaluation(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {"code": g["code"], "be_year": g["year"], "submitted_on": g["submitted_on"]}


def _hand_count(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {name: g[name] for name in ("code", "row", "on", "number", "what")}


def _award(b: Builder, g: dict[str, Any]) -> dict[str, Any]:
    return {
        "staff_id": b.id("staff", g["staff"]), "on": g["on"], "reason": g["reason"],
        "article_id": b.id("article", g["article"]),
    }  # fmt: skip


@dataclass(frozen=True)
class _Plain:
    """A type whose record is one row: its model and the columns from the given values."""

    model: Any
    columns: Callable[[Builder, dict[str, Any]], dict[str, Any]]

    def add(self, b: Builder, records: list[Record]) -> None:
        """Insert many."""
        rows = [self.columns(b, record.given) | (_human(b, record) if record.type.human else {}) for record in records]
        b.db.execute(insert(self.model), rows)

    def update(self, b: Builder, record: Record) -> None:
        """Change the row of this key."""
        columns = self.columns(b, record.given) | (_human(b, record) if record.type.human else {})
        names = {"training": "training_id", "staff": "staff_id", "article": "article_id"}
        keys = [names.get(name, name) for name in record.type.update_key or record.type.key]
        found = b.db.scalars(
            select(self.model).where(*[getattr(self.model, name) == columns[name] for name in keys]).limit(1)
        ).one()
        for name, value in columns.items():
            setattr(found, name, value)


_PLAIN: dict[str, _Plain] = {
    "department": _Plain(Department, _department), "training": _Plain(Training, _training),
    "training_attendance": _Plain(Attendance, _attendance), "report": _Plain(Report, _report),
    "visit": _Plain(Visit, _visit), "application": _Plain(Application, _application),
    "activity": _Plain(Activity, _activity), "check_round": _Plain(CheckRound, _check_round),
    "care_log": _Plain(CareLog, _care_log), "improvement": _Plain(Improvement, _improvement),
    "compilation": _Plain(Compilation, _compilation), "lesson": _Plain(Lesson, _lesson),
    "acknowledgement": _Plain(Acknowledgement, _acknowledgement), "quiz_attempt": _Plain(QuizAttempt, _quiz_attempt),
    "evaluation": _Plain(Evaluation, _evaluation), "award": _Plain(Award, _award),
    "hand_count": _Plain(HandCount, _hand_count),
}  # fmt: skip


# --- people ---------------------------------------------------------------------------------------------------------


def _add_accounts(b: Builder, records: list[Record]) -> None:
    for record in records:
        person = Staff(code=record.given["code"], name=record.given["name"])
        b.db.add(person)
        b.db.flush()
        b.db.add_all([StaffRole(staff_id=person.id, role=role) for role in record.given["roles"]])
    b.forget("staff")


def _add_staff(b: Builder, records: list[Record]) -> None:
    emails = set(b.db.scalars(select(Staff.email).where(Staff.email.is_not(None))))
    for record in records:
        g = record.given
        if g["code"] in b.ids("staff"):
            raise BadRecord(record.line, "code", "รหัสนี้เป็นบัญชีระบบที่ไม่อยู่ในฐานบุคลากร")
        if g["email"] and g["email"] in emails:
            raise BadRecord(record.line, "email", "อีเมลนี้มีผู้ใช้แล้ว")
        emails.add(g["email"])
        person = Staff(code=g["code"])
        b.db.add(person)
        _fill_staff(b, person, record)
    b.forget("staff")


def _fill_staff(b: Builder, person: Staff, record: Record) -> None:
    g = record.given
    person.name, person.position, person.employment = g["name"], g["position"], g["employment"]
    person.email, person.about = g["email"] or None, g["about"]
    b.db.flush()
    for service in g["services"] or ((g["department"], g["start"], g["end"]),):
        if service[0] not in b.ids("department"):
            raise BadRecord(record.line, "services", f"ไม่พบ department รหัส {service[0]!r}")
        department_id = b.ids("department")[service[0]]
        b.db.add(Service(staff_id=person.id, department_id=department_id, start_on=service[1], end_on=service[2]))
    b.db.add_all([StaffRole(staff_id=person.id, role=role) for role in g["roles"]])


def _update_account(b: Builder, record: Record) -> None:
    person = b.db.get_one(Staff, b.ids("staff")[record.given["code"]])
    person.name = record.given["name"]
    b.db.execute(delete(StaffRole).where(StaffRole.staff_id == person.id))
    b.db.add_all([StaffRole(staff_id=person.id, role=role) for role in record.given["roles"]])


def _update_staff(b: Builder, record: Record) -> None:
    person = b.db.get_one(Staff, b.ids("staff")[record.given["code"]])
    b.db.execute(delete(Service).where(Service.staff_id == person.id))
    b.db.execute(delete(StaffRole).where(StaffRole.staff_id == person.id))
    _fill_staff(b, person, record)


def _add_teams(b: Builder, records: list[Record]) -> None:
    for record in records:
        team = Team(**_team(b, record.given))
        b.db.add(team)
        b.db.flush()
        _fill_team(b, team, record)


def _fill_team(b: Builder, team: Team, record: Record) -> None:
    members = record.given["members"]
    b.db.add_all([TeamMember(team_id=team.id, staff_id=b.ids("staff")[code]) for code in members])


def _update_team(b: Builder, record: Record) -> None:
    team = b.db.get_one(Team, b.ids("team")[record.given["code"]])
    for name, value in _team(b, record.given).items():
        setattr(team, name, value)
    b.db.execute(delete(TeamMember).where(TeamMember.team_id == team.id))
    _fill_team(b, team, record)


# --- community ------------------------------------------------------------------------------------------------------


def _add_groups(b: Builder, records: list[Record]) -> None:
    for record in records:
        group = Group(**_group(b, record.given))
        b.db.add(group)
        b.db.flush()
        _fill_group(b, group, record)


def _fill_group(b: Builder, group: Group, record: Record) -> None:
    standing = dict.fromkeys(record.given["members"], "member") | dict.fromkeys(
        record.given["facilitators"], "facilitator"
    )
    b.db.add_all(
        Membership(group_id=group.id, staff_id=b.ids("staff")[code], standing=kind, since=group.founded_on)
        for code, kind in standing.items()
    )


def _update_group(b: Builder, record: Record) -> None:
    group = b.db.get_one(Group, b.ids("group")[record.given["code"]])
    for name, value in _group(b, record.given).items():
        if _speaks_of(record, name):
            setattr(group, name, value)
    named = {*record.given["members"], *record.given["facilitators"]}
    named_ids = [b.ids("staff")[code] for code in named]
    # Requests of others stay: a file says who is in, not who asks.
    gone = or_(Membership.standing != "asked", Membership.staff_id.in_(named_ids))
    b.db.execute(delete(Membership).where(Membership.group_id == group.id, gone))
    _fill_group(b, group, record)
    b.touched_threads |= set(b.db.scalars(select(Thread.id).where(Thread.group_id == group.id)))


def _talk(b: Builder, record: Record) -> Rendered:
    return b.desk.renderer.render(record.given["body"], people=b.people())


def _add_threads(b: Builder, records: list[Record]) -> None:
    for record in records:
        g, rendered = record.given, _talk(b, record)
        thread = Thread(
            code=g["code"], group_id=b.ids("group")[g["group"]], author_id=b.ids("staff")[g["author"]],
            title=g["title"], body=g["body"], html=rendered.html, at=g["at"], last_at=g["at"],
            asked_as=g["asked_as"], pinned=g["pinned"], locked=g["locked"], kind=g["kind"],
        )  # fmt: skip
        b.db.add(thread)
        b.db.flush()
        _merge_thread(b, thread, record)
        b.touched_threads.add(thread.id)


def _merge_thread(b: Builder, thread: Thread, record: Record) -> None:
    """A thread that went into another leads there; nothing for one that is not there."""
    into = b.db.scalar(select(Thread.id).where(Thread.code == record.given["merged_into"]))
    thread.merged_into_id = into if into != thread.id else None


def _update_thread(b: Builder, record: Record) -> None:
    g, rendered = record.given, _talk(b, record)
    thread = b.db.get_one(Thread, b.ids("thread")[g["code"]])
    thread.group_id, thread.author_id = b.ids("group")[g["group"]], b.ids("staff")[g["author"]]
    thread.title, thread.body, thread.html, thread.at = g["title"], g["body"], rendered.html, g["at"]
    for name in ("asked_as", "pinned", "locked", "kind"):
        if _speaks_of(record, name):
            setattr(thread, name, g[name])
    if _speaks_of(record, "merged_into"):
        _merge_thread(b, thread, record)
    b.touched_threads.add(thread.id)


def _add_posts(b: Builder, records: list[Record]) -> None:
    last: dict[int, datetime] = {}
    for record in records:
        g, rendered = record.given, _talk(b, record)
        thread_id = b.ids("thread")[g["thread"]]
        post = Post(
            thread_id=thread_id, author_id=b.ids("staff")[g["author"]], body=g["body"], html=rendered.html, at=g["at"],
            is_answer=g["is_answer"],
        )  # fmt: skip
        b.db.add(post)
        b.db.flush()
        last[thread_id] = max(g["at"], last.get(thread_id, g["at"]))
    for thread in b.db.scalars(select(Thread).where(Thread.id.in_(last))):
        thread.last_at = max(thread.last_at, last[thread.id])
    b.touched_threads |= set(last)


def _add_meetings(b: Builder, records: list[Record]) -> None:
    for record in records:
        meeting = Meeting(**_meeting(b, record.given), **_human(b, record))
        b.db.add(meeting)
        b.db.flush()
        _fill_meeting(b, meeting, record)


def _fill_meeting(b: Builder, meeting: Meeting, record: Record) -> None:
    attendees = record.given["attendees"]
    b.db.add_all([MeetingAttendee(meeting_id=meeting.id, staff_id=b.ids("staff")[code]) for code in attendees])


def _update_meeting(b: Builder, record: Record) -> None:
    meeting = b.db.get_one(Meeting, b.ids("meeting")[record.given["code"]])
    for name, value in (_meeting(b, record.given) | _human(b, record)).items():
        if name not in record.type.by_name or _speaks_of(record, name):
            setattr(meeting, name, value)
    named = {b.ids("staff")[code] for code in record.given["attendees"]}
    mine = MeetingAttendee.meeting_id == meeting.id
    # Who stays keeps how and when they signed in.
    b.db.execute(delete(MeetingAttendee).where(mine, MeetingAttendee.staff_id.not_in(named)))
    known = set(b.db.scalars(select(MeetingAttendee.staff_id).where(mine)))
    b.db.add_all([MeetingAttendee(meeting_id=meeting.id, staff_id=number) for number in sorted(named - known)])


# --- articles -------------------------------------------------------------------------------------------------------


def _category_id(b: Builder, name: str) -> int | None:
    if not name:
        return None
    found = b.db.scalar(select(Category.id).where(Category.name == name))
    if found is None:
        category = Category(name=name[:200])
        b.db.add(category)
        b.db.flush()
        found = category.id
    return found


def _article_columns(b: Builder, record: Record) -> dict[str, Any]:
    g = record.given
    published = g["first_published_on"] or (bangkok_day(b.now) if g["state"] != "draft" else None)
    return {
        "code": g["code"], "title": g["title"][:300], "category_id": _category_id(b, g["category"]),
        "author_id": b.ids("staff")[g["author"]], "visibility": g["visibility"],
        "group_id": b.id("group", g["group"]), "state": g["state"], "training_id": b.id("training", g["training"]),
        "thread_id": b.id("thread", g["thread"]), "meeting_id": b.id("meeting", g["meeting"]),
        "first_published_on": published, "review_approved_on": g["review_approved_on"],
        "review_approved_by_id": b.id("staff", g["review_approved_by"]), "review_due_on": g["review_due_on"],
        "retired_on": g["retired_on"], "retire_reason": g["retire_reason"],
    }  # fmt: skip


def _written_at(b: Builder, day: date | None) -> datetime:
    return datetime.combine(day, time(9), BANGKOK) if day else b.now


def _add_articles(b: Builder, records: list[Record]) -> None:
    for record in records:
        columns = _article_columns(b, record)
        at = _written_at(b, columns["first_published_on"])
        public = record.given["state"] != "draft"
        article = Article(
            **columns, created_at=at, updated_at=at, latest_number=1, version=1, published_number=1 if public else None
        )
        b.db.add(article)
        b.db.flush()
        out_on = article.first_published_on if public else None
        _add_text(b, article, 1, record.given["body"], article.author_id, at, out_on, first=public)
        _fill_article(b, article, record)


def _fill_article(b: Builder, article: Article, record: Record) -> None:
    if article.review_approved_on is not None:
        article_records.approve(b, article, article.review_approved_on, article.review_approved_by_id)
    b.db.execute(delete(ArticleStanding).where(ArticleStanding.article_id == article.id))
    if article.first_published_on is not None:
        note_standing(b.db, article, article.first_published_on)
    b.db.add_all([ArticleTag(article_id=article.id, tag=tag[:60]) for tag in record.given["tags"]])
    credited = record.given["credited"]
    b.db.add_all([ArticleCredit(article_id=article.id, staff_id=b.ids("staff")[code]) for code in credited])
    b.touched_articles.add(article.id)


def _add_text(
    b: Builder, article: Article, number: int, body: str, editor_id: int, at: datetime, approved_on: date | None, *,
    first: bool = False, minor: bool = False, summary: str = "",
) -> None:  # fmt: skip
    rendered = render_article(replace(b.desk, people=b.people()), article.code, body)
    b.db.add(
        Revision(
            article_id=article.id, number=number, title=article.title, body=body, html=rendered.html,
            headings=[[h.level, h.anchor, h.text] for h in rendered.headings], editor_id=editor_id, at=at,
            on=bangkok_day(at), summary=summary[:300], minor=minor, approved=approved_on is not None,
            approved_on=approved_on, first=first, version=article.version,
        )
    )  # fmt: skip
    if approved_on is not None:
        note_links(b.db, article.id, rendered.html)


def _update_article(b: Builder, record: Record) -> None:
    article = b.article(record.given["code"])
    columns, was = _article_columns(b, record), article.review_approved_on
    if was != columns["review_approved_on"]:
        same_day = (Review.article_id == article.id, Review.approved_on == was, Review.policy == "none")
        b.db.execute(delete(Review).where(*same_day))
    for name, value in columns.items():
        setattr(article, name, value)
    first = b.db.scalars(
        select(Revision).where(Revision.article_id == article.id).order_by(Revision.first.desc(), Revision.number)
    ).first()
    assert first is not None
    public = article.state != "draft"
    rendered = render_article(replace(b.desk, people=b.people()), article.code, record.given["body"])
    first.title, first.body, first.html = article.title, record.given["body"], rendered.html
    first.headings = [[h.level, h.anchor, h.text] for h in rendered.headings]
    first.first, first.approved, first.editor_id = public, public, article.author_id
    first.approved_on = article.first_published_on if public else None
    article.published_number = (article.published_number or first.number) if public else None
    article.version += 1
    b.db.execute(delete(ArticleTag).where(ArticleTag.article_id == article.id))
    b.db.execute(delete(ArticleCredit).where(ArticleCredit.article_id == article.id))
    _fill_article(b, article, record)
    b.touched_ledger.add(article.id)


def _add_revisions(b: Builder, records: list[Record]) -> None:
    for record in sorted(records, key=lambda one: one.given["at"]):
        g = record.given
        article = b.article(g["article"])
        body = g["body"]
        if body is None:
            latest = (Revision.article_id == article.id, Revision.number == article.latest_number)
            body = b.db.scalars(select(Revision.body).where(*latest)).one()
        article.latest_number += 1
        article.version += 1
        approved = g["approved"]
        approved_on = (g["approved_on"] or bangkok_day(g["at"])) if approved else None
        _add_text(
            b, article, article.latest_number, body, b.ids("staff")[g["editor"]], g["at"], approved_on,
            minor=g["minor"], summary=g["summary"],
        )  # fmt: skip
        if approved and article.state != "draft":
            article.published_number = article.latest_number
        article.updated_at = max(article.updated_at, g["at"])
        b.touched_articles.add(article.id)
        b.db.flush()


def _add_attachments(b: Builder, records: list[Record]) -> None:
    for record in records:
        g = record.given
        source = (b.folder or Path()) / "attachments" / g["sha256"]
        if not re.fullmatch("[0-9a-f]{64}", g["sha256"]) or not source.is_file():
            raise BadRecord(record.line, "sha256", "ไม่พบไฟล์ในโฟลเดอร์ attachments ข้างไฟล์นำเข้า")
        stored = b.desk.files.keep(source.read_bytes())
        if stored.sha256 != g["sha256"]:
            raise BadRecord(record.line, "sha256", "เนื้อไฟล์ไม่ตรงกับ sha256")
        b.db.add(
            Attachment(
                article_id=b.ids("article")[g["article"]], name=clean_name(g["name"], stored.media_type),
                sha256=stored.sha256, size=stored.size, media_type=stored.media_type,
                added_by_id=b.ids("staff")[g["added_by"]], added_at=g["at"],
            )
        )  # fmt: skip


# --- ledger ---------------------------------------------------------------------------------------------------------


def _add_shares(b: Builder, records: list[Record]) -> None:
    rows = [
        {
            "code": r.given["code"], "token": secrets.token_urlsafe(12), "article_id": b.ids("article")[r.given["article"]],
            "sharer_id": b.ids("staff")[r.given["sharer"]], "channel": r.given["channel"],
            "target": r.given["target"][:200], "at": r.given["at"], "on": bangkok_day(r.given["at"]),
        }
        for r in records
    ]  # fmt: skip
    b.db.execute(insert(Share), rows)


def _update_share(b: Builder, record: Record) -> None:
    share = b.db.get_one(Share, b.ids("share")[record.given["code"]])
    g = record.given
    share.article_id, share.sharer_id = b.ids("article")[g["article"]], b.ids("staff")[g["sharer"]]
    share.channel, share.target, share.at = g["channel"], g["target"], g["at"]
    share.on, share.verified_on = bangkok_day(g["at"]), None
    b.touched_ledger.add(share.article_id)


def canonical_access(b: Builder, record: Record) -> Record:
    """An access as the ledger keeps it: a guest as a keyed hash of the day, a program as robot or not."""
    given = dict(record.given)
    if given["guest"] is not None and not _OWN_GUEST.fullmatch(given["guest"]):
        day = bangkok_day(given["at"]).isoformat()
        digest = hmac.new(day.encode(), given["guest"].encode(), hashlib.sha256).hexdigest()
        given["guest"] = "g" + digest[:24]
    agent = given["user_agent"]
    given["user_agent"] = "bot" if agent is not None and activity_rules.is_robot(agent) else None
    return replace(record, given=given)


def existing_accesses(db: Session, b: Builder, records: list[Record]) -> Iterator[Record]:
    """Accesses of the ledger on the days that the file speaks of, as records with line 0."""
    days = {bangkok_day(record.given["at"]) for record in records}
    names = {kind: {number: code for code, number in b.ids(kind).items()} for kind in ("article", "staff", "share")}
    query = select(Opened).where(Opened.on >= min(days), Opened.on <= max(days)).execution_options(yield_per=5000)
    shape = records[0].type
    for line in db.scalars(query):
        if line.on not in days:
            continue
        given = {
            "article": names["article"][line.article_id],
            "staff": names["staff"].get(line.staff_id or 0),
            "guest": line.person if line.staff_id is None else None,
            "at": line.at,
            "channel": line.channel,
            "user_agent": "bot" if line.robot else None,
            "status_code": line.status_code,
            "share": names["share"].get(line.share_id or 0),
            "judged": line.reason or "counted",
        }
        yield Record(0, shape, given, frozenset(given))


@dataclass(frozen=True)
class _Readers:
    """What judging imported accesses needs to know."""

    admins: frozenset[int]
    groups: dict[int, frozenset[int]]
    credited: dict[int, frozenset[int]]
    edits: dict[tuple[int, int], list[datetime]]


def _readers(b: Builder) -> _Readers:
    admins = frozenset(b.db.scalars(select(StaffRole.staff_id).where(StaffRole.role == Role.ADMIN.value)))
    groups: dict[int, set[int]] = defaultdict(set)
    in_group = Membership.standing.in_(("member", "facilitator"))
    for staff_id, group_id in b.db.execute(select(Membership.staff_id, Membership.group_id).where(in_group)):
        groups[staff_id].add(group_id)
    credited: dict[int, set[int]] = defaultdict(set)
    for article_id, staff_id in b.db.execute(select(ArticleCredit.article_id, ArticleCredit.staff_id)):
        credited[article_id].add(staff_id)
    edits: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    query = select(Revision.article_id, Revision.editor_id, Revision.at).order_by(Revision.at)
    for article_id, editor_id, at in b.db.execute(query):
        edits[article_id, editor_id].append(at)
    return _Readers(
        admins,
        {staff: frozenset(found) for staff, found in groups.items()},
        {article: frozenset(found) for article, found in credited.items()},
        edits,
    )


def _add_accesses(b: Builder, records: list[Record]) -> None:
    readers = _readers(b)
    wanted = {b.ids("article")[record.given["article"]] for record in records}
    articles = {a.id: a for a in b.db.scalars(select(Article).where(Article.id.in_(wanted)))}
    today = bangkok_day(b.now)
    rows = [_access_row(b, record, articles, readers, today) for record in records]
    b.db.execute(insert(Opened), rows)
    b.touched_ledger |= wanted


def _access_row(
    b: Builder, record: Record, articles: dict[int, Article], readers: _Readers, today: date
) -> dict[str, Any]:
    g = record.given
    article = articles[b.ids("article")[g["article"]]]
    staff_id = b.id("staff", g["staff"])
    local = g["at"].astimezone(BANGKOK)
    earlier = [at for at in readers.edits.get((article.id, staff_id or 0), ()) if at <= g["at"]]
    facts = OpenedFacts(
        at=g["at"],
        status_code=g["status_code"],
        robot=g["user_agent"] == "bot",
        permitted=_permitted(article, staff_id, readers),
        published=article.first_published_on is not None
        and article.state != "draft"
        and article.first_published_on <= local.date()
        and (article.retired_on is None or local.date() <= article.retired_on),
        is_author=staff_id == article.author_id,
        is_admin=staff_id in readers.admins,
        last_edit_at=max(earlier) if earlier else None,
    )
    reason = activity_rules.reason_against(facts)
    if g["judged"] is not None:
        # An export says how the ledger judged; later changes of people and articles do not change the past.
        reason = None if g["judged"] in ("counted", Reason.DOUBLE) else Reason(g["judged"])
    return {
        "article_id": article.id, "person": activity_rules.person_key(staff_id, g["guest"] or ""),
        "staff_id": staff_id, "at": g["at"], "on": local.date(), "hour": local.hour, "channel": g["channel"],
        "share_id": b.id("share", g["share"]), "robot": facts.robot, "status_code": g["status_code"],
        "reason": reason.value if reason else None, "recorded_on": today,
    }  # fmt: skip


def _permitted(article: Article, staff_id: int | None, readers: _Readers) -> bool:
    if article.visibility == "public":
        return True
    if staff_id is None:
        return False
    if article.visibility == "staff" or staff_id == article.author_id:
        return True
    return article.group_id in readers.groups.get(staff_id, ()) or staff_id in readers.credited.get(article.id, ())


def _nothing_to_update(b: Builder, record: Record) -> None:
    raise BadRecord(record.line, "", "รายการประเภทนี้แก้ไขด้วย --update ไม่ได้")


_SPECIAL: dict[str, tuple[Callable[[Builder, list[Record]], None], Callable[[Builder, Record], None]]] = {
    "account": (_add_accounts, _update_account),
    "staff": (_add_staff, _update_staff),
    "team": (_add_teams, _update_team),
    "group": (_add_groups, _update_group),
    "thread": (_add_threads, _update_thread),
    "post": (_add_posts, _nothing_to_update),
    "meeting": (_add_meetings, _update_meeting),
    "article": (_add_articles, _update_article),
    "revision": (_add_revisions, _nothing_to_update),
    "approval": (article_records.add_approvals, _nothing_to_update),
    "article_standing": (article_records.add_standings, _nothing_to_update),
    "attachment": (_add_attachments, _nothing_to_update),
    "share": (_add_shares, _update_share),
    "access": (_add_accesses, _nothing_to_update),
    "plan_version": (plan_records.add_plan_versions, _nothing_to_update),
    "rule_version": (plan_records.add_rule_versions, _nothing_to_update),
}

ADD = {name: plain.add for name, plain in _PLAIN.items()} | {name: pair[0] for name, pair in _SPECIAL.items()}
UPDATE = {name: plain.update for name, plain in _PLAIN.items()} | {name: pair[1] for name, pair in _SPECIAL.items()}
