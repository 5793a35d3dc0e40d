"""Questions about meetings: who may see them, who signed in, what was written and taken on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from app.community import queries, rules
from app.community.models import (
    Group,
    Meeting,
    MeetingAttendee,
    MeetingHand,
    MeetingPicture,
    MeetingTask,
    MinutesWriter,
)
from app.core.database import AnySelect
from app.core.errors import NotAllowed, NotFound
from app.people.models import Staff, Viewer


@dataclass(frozen=True)
class SignIn:
    """A person who signed in to a meeting; `how` is a key of SIGN_IN_WAYS."""

    staff_id: int
    code: str
    name: str
    position: str
    how: str
    signed_at: datetime | None
    late: bool


@dataclass(frozen=True)
class TaskLine:
    """A task of a meeting with the name of who took it, "" for nobody yet."""

    task: MeetingTask
    name: str


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    """Condition on Meeting outer-joined to Group: one this person may see; those of no group are for all staff."""
    within = queries.readable_groups(viewer)
    return or_(Group.id.is_(None), within) if viewer.is_staff else within


def presented_trainings() -> AnySelect:
    """Select of (training_id, staff_id): who told of a training at a meeting held about it."""
    return (
        select(Meeting.training_id, MeetingAttendee.staff_id)
        .join(MeetingAttendee, MeetingAttendee.meeting_id == Meeting.id)
        .where(Meeting.training_id.is_not(None), Meeting.status.in_(("submitted", "verified")))
    )


def meeting_by_code(db: Session, viewer: Viewer, code: str) -> tuple[Meeting, Group | None]:
    """A meeting and its group, if any; one of a closed group only for those who may read the group. Raises NotFound."""
    query = select(Meeting, Group).outerjoin(Group, Group.id == Meeting.group_id).where(Meeting.code == code)
    row = db.execute(query).one_or_none()
    if row is None or not (rules.can_read_threads(viewer, row[1]) if row[1] else viewer.is_staff):
        raise NotFound("ไม่พบการประชุมนี้")
    return row[0], row[1]


def door_of(db: Session, code: str) -> Meeting | None:
    """A meeting whoever asks: only to see whether a scanned code opens its door."""
    return db.scalar(select(Meeting).where(Meeting.code == code))


def meeting_to_run(db: Session, viewer: Viewer, code: str) -> tuple[Meeting, Group | None]:
    """A meeting this person runs. Raises NotFound for outsiders, NotAllowed for those who only attend."""
    meeting, group = meeting_by_code(db, viewer, code)
    if not rules.can_run_meeting(viewer, meeting, group):
        raise NotAllowed("รายการนี้ทำได้เฉพาะผู้จัดประชุมและผู้ดำเนินกลุ่ม")
    return meeting, group


def meetings(db: Session, viewer: Viewer, group_id: int | None = None) -> list[tuple[Meeting, int]]:
    """Meetings this person may see with the number signed in, newest first, at most 200."""
    present = select(func.count()).where(MeetingAttendee.meeting_id == Meeting.id).correlate(Meeting).scalar_subquery()
    query = (
        select(Meeting, present)
        .outerjoin(Group, Group.id == Meeting.group_id)
        .where(_seen(viewer))
        .order_by(Meeting.on.desc(), Meeting.id.desc())
        .limit(200)
    )
    if group_id is not None:
        query = query.where(Meeting.group_id == group_id)
    return [(meeting, count) for meeting, count in db.execute(query)]


def coming(db: Session, viewer: Viewer, today: date, limit: int) -> list[Meeting]:
    """Planned meetings, from today on, of one's groups and of the whole office, nearest first."""
    mine = Meeting.group_id.in_(viewer.group_ids) if viewer.group_ids else literal(1) == 0
    wanted = or_(Meeting.group_id.is_(None), mine) if viewer.is_staff else mine
    query = select(Meeting).where(Meeting.on >= today, Meeting.status == "draft", wanted)
    return list(db.scalars(query.order_by(Meeting.on, Meeting.starts_at.nulls_first(), Meeting.id).limit(limit)))


def signed_in(db: Session, meeting_id: int) -> list[SignIn]:
    """Those who signed in, in the order they did, those without a time by staff code."""
    query = (
        select(
            Staff.id, Staff.code, Staff.name, Staff.position, MeetingAttendee.how, MeetingAttendee.signed_at,
            MeetingAttendee.late,
        )
        .join(MeetingAttendee, MeetingAttendee.staff_id == Staff.id)
        .where(MeetingAttendee.meeting_id == meeting_id)
        .order_by(MeetingAttendee.signed_at.nulls_last(), Staff.code)
    )  # fmt: skip
    return [SignIn(*row) for row in db.execute(query)]


def writers(db: Session, meeting_id: int) -> list[tuple[int, str]]:
    """(staff id, name) of everyone who wrote in the minutes."""
    query = select(Staff.id, Staff.name).join(MinutesWriter, MinutesWriter.staff_id == Staff.id)
    rows = db.execute(query.where(MinutesWriter.meeting_id == meeting_id).order_by(Staff.code))
    return [(number, name) for number, name in rows]


def to_verify(db: Session, viewer: Viewer, limit: int) -> list[Meeting]:
    """Sent meetings that this person may see and had no hand in, oldest first; for those who verify."""
    claimed = select(MeetingHand.meeting_id).where(MeetingHand.staff_id == viewer.staff_id)
    wrote = select(MinutesWriter.meeting_id).where(MinutesWriter.staff_id == viewer.staff_id)
    query = (
        select(Meeting)
        .outerjoin(Group, Group.id == Meeting.group_id)
        .where(Meeting.status == "submitted", Meeting.id.not_in(claimed), Meeting.id.not_in(wrote), _seen(viewer))
        .where(or_(Meeting.recorded_by_id.is_(None), Meeting.recorded_by_id != viewer.staff_id))
        .order_by(Meeting.on.desc(), Meeting.id)
        .limit(limit)
    )
    return list(db.scalars(query))


def hands(db: Session, meeting_id: int) -> set[int]:
    """Staff who planned a meeting, said who was there, or wrote in its minutes: none of them verifies it."""
    claimed = select(MeetingHand.staff_id).where(MeetingHand.meeting_id == meeting_id)
    wrote = select(MinutesWriter.staff_id).where(MinutesWriter.meeting_id == meeting_id)
    return set(db.scalars(claimed.union(wrote)))


def writing_now(db: Session, meeting_id: int, since: datetime) -> list[str]:
    """Names of those whose words came into the minutes since an instant."""
    query = select(Staff.name).join(MinutesWriter, MinutesWriter.staff_id == Staff.id)
    recent = (MinutesWriter.meeting_id == meeting_id, MinutesWriter.at >= since)
    return list(db.scalars(query.where(*recent).order_by(Staff.code)))


def pictures(db: Session, meeting_id: int) -> list[MeetingPicture]:
    """Photos and sheets of a meeting, oldest first."""
    query = select(MeetingPicture).where(MeetingPicture.meeting_id == meeting_id)
    return list(db.scalars(query.order_by(MeetingPicture.id)))


def picture(db: Session, meeting_id: int, number: int) -> MeetingPicture:
    """One picture of a meeting. Raises NotFound."""
    query = select(MeetingPicture).where(MeetingPicture.meeting_id == meeting_id, MeetingPicture.id == number)
    found = db.scalar(query)
    if found is None:
        raise NotFound("ไม่พบภาพนี้")
    return found


def tasks(db: Session, meeting_id: int) -> list[TaskLine]:
    """Tasks of a meeting, open ones first, then by day."""
    query = select(MeetingTask, Staff.name).outerjoin(Staff, Staff.id == MeetingTask.staff_id)
    rows = db.execute(
        query.where(MeetingTask.meeting_id == meeting_id).order_by(
            MeetingTask.done_on.is_not(None), MeetingTask.due_on.nulls_last(), MeetingTask.id
        )
    )
    return [TaskLine(task, name or "") for task, name in rows]


def task(db: Session, meeting_id: int, number: int) -> MeetingTask:
    """One task of a meeting. Raises NotFound."""
    query = select(MeetingTask).where(MeetingTask.meeting_id == meeting_id, MeetingTask.id == number)
    found = db.scalar(query)
    if found is None:
        raise NotFound("ไม่พบงานนี้")
    return found


def open_tasks(db: Session, viewer: Viewer, limit: int = 20) -> list[tuple[MeetingTask, str, str]]:
    """(task, meeting's code, meeting's title) of what this person took on and has not done, nearest first."""
    query = (
        select(MeetingTask, Meeting.code, Meeting.title)
        .join(Meeting, Meeting.id == MeetingTask.meeting_id)
        .outerjoin(Group, Group.id == Meeting.group_id)
        .where(
            MeetingTask.staff_id == viewer.staff_id,
            MeetingTask.done_on.is_(None),
            Meeting.status != "void",
            _seen(viewer),
        )
        .order_by(MeetingTask.due_on.nulls_last(), MeetingTask.id)
        .limit(limit)
    )
    return [(task, code, title) for task, code, title in db.execute(query)]
