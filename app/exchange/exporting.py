"""The office as records: the same types and fields that an import takes. One generator a type, ordered by key."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.activity.models import Opened, Share
from app.community.models import Award, Group, Lesson, Meeting, MeetingAttendee, Membership, Post, Thread
from app.core.files import FileStore
from app.core.records import HumanRecord
from app.exchange import article_records, plan_records
from app.exchange.formats import TYPES
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
from app.knowledge.models import (
    Application,
    Article,
    ArticleCredit,
    ArticleTag,
    Attachment,
    Category,
    Revision,
)
from app.people.models import Department, Service, Staff, StaffRole, Team, TeamMember
from app.training.models import Attendance, Report, Training

Records = Iterator[dict[str, Any]]


class Codes:
    """Id -> code of everything that records point at; one statement a type."""

    def __init__(self, db: Session) -> None:
        models: dict[str, Any] = {
            "department": Department, "staff": Staff, "team": Team, "training": Training, "group": Group,
            "thread": Thread, "meeting": Meeting, "article": Article, "share": Share,
        }  # fmt: skip
        self._codes = {
            name: {number: code for number, code in db.execute(select(model.id, model.code))}
            for name, model in models.items()
        }

    def of(self, kind: str, number: int | None) -> str | None:
        """Code of an id, None for None."""
        return None if number is None else self._codes[kind][number]


def _human(codes: Codes, row: HumanRecord) -> dict[str, Any]:
    return {
        "status": row.status,
        "recorded_by": codes.of("staff", row.recorded_by_id),
        "verified_by": codes.of("staff", row.verified_by_id),
        "recorded_at": row.recorded_at,
        "verified_at": row.verified_at,
        "voided_at": row.voided_at,
        "void_reason": row.void_reason,
        "file_sha256": row.file_sha256,
    }


def _grouped(db: Session, query: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for key, value in db.execute(query):
        found[key].append(value)
    return found


def _departments(db: Session, _: Codes) -> Records:
    for row in db.scalars(select(Department).order_by(Department.code)):
        yield {"code": row.code, "name": row.name}


def _services(db: Session) -> dict[int, list[Service]]:
    found: dict[int, list[Service]] = defaultdict(list)
    for service in db.scalars(select(Service).order_by(Service.start_on)):
        found[service.staff_id].append(service)
    return found


def _accounts(db: Session, _: Codes) -> Records:
    services, roles = _services(db), _grouped(db, select(StaffRole.staff_id, StaffRole.role))
    for row in db.scalars(select(Staff).order_by(Staff.code)):
        if not services[row.id]:
            yield {"code": row.code, "name": row.name, "roles": sorted(roles[row.id])}


def _staff(db: Session, codes: Codes) -> Records:
    services, roles = _services(db), _grouped(db, select(StaffRole.staff_id, StaffRole.role))
    for row in db.scalars(select(Staff).order_by(Staff.code)):
        served = services[row.id]
        if not served:
            continue
        last = served[-1]
        record = {
            "code": row.code, "name": row.name, "department": codes.of("department", last.department_id),
            "position": row.position, "employment": row.employment, "start": last.start_on, "end": last.end_on,
            "email": row.email, "roles": sorted(roles[row.id]), "about": row.about,
        }  # fmt: skip
        if len(served) > 1:
            record["services"] = [
                {"department": codes.of("department", s.department_id), "start": s.start_on, "end": s.end_on}
                for s in served
            ]
        yield record


def _teams(db: Session, codes: Codes) -> Records:
    members = _grouped(db, select(TeamMember.team_id, TeamMember.staff_id))
    for row in db.scalars(select(Team).order_by(Team.code)):
        yield {
            "code": row.code, "kind": row.kind, "order_no": row.order_no, "valid_from": row.valid_from,
            "valid_to": row.valid_to, "members": sorted(str(codes.of("staff", n)) for n in members[row.id]),
        }  # fmt: skip


def _trainings(db: Session, _: Codes) -> Records:
    for row in db.scalars(select(Training).order_by(Training.code)):
        yield {
            "code": row.code, "title": row.title, "kind": row.kind, "organizer": row.organizer, "place": row.place,
            "start": row.start_on, "end": row.end_on, "hours": row.hours, "inside": row.inside,
            "order_no": row.order_no,
        }  # fmt: skip


def _attendances(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Attendance).order_by(Attendance.id)):
        yield {
            "training": codes.of("training", row.training_id), "staff": codes.of("staff", row.staff_id),
            "result": row.result, **_human(codes, row),
        }  # fmt: skip


def _reports(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Report).order_by(Report.code)):
        yield {
            "code": row.code, "training": codes.of("training", row.training_id),
            "author": codes.of("staff", row.author_id), "on": row.on, **_human(codes, row),
        }  # fmt: skip


def _groups(db: Session, codes: Codes) -> Records:
    standing: dict[tuple[int, str], list[str]] = defaultdict(list)
    for row in db.scalars(select(Membership)):
        standing[row.group_id, row.standing].append(str(codes.of("staff", row.staff_id)))
    for group in db.scalars(select(Group).order_by(Group.code)):
        yield {
            "code": group.code, "name": group.name, "purpose": group.purpose, "visibility": group.visibility,
            "facilitators": sorted(standing[group.id, "facilitator"]), "members": sorted(standing[group.id, "member"]),
            "founded_on": group.founded_on, "glossary": group.glossary, "archived_on": group.archived_on, "goal": group.goal,
        }  # fmt: skip


def _threads(db: Session, codes: Codes) -> Records:
    """Threads; those that went into another come last, so that the other is there when they are read."""
    for row in db.scalars(select(Thread).order_by(Thread.merged_into_id.is_not(None), Thread.code)):
        yield {
            "code": row.code, "group": codes.of("group", row.group_id), "author": codes.of("staff", row.author_id),
            "title": row.title, "body": row.body, "at": row.at, "asked_as": row.asked_as, "pinned": row.pinned,
            "locked": row.locked, "kind": row.kind, "merged_into": codes.of("thread", row.merged_into_id) or "",
        }  # fmt: skip


def _posts(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Post).order_by(Post.id)):
        yield {
            "thread": codes.of("thread", row.thread_id), "author": codes.of("staff", row.author_id),
            "body": row.body, "at": row.at, "is_answer": row.is_answer,
        }  # fmt: skip


def _meetings(db: Session, codes: Codes) -> Records:
    present = _grouped(db, select(MeetingAttendee.meeting_id, MeetingAttendee.staff_id))
    for row in db.scalars(select(Meeting).order_by(Meeting.code)):
        yield {
            "code": row.code, "title": row.title, "purpose": row.purpose, "group": codes.of("group", row.group_id),
            "on": row.on, "minutes": row.minutes, "training": codes.of("training", row.training_id),
            "attendees": sorted(str(codes.of("staff", n)) for n in present[row.id]), **_human(codes, row),
            "kind": row.kind, "place": row.place, "agenda": row.agenda,
        }  # fmt: skip


def _articles(db: Session, codes: Codes) -> Records:
    tags = _grouped(db, select(ArticleTag.article_id, ArticleTag.tag))
    credited = _grouped(db, select(ArticleCredit.article_id, ArticleCredit.staff_id))
    categories = {number: name for number, name in db.execute(select(Category.id, Category.name))}
    bodies = _first_bodies(db)
    for row in db.scalars(select(Article).where(Article.deleted_at.is_(None)).order_by(Article.code)):
        yield {
            "code": row.code, "title": row.title, "body": bodies[row.id], "author": codes.of("staff", row.author_id),
            "category": categories.get(row.category_id or 0, ""), "tags": sorted(tags[row.id]),
            "visibility": row.visibility, "group": codes.of("group", row.group_id), "state": row.state,
            "first_published_on": row.first_published_on, "training": codes.of("training", row.training_id),
            "thread": codes.of("thread", row.thread_id), "meeting": codes.of("meeting", row.meeting_id),
            "review_approved_on": row.review_approved_on, "review_due_on": row.review_due_on,
            "review_approved_by": codes.of("staff", row.review_approved_by_id), "retired_on": row.retired_on,
            "retire_reason": row.retire_reason,
            "credited": sorted(str(codes.of("staff", n)) for n in credited[row.id]),
        }  # fmt: skip


def _first_bodies(db: Session) -> dict[int, str]:
    """Text of the first publication; of a draft its first text."""
    query = select(Revision.article_id, Revision.body, Revision.first).order_by(Revision.article_id, Revision.number)
    found: dict[int, str] = {}
    for article_id, body, first in db.execute(query):
        if first or article_id not in found:
            found[article_id] = body
    return found


def _revisions(db: Session, codes: Codes) -> Records:
    """Revisions after the first publication, or after a draft's first text; texts before a publication stay home."""
    query = (
        select(Revision, Article.state)
        .join(Article, Article.id == Revision.article_id)
        .where(Article.deleted_at.is_(None))
        .order_by(Revision.article_id, Revision.number)
    )
    begun: set[int] = set()
    for row, state in db.execute(query):
        if row.first or (state == "draft" and row.article_id not in begun):
            begun.add(row.article_id)
        elif row.article_id in begun:
            yield {
                "article": codes.of("article", row.article_id), "editor": codes.of("staff", row.editor_id),
                "at": row.at, "minor": row.minor, "approved": row.approved, "summary": row.summary, "body": row.body,
                "approved_on": row.approved_on,
            }  # fmt: skip


def _living(db: Session) -> set[int]:
    return set(db.scalars(select(Article.id).where(Article.deleted_at.is_(None))))


def _attachments(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Attachment).order_by(Attachment.id)):
        if row.article_id in living:
            yield {
                "article": codes.of("article", row.article_id), "name": row.name, "sha256": row.sha256,
                "added_by": codes.of("staff", row.added_by_id), "at": row.added_at,
            }  # fmt: skip


def _shares(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Share).order_by(Share.code)):
        if row.article_id in living:
            yield {
                "code": row.code, "article": codes.of("article", row.article_id),
                "sharer": codes.of("staff", row.sharer_id), "channel": row.channel, "target": row.target, "at": row.at,
            }  # fmt: skip


def _accesses(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Opened).order_by(Opened.id).execution_options(yield_per=5000)):
        if row.article_id in living:
            yield {
                "article": codes.of("article", row.article_id), "staff": codes.of("staff", row.staff_id),
                "guest": row.person if row.staff_id is None else None, "at": row.at, "channel": row.channel,
                "user_agent": "bot" if row.robot else None, "status_code": row.status_code,
                "share": codes.of("share", row.share_id), "judged": row.reason or "counted",
            }  # fmt: skip


def _visits(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Visit).order_by(Visit.code)):
        yield {"code": row.code, "channel": row.channel, "on": row.on, "persons": row.persons, **_human(codes, row)}


def _applications(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Application).order_by(Application.id)):
        if row.article_id in living:
            yield {
                "article": codes.of("article", row.article_id), "staff": codes.of("staff", row.staff_id), "on": row.on,
                "note": row.note, "place": row.place, "result": row.result,
                **_human(codes, row),
            }  # fmt: skip


def _activities(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Activity).order_by(Activity.code)):
        yield {"code": row.code, "kind": row.kind, "on": row.on, "title": row.title, **_human(codes, row)}


def _check_rounds(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(CheckRound).order_by(CheckRound.id)):
        yield {"team": codes.of("team", row.team_id), "on": row.on, "result": row.result, **_human(codes, row)}


def _care_logs(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(CareLog).order_by(CareLog.id)):
        yield {
            "team": codes.of("team", row.team_id), "channel": row.channel, "on": row.on, "what": row.what,
            **_human(codes, row),
        }  # fmt: skip


def _improvements(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Improvement).order_by(Improvement.id)):
        yield {
            "channel": row.channel, "on": row.on, "before": row.before, "after": row.after, "why": row.why,
            **_human(codes, row),
        }  # fmt: skip


def _compilations(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Compilation).order_by(Compilation.id)):
        yield {
            "team": codes.of("team", row.team_id), "edition": row.edition, "title": row.title, "on": row.on,
            **_human(codes, row),
        }  # fmt: skip


def _lessons(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Lesson).order_by(Lesson.id)):
        article = row.article_id if row.article_id in living else None
        if article or row.thread_id or row.meeting_id:
            yield {
                "on": row.on, "text": row.text, "thread": codes.of("thread", row.thread_id),
                "meeting": codes.of("meeting", row.meeting_id), "article": codes.of("article", article),
                **_human(codes, row),
            }  # fmt: skip


def _acknowledgements(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Acknowledgement).order_by(Acknowledgement.id)):
        yield {"staff": codes.of("staff", row.staff_id), "year": row.be_year, "on": row.on, **_human(codes, row)}


def _quiz_attempts(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(QuizAttempt).order_by(QuizAttempt.id)):
        yield {
            "staff": codes.of("staff", row.staff_id), "set": row.quiz, "on": row.on, "score": row.score,
            "max": row.max_score, **_human(codes, row),
        }  # fmt: skip


def _evaluations(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(Evaluation).order_by(Evaluation.code)):
        yield {"code": row.code, "year": row.be_year, "submitted_on": row.submitted_on, **_human(codes, row)}


def _hand_counts(db: Session, codes: Codes) -> Records:
    for row in db.scalars(select(HandCount).order_by(HandCount.code)):
        yield {
            "code": row.code, "row": row.row, "on": row.on, "number": row.number, "what": row.what,
            **_human(codes, row),
        }  # fmt: skip


def _awards(db: Session, codes: Codes) -> Records:
    living = _living(db)
    for row in db.scalars(select(Award).order_by(Award.id)):
        article = row.article_id if row.article_id in living else None
        yield {
            "staff": codes.of("staff", row.staff_id), "on": row.on, "reason": row.reason,
            "article": codes.of("article", article),
        }  # fmt: skip


EXPORTERS: dict[str, Callable[[Session, Codes], Records]] = {
    "department": _departments, "account": _accounts, "staff": _staff, "team": _teams, "training": _trainings,
    "training_attendance": _attendances, "report": _reports, "group": _groups, "thread": _threads, "post": _posts,
    "meeting": _meetings, "article": _articles, "revision": _revisions, "approval": article_records.approvals,
    "article_standing": article_records.standings, "attachment": _attachments,
    "share": _shares, "access": _accesses, "visit": _visits, "application": _applications,
    "activity": _activities, "check_round": _check_rounds, "care_log": _care_logs, "improvement": _improvements,
    "compilation": _compilations, "lesson": _lessons, "acknowledgement": _acknowledgements,
    "quiz_attempt": _quiz_attempts, "evaluation": _evaluations, "award": _awards,
    "plan_version": plan_records.plan_versions, "rule_version": plan_records.rule_versions, "hand_count": _hand_counts,
}  # fmt: skip


def as_json(record_type: str, record: dict[str, Any]) -> str:
    """One line of a `.jsonl`: empty fields left out, days and instants in ISO."""
    needed = {one.name for one in TYPES[record_type].fields if one.required}
    kept = {name: v for name, v in record.items() if v is not None and (name in needed or v not in ("", [], ()))}
    return json.dumps({"type": record_type, **kept}, ensure_ascii=False, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    raise TypeError(f"cannot write {type(value).__name__}")


def export_office(db: Session, files: FileStore, folder: Path, progress: Callable[[int], None]) -> int:
    """Write `registers.jsonl`, `articles/*.md`, and in `attachments/` the files of articles and of human records."""
    folder.mkdir(parents=True, exist_ok=True)
    codes = Codes(db)
    count = 0
    with (folder / "registers.jsonl").open("w", encoding="utf-8") as out:
        for name, records in EXPORTERS.items():
            keyless, written = not TYPES[name].key, set()
            for record in records(db, codes):
                if keyless:
                    # Known by all it says: the same act typed twice is one, or the file would contradict itself.
                    said = tuple(_as_key(record[one.name]) for one in TYPES[name].fields if not one.extra)
                    if said in written:
                        continue
                    written.add(said)
                out.write(as_json(name, record) + "\n")
                count += 1
                if count % 500 == 0:
                    progress(500)
                if name == "article":
                    _write_markdown(folder / "articles", record)
                kept = record.get("sha256") or record.get("file_sha256")
                if kept and files.path(kept).exists():
                    target = folder / "attachments" / kept
                    target.parent.mkdir(exist_ok=True)
                    target.write_bytes(files.read(kept))
    return count


def _as_key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _write_markdown(folder: Path, record: dict[str, Any]) -> None:
    folder.mkdir(exist_ok=True)
    names = ("title", "category", "tags", "visibility", "author", "first_published_on")
    front = {name: record[name] for name in names if record[name]}
    text = yaml.safe_dump(front, allow_unicode=True, sort_keys=False)
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in record["code"])
    (folder / f"{safe}.md").write_text(f"---\n{text}---\n{record['body']}\n", "utf-8")
