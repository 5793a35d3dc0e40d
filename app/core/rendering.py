"""Markdown to clean HTML: python-markdown, then bleach, then nh3 with the same allowlist. Pure: no database.

Runs in a child process with a time budget because python-markdown needs 22 s for 12,000 `[`.
`#แท็ก` is not a heading; `[[ชื่อเรื่อง]]` and `@ชื่อ นามสกุล` become links; ids begin with `user-`.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as etree
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import bleach
import markdown
import nh3
from markdown.blockprocessors import HashHeaderProcessor
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.treeprocessors import Treeprocessor

from app.core.config import ROOT
from app.core.errors import TooLarge
from app.core.thai import normalise, slug

MAX_CHARACTERS = 200_000
BUDGET_SECONDS = 2.0
STARTUP_SECONDS = 60.0

TAGS = frozenset(
    "a abbr b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s"
    " small span strong sub sup table tbody td tfoot th thead tr u ul".split()
)
_CLASSES = frozenset(
    "admonition admonition-title attention caution danger hint important note tip warning footnote footnote-ref"
    " footnote-backref headerlink task task-done wiki mention".split()
)
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "*": frozenset({"id", "class"}),
    "a": frozenset({"href", "title"}),
    "img": frozenset({"src", "alt", "title"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"align", "colspan", "rowspan"}),
    "th": frozenset({"align", "colspan", "rowspan", "scope"}),
    "abbr": frozenset({"title"}),
}


@dataclass(frozen=True)
class Heading:
    """One line of a contents list. `level` 1-6, `anchor` without `#`."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True)
class Rendered:
    """Clean HTML, its headings in order, and the codes of the people mentioned."""

    html: str
    headings: list[Heading] = field(default_factory=list)
    mentioned: list[str] = field(default_factory=list)


class _WikiLink(InlineProcessor):
    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element, int, int]:  # type: ignore[override]
        """`[[title]]` or `[[title|shown]]` to a link that finds the article by title when clicked."""
        link = etree.Element("a", {"href": "/wiki/" + quote(m[1].strip(), safe=""), "class": "wiki"})
        link.text = (m[2] or m[1]).strip()
        return link, m.start(0), m.end(0)


class _Mention(InlineProcessor):
    def __init__(self, pattern: str, md: markdown.Markdown, people: Mapping[str, str], seen: list[str]) -> None:
        super().__init__(pattern, md)
        self.people, self.seen = people, seen

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[etree.Element, int, int]:  # type: ignore[override]
        """`@` and a full name of the roster, longest first, to a link to the person's card."""
        code = self.people[m[1]]
        if code not in self.seen:
            self.seen.append(code)
        link = etree.Element("a", {"href": f"/people/{quote(code, safe='')}", "class": "mention"})
        link.text = "@" + m[1]
        return link, m.start(0), m.end(0)


class _SpacedHeading(HashHeaderProcessor):
    RE = re.compile(r"(?:^|\n)(?P<level>#{1,6})[ \t]+(?P<header>(?:\\.|[^\\])*?)#*(?:\n|$)")


class _Finish(Treeprocessor):
    def __init__(self, md: markdown.Markdown, attachments: str) -> None:
        super().__init__(md)
        self.attachments = attachments

    def run(self, root: etree.Element) -> None:
        """Prefix ids, point plain file names at the article's attachments, mark task items."""
        for element in root.iter():
            if "id" in element.attrib:
                element.set("id", _own_id(element.get("id", "")))
            for name in ("href", "src"):
                if name in element.attrib:
                    element.set(name, self._address(element.get(name, "")))
            if element.tag == "li":
                _mark_task(element)
            elif element.tag == "tbody":
                _drop_made_up_row(element)

    def _address(self, address: str) -> str:
        if address.startswith("#"):
            return "#" + _own_id(address[1:])
        if self.attachments and re.fullmatch(r"[^/:?#\\]+\.[A-Za-z0-9]{2,5}", address):
            return self.attachments + quote(address, safe="%")
        return address


def _own_id(name: str) -> str:
    return name if name.startswith("user-") else "user-" + name


def _drop_made_up_row(body: etree.Element) -> None:
    """python-markdown gives a table of one row an empty second one."""
    if len(body) == 1 and all(not (cell.text or "").strip() and not len(cell) for cell in body[0]):
        body.remove(body[0])


def _mark_task(item: etree.Element) -> None:
    holder = item if (item.text or "").strip() or not len(item) else item[0]
    if found := re.match(r"\s*\[([ xX])\]\s+", holder.text or ""):
        done = found[1] != " "
        item.set("class", "task task-done" if done else "task")
        holder.text = ("☑ " if done else "☐ ") + (holder.text or "")[found.end() :]


class _House(Extension):
    """The rules of this house, added to python-markdown in one place."""

    def __init__(self, attachments: str, people: Mapping[str, str], seen: list[str]) -> None:
        super().__init__()
        self.attachments, self.people, self.seen = attachments, people, seen

    def extendMarkdown(self, md: markdown.Markdown) -> None:
        """Register the processors; the numbers are python-markdown's priorities."""
        md.parser.blockprocessors.register(_SpacedHeading(md.parser), "hashheader", 70)
        md.inlinePatterns.register(_WikiLink(r"\[\[([^\[\]|\n]{1,200})(?:\|([^\[\]\n]{1,200}))?\]\]", md), "wiki", 175)
        if self.people:
            names = "|".join(re.escape(name) for name in sorted(self.people, key=len, reverse=True))
            pattern = rf"(?<![0-9A-Za-z._-])@({names})"
            md.inlinePatterns.register(_Mention(pattern, md, self.people, self.seen), "mention", 174)
        md.treeprocessors.register(_Finish(md, self.attachments), "house", 1)


def _allowed(tag: str, name: str, value: str) -> bool:
    if name not in _ATTRIBUTES.get(tag, frozenset()) | _ATTRIBUTES["*"]:
        return False
    if name == "id":
        return value.startswith("user-")
    if name == "class":
        return all(part in _CLASSES or re.fullmatch(r"language-[a-z0-9+-]{1,20}", part) for part in value.split())
    if name == "src":
        return re.fullmatch(r"/(?![/\\])[^\s\x00-\x1f\\]*", value) is not None
    if name in ("start", "colspan", "rowspan"):
        return value.isascii() and value.isdigit() and len(value) < 4
    return True


_CONTROLS = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|&#0*(?:[0-8]|1[1-24-9]|2[0-9]|3[01]|127)(?![0-9]);?"
    r"|&#[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|7[fF])(?![0-9a-fA-F]);?"
)
_cleaner = bleach.Cleaner(tags=TAGS, attributes=_allowed, protocols=_SCHEMES, strip=True, strip_comments=True)


def sanitize(html: str) -> str:
    """HTML with only what an article may hold. Applying it twice changes nothing."""
    # Control characters, typed, coded or left behind by python-markdown (STX and ETX), would change at every cleaning.
    first = _CONTROLS.sub("", _cleaner.clean(_CONTROLS.sub("", html)))
    return nh3.clean(
        first,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        attribute_filter=lambda tag, name, value: value if _allowed(tag, name, value) or name == "rel" else None,
        link_rel="noopener noreferrer nofollow",
    )


def render_now(text: str, attachments: str = "", people: Mapping[str, str] | None = None) -> Rendered:
    """Render in this process, without the time budget. `people` maps full name to staff code."""
    seen: list[str] = []
    md = markdown.Markdown(
        extensions=[
            "tables", "footnotes", "fenced_code", "sane_lists", "nl2br", "admonition", "toc",
            _House(attachments, people or {}, seen),
        ],
        extension_configs={
            "tables": {"use_align_attribute": True},
            "footnotes": {"BACKLINK_TITLE": "กลับไปที่ข้อความของเชิงอรรถ {}"},
            "toc": {"slugify": lambda value, _separator: slug(value, "หัวข้อ"), "marker": ""},
        },
    )  # fmt: skip
    html = sanitize(md.convert(normalise(text)))
    headings: list[Heading] = []
    _flatten(getattr(md, "toc_tokens", []), headings)
    return Rendered(html, headings, seen)


def _flatten(tokens: list[dict[str, Any]], into: list[Heading]) -> None:
    for token in tokens:
        into.append(Heading(token["level"], _own_id(token["id"]), bleach.clean(token["name"], tags=[], strip=True)))
        _flatten(token["children"], into)


def plain_text(html: str) -> str:
    """The words of clean HTML, block by block on lines of their own, entities resolved."""
    text = re.sub(r"</(?:p|li|h[1-6]|tr|div|dt|dd|blockquote|pre)>|<br ?/?>", "\n", html)
    text = re.sub(r"</t[dh]>", " ", text)
    text = re.sub(r"<[^>]+>", "", text)
    for entity, char in (
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", '"'),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ):
        text = text.replace(entity, char)
    return re.sub(r"\n\s*\n+", "\n", text).strip()


def serve_child() -> None:
    """Loop of the child process: one JSON request a line in, one JSON answer a line out."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            done = render_now(request["text"], request["attachments"], request["people"])
            answer: dict[str, Any] = {
                "html": done.html,
                "headings": [[h.level, h.anchor, h.text] for h in done.headings],
                "mentioned": done.mentioned,
            }
        except RecursionError:
            answer = {"failed": True}
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


class Renderer:
    """Renders in one child process; a text over the budget costs that child, never the server."""

    def __init__(self, budget_seconds: float = BUDGET_SECONDS) -> None:
        self.budget_seconds = budget_seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="render")

    def render(self, text: str, attachments: str = "", people: Mapping[str, str] | None = None) -> Rendered:
        """Clean HTML of a Markdown text. Raises TooLarge over 200,000 characters or 2 seconds."""
        if len(text) > MAX_CHARACTERS:
            raise TooLarge(f"ข้อความยาวเกิน {MAX_CHARACTERS:,} ตัวอักษร โปรดแบ่งเป็นหลายบทความ")
        named = {name: code for name, code in (people or {}).items() if "@" + name in text}
        request = {"text": text, "attachments": attachments, "people": named}
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            answer = self._ask(line)
        if answer.get("failed"):
            raise TooLarge("ข้อความนี้ซ้อนกันซับซ้อนเกินกว่าจะจัดรูปแบบได้ โปรดลดวงเล็บหรือรายการที่ซ้อนกัน")
        headings = [Heading(*heading) for heading in answer["headings"]]
        return Rendered(answer["html"], headings, answer["mentioned"])

    def warm(self) -> None:
        """Start the child before the first person needs it."""
        self.render("")

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._stop()

    def _ask(self, line: bytes) -> dict[str, Any]:
        if self._child is None or self._child.poll() is not None:
            self._child = subprocess.Popen(
                [sys.executable, "-c", "from app.core.rendering import serve_child; serve_child()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
            )
            self._exchange(b'{"text": "", "attachments": "", "people": {}}\n', STARTUP_SECONDS)
        return self._exchange(line, self.budget_seconds)

    def _exchange(self, line: bytes, seconds: float) -> dict[str, Any]:
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            answer = self._reader.submit(_write_and_read, child, line).result(timeout=seconds)
        except (LateError, OSError):
            answer = b""
        if not answer:
            self._stop()
            return {"failed": True}
        parsed: dict[str, Any] = json.loads(answer)
        return parsed

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            for pipe in (self._child.stdin, self._child.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
            self._child = None


def _write_and_read(child: subprocess.Popen[bytes], line: bytes) -> bytes:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(line)
    child.stdin.flush()
    return child.stdout.readline()
