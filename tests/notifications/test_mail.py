"""Mail through a real SMTP conversation: at once and in digests, never twice, and nothing lost when the server is away."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select, update

from app import digest
from app.core.database import transaction
from app.core.errors import KhlangError
from app.notifications.commands import notify
from app.notifications.mailer import Mailer, check_address
from app.notifications.models import Notification
from app.notifications.rules import Line
from app.office import Office
from app.people.models import Staff
from tests.conftest import Browser, app_of, on
from tests.personas import MALEE, SOMCHAI, WICHAI, group, load, thread

WEDNESDAY_NOON = datetime(2015, 9, 30, 5, 0, tzinfo=UTC)


class Inbox:
    """A mail server that keeps what it gets; `answer` is what it says after the text."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK"
        self.port = 0
        self.refused, self.refusal = "", ""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:  # fmt: skip
        if address == self.refused:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return self.answer


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        box.port = probe.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def mailer(office: Office, inbox: Inbox | None) -> Mailer:
    with office.session() as db, transaction(db):
        db.execute(update(Staff).where(Staff.code == SOMCHAI).values(email="somchai@example.go.th"))
        db.execute(update(Staff).where(Staff.code == MALEE).values(email="malee@example.go.th"))
    url = f"smtp://127.0.0.1:{inbox.port}" if inbox else ""
    return Mailer(
        office.database, url, "km@example.go.th", "เทศบาลตัวอย่าง", "https://km.example.go.th", office._may_be_told
    )


def tell(office: Office, staff_id: int, kind: str, key: str, at: datetime, text: str = "มีเรื่องถึงท่าน") -> None:
    with office.session() as db, transaction(db):
        notify(db, kind, [staff_id], text, "/articles/A", key, at)


def states(office: Office) -> list[str]:
    with office.session() as db:
        return list(db.scalars(select(Notification.mail_state).order_by(Notification.id)))


def test_what_waits_for_a_person_goes_out_at_once_and_only_once(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON, "เขียนบทความจาก “หลักสูตร”\nภายใน 1 ต.ค. 2558")
    assert sender.send_due(WEDNESDAY_NOON) == 1
    assert sender.send_due(WEDNESDAY_NOON + timedelta(minutes=1)) == 0
    (mail,) = inbox.mails
    assert mail["To"] == "somchai@example.go.th" and mail["From"] == "km@example.go.th"
    assert mail["Subject"] == "[คลังความรู้ เทศบาลตัวอย่าง] เขียนบทความจาก “หลักสูตร” ภายใน 1 ต.ค. 2558"
    body = mail.get_content()
    assert "เรียน นายสมชาย ใจดี" in body and "https://km.example.go.th/articles/A" in body
    assert mail["Auto-Submitted"] == "auto-generated" and mail["Message-ID"]
    assert states(office) == ["sent"]


def test_digest_waits_for_seven_and_leaves_out_what_was_read(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    for number in range(3):
        tell(office, 1, "mention", f"m{number}", WEDNESDAY_NOON, f"เรื่องที่ {number}")
    tell(office, 2, "review_due", "w", WEDNESDAY_NOON, "ถึงกำหนดทบทวน")
    Browser(app_of(office), SOMCHAI).post("/notifications/2/open", page="/notifications")
    assert sender.send_due(WEDNESDAY_NOON + timedelta(hours=10)) == 0
    # Thursday 07:00 in Bangkok is 00:00 UTC.
    assert sender.send_due(datetime(2015, 10, 1, 0, 0, tzinfo=UTC)) == 1
    body = inbox.mails[0].get_content()
    assert "เรื่องที่ 0" in body and "เรื่องที่ 2" in body and "เรื่องที่ 1" not in body
    assert "2 เรื่อง" in inbox.mails[0]["Subject"]
    # The weekly one of malee comes on Monday.
    assert sender.send_due(datetime(2015, 10, 4, 23, 59, tzinfo=UTC)) == 0
    assert sender.send_due(datetime(2015, 10, 5, 0, 0, tzinfo=UTC)) == 1
    assert inbox.mails[1]["To"] == "malee@example.go.th"


def test_a_server_that_is_away_loses_nothing_and_two_mailers_send_one(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    away = Mailer(office.database, "smtp://127.0.0.1:1", "", "x", "", office._may_be_told)
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    assert away.send_due(WEDNESDAY_NOON) == 0
    assert states(office) == ["waiting"]
    assert [sender.send_due(WEDNESDAY_NOON), mailer(office, inbox).send_due(WEDNESDAY_NOON)] == [1, 0]
    assert len(inbox.mails) == 1


def test_a_mail_claimed_by_a_process_that_died_is_never_sent_again(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    tell(office, 2, "obligation", "a", WEDNESDAY_NOON)
    with office.session() as db:
        first, second = sender._due(db, WEDNESDAY_NOON)
        assert len(sender._claim(db, first).told) == 1  # And then the process is killed.
        assert sender._claim(db, first).told == []
        other = str(second.person.email)
    # It costs the one mail it was at, no other.
    assert sender.send_due(WEDNESDAY_NOON + timedelta(days=3)) == 1
    assert [mail["To"] for mail in inbox.mails] == [other] and states(office) == ["sending", "sent"]


@pytest.mark.parametrize(("answer", "state"), [("451 try later", "waiting"), ("550 no such box", "failed")])
def test_a_refusal_for_now_is_tried_again_and_one_for_good_is_not(
    office: Office, inbox: Inbox, answer: str, state: str
):
    sender = mailer(office, inbox)
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    inbox.answer = answer
    sender.send_due(WEDNESDAY_NOON)
    assert states(office) == [state]
    inbox.answer = "250 OK"
    sender.send_due(WEDNESDAY_NOON + timedelta(seconds=30))  # A minute has not gone by yet.
    assert inbox.mails == []
    sender.send_due(WEDNESDAY_NOON + timedelta(minutes=2))
    assert len(inbox.mails) == (1 if state == "waiting" else 0)


def test_a_server_away_for_days_costs_no_tries(office: Office, inbox: Inbox):
    away = Mailer(office.database, "smtp://127.0.0.1:1", "", "x", "", office._may_be_told)
    sender = mailer(office, inbox)
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    for hours in range(0, 72, 1):
        away.send_due(WEDNESDAY_NOON + timedelta(hours=hours))
    assert states(office) == ["waiting"]
    assert sender.send_due(WEDNESDAY_NOON + timedelta(days=3)) == 1


def test_an_address_that_is_none_or_two_costs_nobody_else_a_mail(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    with office.session() as db, transaction(db):
        db.execute(update(Staff).where(Staff.code == SOMCHAI).values(email="a@"))
        db.execute(update(Staff).where(Staff.code == WICHAI).values(email="me@x.th, victim@bank.th"))
    for number in (1, 2, 3):
        tell(office, number, "obligation", "a", WEDNESDAY_NOON)
    assert sender.send_due(WEDNESDAY_NOON) == 1
    assert [mail["To"] for mail in inbox.mails] == ["malee@example.go.th"]
    assert states(office) == ["none", "sent", "none"]
    somchai = Browser(app_of(office), SOMCHAI)
    for wrong in ("a@", "me@x.th, victim@bank.th", "me@x"):
        assert "อีเมลไม่ถูกต้อง" in somchai.post("/account", {"about": "", "email": wrong}).text


@pytest.mark.parametrize(
    ("answer", "state"), [("451 greylisted", "waiting"), ("550 unknown", "failed"), ("421 closing", "waiting")]
)
def test_an_answer_to_the_address_is_kept_apart_from_the_next_mail(
    office: Office, inbox: Inbox, answer: str, state: str
):
    sender = mailer(office, inbox)
    inbox.refused, inbox.refusal = "somchai@example.go.th", answer
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    tell(office, 2, "obligation", "a", WEDNESDAY_NOON)
    sender.send_due(WEDNESDAY_NOON)
    sender.send_due(WEDNESDAY_NOON)
    assert states(office) == [state, "sent"]
    assert [mail["To"] for mail in inbox.mails] == ["malee@example.go.th"]


def test_a_digest_of_many_people_is_one_mail_each(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    for number in range(120):
        tell(office, 1 + number % 2, "mention", f"m{number}", WEDNESDAY_NOON)
    assert sender.send_due(WEDNESDAY_NOON + timedelta(days=1)) == 2
    assert all("60 เรื่อง" in mail["Subject"] for mail in inbox.mails)


def test_without_a_mail_server_everything_is_on_screen_and_nothing_piles_up(office: Office, inbox: Inbox):
    tell(office, 1, "obligation", "a", WEDNESDAY_NOON)
    assert mailer(office, None).send_due(WEDNESDAY_NOON) == 0
    assert states(office) == ["none"]
    assert mailer(office, inbox).send_due(WEDNESDAY_NOON) == 0  # Set up later, it does not send the past.
    somchai = Browser(app_of(office), SOMCHAI)
    assert "มีเรื่องถึงท่าน" in somchai.get("/notifications").text
    assert "แจ้งในเว็บเท่านั้น" in somchai.get("/notifications/settings").text


def test_mail_of_a_group_one_has_left_is_not_sent(office: Office, inbox: Inbox):
    load(office, group("HID", "secret"), thread(group_code="HID"))
    sender = mailer(office, inbox)
    Browser(app_of(office), MALEE).post("/threads/TH1", {"body": "ถาม @สมชาย ใจดี"})
    Browser(app_of(office), SOMCHAI).post("/groups/HID/leave")
    assert sender.send_due(office.clock.now() + timedelta(days=8)) == 0
    assert inbox.mails == []


def test_a_person_without_an_address_gets_it_on_screen_only(office: Office, inbox: Inbox):
    sender = mailer(office, inbox)
    tell(office, 3, "obligation", "a", WEDNESDAY_NOON)
    assert sender.send_due(WEDNESDAY_NOON) == 0
    assert states(office) == ["none"]


@pytest.mark.parametrize("url", ["mail.example.go.th", "http://x", "smtp://", "smtp://x:99999"])
def test_a_wrong_address_is_said_in_one_sentence(url: str):
    with pytest.raises(KhlangError, match="KHLANG_SMTP_URL"):
        check_address(url)


MONDAY_EIGHT = datetime(2015, 9, 28, 1, 0, tzinfo=UTC)


def digesting(office: Office, inbox: Inbox) -> Mailer:
    """A mailer of an office on a Monday in which somebody answered Malee's thread, and nothing else happened."""
    on(office, "2015-09-28")
    load(
        office, group(), thread("TH1", author=MALEE, title="ถามเรื่องถนน"),
        {"type": "post", "thread": "TH1", "author": SOMCHAI, "body": "ตอบ", "at": "2015-09-25T09:00:00+07:00"},
    )  # fmt: skip
    sender = mailer(office, inbox)
    sender.week_of = office._week_of
    with office.session() as db:
        assert digest.tell_of_week(db, office.config, office._settled(), MONDAY_EIGHT) == 1
    return sender


def test_the_weekly_digest_is_one_mail_with_its_parts_to_who_has_something(office: Office, inbox: Inbox):
    sender = digesting(office, inbox)
    assert sender.send_due(MONDAY_EIGHT) == 1
    assert sender.send_due(MONDAY_EIGHT + timedelta(days=1)) == 0
    (mail,) = inbox.mails
    assert mail["To"] == "malee@example.go.th"
    assert mail["Subject"] == "[คลังความรู้ เทศบาลตัวอย่าง] สรุปประจำสัปดาห์ของท่าน"
    body = mail.get_content()
    assert "ที่ท่านติดตาม\n" in body and "• ถามเรื่องถนน (1 คำตอบใหม่)\n  https://km.example.go.th/threads/TH1" in body


def test_a_digest_whose_things_were_all_seen_meanwhile_is_not_sent(office: Office, inbox: Inbox):
    sender = digesting(office, inbox)
    Browser(app_of(office), MALEE).post("/threads/TH1/read")
    assert sender.send_due(MONDAY_EIGHT) == 0 and inbox.mails == []
    with office.session() as db:
        told = select(Notification.mail_state).where(Notification.kind == "digest")
        assert db.scalars(told).all() == ["none"]


def test_a_digest_that_cannot_be_made_holds_up_nobody(office: Office, inbox: Inbox):
    sender = digesting(office, inbox)

    def breaks(*_: object) -> list[Line]:
        raise RuntimeError("the digest is broken")

    sender.week_of = breaks
    tell(office, 1, "obligation", "a", MONDAY_EIGHT, "เขียนบทความ")
    assert sender.send_due(MONDAY_EIGHT) == 1
    assert [mail["To"] for mail in inbox.mails] == ["somchai@example.go.th"]
