"""Reading another office's feed: fetched with limits, parsed without trust, kept as plain text. No database here."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from app.core.errors import Invalid
from app.core.rendering import plain_text, sanitize
from app.core.thai import one_line

MAX_BYTES, MAX_ITEMS, MAX_REDIRECTS = 2 * 1024 * 1024, 100, 3
SOCKET_SECONDS, WHOLE_SECONDS = 8, 20
ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True)
class Entry:
    """One entry as plain text; `url` is http or https, `email` "" or one address."""

    guid: str
    title: str
    url: str
    author: str
    email: str
    summary: str
    published_at: datetime


@dataclass(frozen=True)
class Feed:
    """A feed's own name and its entries, newest first as the office wrote them."""

    title: str
    entries: list[Entry]


def _look_at_peer(connection: http.client.HTTPConnection) -> None:
    """The name was looked up again when connecting: what answered must be of the world too."""
    if not ipaddress.ip_address(connection.sock.getpeername()[0].split("%")[0]).is_global:
        connection.close()
        raise OSError("the address is within a house")


class _Http(http.client.HTTPConnection):
    def connect(self) -> None:
        """Connect, then see to whom."""
        super().connect()
        _look_at_peer(self)


class _Https(http.client.HTTPSConnection):
    def connect(self) -> None:
        """Connect, then see to whom."""
        super().connect()
        _look_at_peer(self)


class _PublicHttp(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        """As the library does, with connections that look."""
        return self.do_open(_Http, req)


class _PublicHttps(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> Any:
        """As the library does, with connections that look."""
        return self.do_open(_Https, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Every hop is looked at before it is taken."""


def fetch(url: str, *, private: bool) -> bytes:
    """Bytes of a feed: at most 2 MB within 20 seconds and three redirects. Raises Invalid with a Thai sentence.

    Addresses within a house (loopback, private ranges) are refused unless `private`: a feed is no way to look around.
    """
    looking = () if private else (_PublicHttp, _PublicHttps)
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}), *looking)
    deadline = time.monotonic() + WHOLE_SECONDS
    for _ in range(MAX_REDIRECTS + 1):
        check_address(url, private=private)
        request = urllib.request.Request(
            url,
            headers={
                "User-Agent": "Khlang feed reader",
                "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9",
            },
        )
        try:
            with opener.open(request, timeout=SOCKET_SECONDS) as answer:
                return _read(answer, deadline)
        except urllib.error.HTTPError as error:
            if error.code not in (301, 302, 303, 307, 308) or not error.headers.get("Location"):
                raise Invalid({"url": f"ปลายทางตอบว่าไม่ให้อ่าน (รหัส {error.code})"}) from error
            url = urljoin(url, error.headers["Location"])
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Invalid({"url": "ติดต่อปลายทางไม่ได้ โปรดตรวจที่อยู่ หรือลองใหม่ภายหลัง"}) from error
    raise Invalid({"url": "ปลายทางส่งต่อหลายครั้งเกินไป โปรดใช้ที่อยู่ฟีดโดยตรง"})


def _read(answer: Any, deadline: float) -> bytes:
    parts, size = [], 0
    while chunk := answer.read1(65_536):
        parts.append(chunk)
        size += len(chunk)
        if size > MAX_BYTES or time.monotonic() > deadline:
            raise Invalid({"url": "ฟีดใหญ่หรือช้าเกินไป จึงไม่ได้อ่าน"})
    return b"".join(parts)


def check_address(url: str, *, private: bool) -> None:
    """Raise Invalid unless an address is http or https of a host that the world can see."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username or len(url) > 500:
        raise Invalid({"url": "ที่อยู่ฟีดต้องขึ้นต้นด้วย https:// หรือ http:// เช่น https://km.example.go.th/feed.xml"})
    if private:
        return
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port or 443, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError) as error:
        raise Invalid({"url": "หาเครื่องปลายทางนี้ไม่พบ โปรดตรวจที่อยู่"}) from error
    if not all(ipaddress.ip_address(str(one).split("%")[0]).is_global for one in found):
        raise Invalid({"url": "ที่อยู่นี้อยู่ในเครือข่ายภายใน จึงไม่อนุญาต"})


def parse(content: bytes, base: str) -> Feed:
    """Atom or RSS as plain text. Raises Invalid for anything else, broken XML and XML made to harm."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise Invalid({"url": "ปลายทางไม่ใช่ฟีดที่อ่านได้ (Atom หรือ RSS)"}) from error
    if root.tag == ATOM + "feed":
        found = [_atom(one, base) for one in root.findall(ATOM + "entry")[:MAX_ITEMS]]
        return Feed(_text(root, ATOM + "title")[:200], [one for one in found if one])
    channel = root.find("channel")
    if root.tag == "rss" and channel is not None:
        found = [_rss(one, base) for one in channel.findall("item")[:MAX_ITEMS]]
        return Feed(_text(channel, "title")[:200], [one for one in found if one])
    raise Invalid({"url": "ปลายทางไม่ใช่ฟีดที่อ่านได้ (Atom หรือ RSS)"})


def _atom(entry: Element, base: str) -> Entry | None:
    links = [one for one in entry.findall(ATOM + "link") if one.get("rel", "alternate") == "alternate"]
    author = entry.find(ATOM + "author")
    name, email = (_text(author, ATOM + "name"), _text(author, ATOM + "email")) if author is not None else ("", "")
    written = _text(entry, ATOM + "published") or _text(entry, ATOM + "updated")
    summary = _text(entry, ATOM + "summary") or _text(entry, ATOM + "content")
    return _entry(
        _text(entry, ATOM + "id"),
        _text(entry, ATOM + "title"),
        links[0].get("href", "") if links else "",
        name,
        email,
        summary,
        _iso(written),
        base,
    )


def _rss(item: Element, base: str) -> Entry | None:
    said = _text(item, "author")
    email = parseaddr(said)[1] if "@" in said else ""
    name = _text(item, DC + "creator") or (re.sub(r"\S+@\S+\s*|[()]", "", said) if "@" in said else said)
    return _entry(
        _text(item, "guid"),
        _text(item, "title"),
        _text(item, "link"),
        name,
        email,
        _text(item, "description"),
        _mail_date(_text(item, "pubDate")),
        base,
    )


def _entry(
    guid: str, title: str, link: str, author: str, email: str, summary: str, at: datetime | None, base: str
) -> Entry | None:
    """None for an entry that leads nowhere or has no title."""
    try:
        url = urljoin(base, link.strip())
        scheme = urlsplit(url).scheme
    except ValueError:
        return None
    title = one_line(plain_text(sanitize(title)))[:300]
    if scheme not in ("http", "https") or len(url) > 500 or not title:
        return None
    address = parseaddr(email)[1]
    sound = re.fullmatch(r"[^\s@,;:<>()\"\\?&]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", address)
    return Entry(
        guid=one_line(guid or url)[:500], title=title, url=url, author=one_line(author)[:200],
        email=address[:200] if sound else "", summary=one_line(plain_text(sanitize(summary)))[:600],
        published_at=at or datetime(1970, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def _text(element: Element, name: str) -> str:
    found = element.find(name)
    return "".join(found.itertext()).strip() if found is not None else ""


def _iso(text: str) -> datetime | None:
    try:
        return _sound(datetime.fromisoformat(text))
    except ValueError:
        return None


def _mail_date(text: str) -> datetime | None:
    try:
        return _sound(parsedate_to_datetime(text))
    except (ValueError, TypeError):
        return None


def _sound(at: datetime) -> datetime | None:
    """An aware instant of a year that can be; a made-up one is none."""
    if not 1990 <= at.year <= 2200:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
