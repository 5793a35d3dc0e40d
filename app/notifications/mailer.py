"""Sends mails that are due. A mail is claimed before it is sent, so that none goes out twice, whatever dies."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import Engine, and_, or_, select, update
from sqlalchemy.orm import Session

from app.core.database import transaction
from app.core.errors import KhlangError
from app.notifications import rules
from app.notifications.models import Frequency, MailState, Notification
from app.people.models import Staff

BATCH = 200
TIMEOUT_SECONDS = 20
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


class Mailer:
    """Mails of one office. `may_see` says whether a person may still be told of an audience such as "g12"."""

    def __init__(
        self, engine: Engine, url: str, sender: str, office: str, base_url: str,
        may_see: Callable[[Session, int, str], bool],
    ) -> None:  # fmt: skip
        self.engine, self.office, self.base_url, self.may_see = engine, office, base_url, may_see
        self.address = check_address(url) if url else None
        self.sender = sender or f"khlang@{self.address.hostname if self.address else 'localhost'}"

    def send_due(self, now: datetime) -> int:
        """Send what is due; returns the number of mails. Without an address nothing waits: the screen has it all."""
        with Session(self.engine, expire_on_commit=False) as db:
            if self.address is None:
                self._let_go(db)
                return 0
            mails = self._claim(db, now)
            if not mails:
                return 0
            return self._send(db, mails, now)

    def _let_go(self, db: Session) -> None:
        waiting = Notification.mail_state == MailState.WAITING.value
        if db.scalar(select(Notification.id).where(waiting).limit(1)) is not None:
            with transaction(db):
                db.execute(update(Notification).where(waiting).values(mail_state=MailState.NONE.value))

    def _claim(self, db: Session, now: datetime) -> list[tuple[Staff, list[Notification]]]:
        due = or_(
            *(
                and_(Notification.mail == frequency.value, Notification.at <= rules.digest_before(frequency, now))
                for frequency in (Frequency.AT_ONCE, Frequency.DAILY, Frequency.WEEKLY)
            )
        )
        query = select(Notification.id).where(Notification.mail_state == MailState.WAITING.value, due)
        ids = list(db.scalars(query.order_by(Notification.id).limit(BATCH)))
        if not ids:
            return []
        with transaction(db):
            # Of two processes at this place one gets the row: the other's condition no longer holds.
            claimed = db.scalars(
                update(Notification)
                .where(Notification.id.in_(ids), Notification.mail_state == MailState.WAITING.value)
                .values(mail_state=MailState.SENDING.value)
                .returning(Notification.id)
                .execution_options(synchronize_session=False)
            ).all()
        rows = db.execute(
            select(Notification, Staff)
            .join(Staff, Staff.id == Notification.staff_id)
            .where(Notification.id.in_(claimed))
            .order_by(Notification.id)
        ).all()
        return self._by_mail(db, [(row[0], row[1]) for row in rows])

    def _by_mail(self, db: Session, rows: list[tuple[Notification, Staff]]) -> list[tuple[Staff, list[Notification]]]:
        mails: dict[tuple[int, str], tuple[Staff, list[Notification]]] = {}
        unwanted: list[int] = []
        for one, person in rows:
            seen = one.read_at is not None and one.mail != Frequency.AT_ONCE.value
            if seen or not person.email or not person.active or not self.may_see(db, person.id, one.audience):
                unwanted.append(one.id)
                continue
            name = f"one {one.id}" if one.mail == Frequency.AT_ONCE.value else one.mail
            mails.setdefault((person.id, name), (person, []))[1].append(one)
        self._mark(db, unwanted, MailState.NONE)
        return list(mails.values())

    def _send(self, db: Session, mails: list[tuple[Staff, list[Notification]]], now: datetime) -> int:
        sent = 0
        outcomes: dict[MailState, list[int]] = defaultdict(list)
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail server cannot be reached: %s", type(error).__name__)
            self._retry(db, [one for _, told in mails for one in told])
            return 0
        try:
            for person, told in mails:
                ids = [one.id for one in told]
                try:
                    server.send_message(self.message(person, told, now))
                    outcomes[MailState.SENT] += ids
                    sent += 1
                except smtplib.SMTPServerDisconnected:
                    # Nobody knows whether this one went out: it stays claimed, and the rest waits for another turn.
                    rest = [one for _, others in mails for one in others if one.mail_state == MailState.SENDING.value]
                    done = {number for numbers in outcomes.values() for number in numbers} | set(ids)
                    self._retry(db, [one for one in rest if one.id not in done])
                    break
                except smtplib.SMTPResponseException as error:
                    permanent = 500 <= error.smtp_code < 600
                    outcomes[MailState.FAILED if permanent else MailState.WAITING] += ids
                except smtplib.SMTPException:
                    outcomes[MailState.FAILED] += ids
        finally:
            server.close()
        for state, ids in outcomes.items():
            self._mark(db, ids, state)
        return sent

    def message(self, person: Staff, told: list[Notification], now: datetime) -> EmailMessage:
        """The mail of some notifications of one person; its Message-ID is the same however often it is made."""
        lines = [rules.Line(one.text, one.url, one.at) for one in told]
        mail = EmailMessage()
        mail["From"] = self.sender
        mail["To"] = person.email
        mail["Subject"] = rules.subject(lines, self.office)
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

    def _retry(self, db: Session, rows: list[Notification]) -> None:
        again = [one.id for one in rows if one.tries + 1 < rules.MAX_TRIES]
        self._mark(db, again, MailState.WAITING)
        self._mark(db, [one.id for one in rows if one.id not in again], MailState.FAILED)

    def _mark(self, db: Session, ids: list[int], state: MailState) -> None:
        if ids:
            with transaction(db):
                db.execute(
                    update(Notification)
                    .where(Notification.id.in_(ids))
                    .values(mail_state=state.value, tries=Notification.tries + 1)
                    .execution_options(synchronize_session=False)
                )
