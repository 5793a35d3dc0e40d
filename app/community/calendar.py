"""An invitation as a calendar file (RFC 5545), for the calendar of a phone or an office program. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.community.models import Meeting

HOURS = 2
MAX_OCTETS = 75


def invitation(meeting: Meeting, address: str, office: str, now: datetime) -> str:
    """Text of an `.ics` file with one event, lines folded at 75 octets and ended by CR LF.

    A meeting with an hour lasts two hours, one without takes the whole day. Opening a newer file replaces the older event.
    """
    stamp = int(now.timestamp())
    if meeting.starts_at is None:
        when = [f"DTSTART;VALUE=DATE:{meeting.on:%Y%m%d}", f"DTEND;VALUE=DATE:{meeting.on + timedelta(days=1):%Y%m%d}"]
    else:
        when = [
            f"DTSTART:{_instant(meeting.starts_at)}",
            f"DTEND:{_instant(meeting.starts_at + timedelta(hours=HOURS))}",
        ]
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Khlang//KM//TH", "METHOD:PUBLISH", "BEGIN:VEVENT",
        f"UID:{meeting.code}@khlang", f"DTSTAMP:{_instant(now)}", f"SEQUENCE:{stamp - 1_700_000_000}", *when,
        f"SUMMARY:{_text(meeting.title)} ({_text(office)})", *([f"LOCATION:{_text(meeting.place)}"] if meeting.place else []),
        f"DESCRIPTION:{_text(meeting.agenda + chr(10) + address)}", f"URL:{address}",
        f"STATUS:{'CANCELLED' if meeting.status == 'void' else 'CONFIRMED'}",
        "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    return "".join(_folded(line) + "\r\n" for line in lines)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    escaped = value.strip().replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """A long line in pieces of at most 75 octets, never through a character."""
    pieces, piece, room = [], "", MAX_OCTETS
    for char in line:
        size = len(char.encode())
        if size > room:
            pieces.append(piece)
            piece, room = "", MAX_OCTETS - 1
        piece += char
        room -= size
    return "\r\n ".join([*pieces, piece])
