"""Sends mails that are due. A mail is claimed before it is sent, so that none goes out twice, whatever dies."""

from __future__ import annotations

import enum
import logging
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import Engine, and_, or_, select, update
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.errors import KhlangError
from app.core.guard import attempt
from app.notifications import rules
from app.notifications.models import Frequency, MailState, Notification
from app.people.models import Staff
from app.people.rules import is_email

PEOPLE_AT_ONCE = 50
TIMEOUT_SECONDS = 20
DIGEST = "digest"
log = logging.getLogger("khlang")


def check_address(url: str) -> SplitResult:
    """Parts of an address such as `smtp://user:password@mail.example.go.th:587`. Raises KhlangError.

    `smtp` speaks plainly (a relay in the same house), `smtp+starttls` turns to TLS, `smtps` is TLS from the start.
    """
    parts = urlsplit(url)
    try:
        sound = parts.scheme in ("smtp", "smtp+starttls", "smtps") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound:
        raise KhlangError(
            "ค่าตั้ง KHLANG_SMTP_URL ต้องเป็นแบบ smtp://, smtp+starttls:// หรือ smtps:// ตามด้วยชื่อเครื่อง เช่น smtps://mail.example.go.th:465"
        )
    return parts


class Outcome(enum.Enum):
    """What became of one mail: LATER and CLOSED may be tried again, UNKNOWN never."""

    SENT = enum.auto()
    LATER = enum.auto()
    REFUSED = enum.auto()
    CLOSED = enum.auto()
    UNKNOWN = enum.auto()


class Mail(NamedTuple):
    """One mail: a person and what they are told in it."""

    person: Staff
    told: list[Notification]
    lines: list[rules.Line]


class Mailer:
    """Mails of one office. `may_see` says whether a person may still be told of an audience such as "g12".

    `week_of` gives the lines of a person's weekly digest as they are when the mail goes out.
    """

    def __init__(
        self, engine: Engine, url: str, sender: str, office: str, base_url: str,
        may_see: Callable[[Session, int, str], bool],
        week_of: Callable[[Session, Staff], list[rules.Line]] = lambda *_: [],
    ) -> None:  # fmt: skip
        self.engine, self.office, self.base_url, self.may_see = engine, office, base_url, may_see
        self.week_of = week_of
        self.address = check_address(url) if url else None
        self.failed_connections = 0
        self.pause_until: datetime | None = None
        self.sender = sender or f"khlang@{self.address.hostname if self.address else 'localhost'}"

    def send_due(self, now: datetime) -> int:
        """Send what is due; returns the number of mails. Without an address nothing waits: the screen has it all."""
        with Session(self.engine, expire_on_commit=False) as db:
            if self.address is None:
                self._let_go(db)
                return 0
            if self.pause_until is not None and now < self.pause_until:
                return 0
            mails = self._due(db, now)
            return self._send(db, mails, now) if mails else 0

    def _let_go(self, db: Session) -> None:
        waiting = Notification.mail_state == MailState.WAITING.value
        if db.scalar(select(Notification.id).where(waiting).limit(1)) is not None:
            with transaction(db):
                db.execute(update(Notification).where(waiting).values(mail_state=MailState.NONE.value))

    def _due(self, db: Session, now: datetime) -> list[Mail]:
        """Mails that wait and whose time has come; nothing is taken yet."""
        due = or_(
            *(
                and_(Notification.mail == frequency.value, Notification.at <= rules.digest_before(frequency, now))
                for frequency in (Frequency.AT_ONCE, Frequency.DAILY, Frequency.WEEKLY)
            )
        )
        waits = and_(
            Notification.mail_state == MailState.WAITING.value,
            or_(Notification.retry_at.is_(None), Notification.retry_at <= now),
        )
        # Whole people, so that a digest is one mail.
        people = list(db.scalars(select(Notification.staff_id).where(waits, due).distinct().limit(PEOPLE_AT_ONCE)))
        if not people:
            return []
        rows = db.execute(
            select(Notification, Staff)
            .join(Staff, Staff.id == Notification.staff_id)
            .where(Notification.staff_id.in_(people), waits, due)
            .order_by(Notification.staff_id, Notification.id)
        ).all()
        return self._by_mail(db, [(row[0], row[1]) for row in rows])

    def _claim(self, db: Session, mail: Mail) -> Mail:
        """What of a mail nobody else has taken, taken for this process just before it goes out."""
        ids = [one.id for one in mail.told]
        with transaction(db):
            # Of two processes at this place one gets the row: the other's condition no longer holds.
            claimed = db.scalars(
                update(Notification)
                .where(Notification.id.in_(ids), Notification.mail_state == MailState.WAITING.value)
                .values(mail_state=MailState.SENDING.value)
                .returning(Notification.id)
                .execution_options(synchronize_session=False)
            ).all()
        return Mail(mail.person, [one for one in mail.told if one.id in set(claimed)], mail.lines)

    def _with_lines(self, db: Session, mail: Mail) -> Mail:
        """A mail with its lines, those of a digest as they are now; a digest that cannot be made has none."""
        lines: list[rules.Line] = []
        for one in mail.told:
            if one.kind == DIGEST:
                lines += attempt("the digest of a person", lambda: self.week_of(db, mail.person), list)
            else:
                lines.append(rules.Line(one.text, one.url, one.at))
        return Mail(mail.person, mail.told, lines)

    def _by_mail(self, db: Session, rows: list[tuple[Notification, Staff]]) -> list[Mail]:
        mails: dict[tuple[int, str], Mail] = {}
        unwanted: list[int] = []
        for one, person in rows:
            seen = one.read_at is not None and one.mail != Frequency.AT_ONCE.value
            reachable = person.active and is_email(person.email or "")
            if seen or not reachable or not self.may_see(db, person.id, one.audience):
                unwanted.append(one.id)
                continue
            name = f"one {one.id}" if one.mail == Frequency.AT_ONCE.value else one.mail
            mails.setdefault((person.id, name), Mail(person, [], [])).told.append(one)
        self._mark(db, unwanted, MailState.NONE)
        return list(mails.values())

    def _send(self, db: Session, mails: list[Mail], now: datetime) -> int:
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail server cannot be reached: %s", type(error).__name__)
            self.failed_connections += 1
            self.pause_until = now + rules.wait_after(self.failed_connections)
            return 0
        self.failed_connections = 0
        sent = 0
        try:
            for due in mails:
                mail = self._claim(db, self._with_lines(db, due))
                if not mail.told:
                    continue
                if not mail.lines:  # A digest whose things were all done meanwhile.
                    self._mark(db, [one.id for one in mail.told], MailState.NONE)
                    continue
                outcome = self._deliver(server, mail, now)
                self._settle(db, mail, outcome, now)
                sent += outcome is Outcome.SENT
                if outcome in (Outcome.CLOSED, Outcome.UNKNOWN):
                    break
        finally:
            server.close()
        return sent

    def _settle(self, db: Session, mail: Mail, outcome: Outcome, now: datetime) -> None:
        """Note what became of one mail before the next one goes out."""
        ids, tries = [one.id for one in mail.told], mail.told[0].tries + 1
        if outcome is Outcome.UNKNOWN:
            return  # Nobody knows whether it went out: it stays claimed and is never sent again.
        if outcome in (Outcome.LATER, Outcome.CLOSED) and tries < rules.MAX_TRIES:
            self._mark(db, ids, MailState.WAITING, retry_at=now + rules.wait_after(tries))
            return
        self._mark(db, ids, MailState.SENT if outcome is Outcome.SENT else MailState.FAILED)

    def _deliver(self, server: smtplib.SMTP, mail: Mail, now: datetime) -> Outcome:
        """One mail in the server's own steps, so that it is known how far it came."""
        text = attempt("writing a mail", lambda: self.message(mail, now).as_bytes(policy=SMTP), bytes)
        if not text:
            return Outcome.REFUSED
        begun = False
        try:
            server.ehlo_or_helo_if_needed()
            for code, _ in (server.mail(parseaddr(self.sender)[1]), server.rcpt(str(mail.person.email))):
                if code >= 400:
                    server.rset()
                    return _answered(code)
            begun = True
            return _answered(server.data(text)[0])
        except smtplib.SMTPDataError as error:
            return _answered(error.smtp_code)
        except smtplib.SMTPResponseException as error:
            return _answered(error.smtp_code)
        except (smtplib.SMTPException, OSError):
            return Outcome.UNKNOWN if begun else Outcome.CLOSED

    def message(self, mail_: Mail, now: datetime) -> EmailMessage:
        """The mail of some notifications of one person; its Message-ID is the same however often it is made."""
        person, told, lines = mail_
        weekly = any(one.kind == DIGEST for one in told)
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = person.email
        mail["Subject"] = rules.subject(lines, self.office, weekly=weekly)
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<khlang-{told[0].id}-{len(told)}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(rules.body(person.name, lines, self.base_url))
        return mail

    def _connect(self) -> smtplib.SMTP:
        assert self.address is not None and self.address.hostname is not None
        secure = self.address.scheme == "smtps"
        port = self.address.port or {"smtps": 465, "smtp+starttls": 587}.get(self.address.scheme, 25)
        server: smtplib.SMTP
        if secure:
            context = ssl.create_default_context()
            server = smtplib.SMTP_SSL(self.address.hostname, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(self.address.hostname, port, timeout=TIMEOUT_SECONDS)
        try:
            if self.address.scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if self.address.username:
                server.login(unquote(self.address.username), unquote(self.address.password or ""))
        except BaseException:
            server.close()
            raise
        return server

    def _mark(self, db: Session, ids: list[int], state: MailState, *, retry_at: datetime | None = None) -> None:
        if ids:
            with transaction(db):
                db.execute(
                    update(Notification)
                    .where(Notification.id.in_(ids))
                    .values(mail_state=state.value, tries=Notification.tries + 1, retry_at=retry_at)
                    .execution_options(synchronize_session=False)
                )


def _answered(code: int) -> Outcome:
    if code == 421:
        return Outcome.CLOSED
    if code >= 500:
        return Outcome.REFUSED
    return Outcome.LATER if code >= 400 else Outcome.SENT
