"""Decisions about articles: who may read and edit, templates, comparing texts. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import yaml

from app.core.errors import Invalid
from app.core.thai import ARABIC_DIGITS, slug
from app.knowledge.models import POLICIES, Article, ArticleText, State
from app.people.models import Role, Viewer

MAX_TITLE = 200
MAX_TAGS = 12
MAX_COMPARED = 1_000_000
# A change of one of these is never small: numbers, headings, links of every spelling, raw HTML.
_CAREFUL = (
    r"[0-9๐-๙]+", r"(?m)^#{1,6}\s.*$", r"\]\([^)]*\)|\[\[[^\]]*\]\]", r"(?i)(?:href|src)\s*=\s*\S+|https?://\S+|mailto:\S+",
    r"<[^>]*>",
)  # fmt: skip


def can_read(viewer: Viewer, article: Article, credited: frozenset[int] = frozenset()) -> bool:
    """Whether a person may read the published text; a draft is its author's and the credited people's."""
    if article.deleted_at is not None:
        return False
    own = viewer.is_staff and (viewer.staff_id == article.author_id or viewer.staff_id in credited)
    if article.state == State.DRAFT.value:
        return own
    if article.visibility == "public" or own:
        return True
    if article.visibility == "staff":
        return viewer.is_staff
    return article.group_id in viewer.group_ids


def can_edit(viewer: Viewer, article: Article, credited: frozenset[int] = frozenset()) -> bool:
    """Author, credited people, secretary, curating team, and facilitators of the article's group."""
    if not viewer.is_staff or not can_read(viewer, article, credited):
        return False
    if viewer.staff_id == article.author_id or viewer.staff_id in credited or viewer.curates:
        return True
    return viewer.has(Role.SECRETARY, Role.ADMIN) or article.group_id in viewer.facilitates


@dataclass(frozen=True)
class ReviewFacts:
    """What decides who may check a text. `involved`: author, co-authors, editor and submitter; `head_step`: the second."""

    involved: frozenset[int]
    visibility: str
    group_id: int | None
    author_department: int | None
    head_step: bool = False
    reviewer_id: int | None = None


def can_review(viewer: Viewer, facts: ReviewFacts) -> bool:
    """Whether a person may take the step a round waits for; nobody checks what they had a hand in.

    First step: secretary, head, evaluator, curator, or a facilitator of the article's group. Second: the head of the
    author's department or an executive, another person than the reviewer.
    """
    if not viewer.is_staff or viewer.staff_id in facts.involved or viewer.staff_id == facts.reviewer_id:
        return False
    if facts.visibility == "group" and facts.group_id not in viewer.group_ids:
        return False
    if facts.head_step:
        own = facts.author_department is not None and viewer.department_id == facts.author_department
        return viewer.has(Role.EXECUTIVE) or (viewer.has(Role.HEAD) and own)
    facilitates = facts.visibility == "group" and facts.group_id in viewer.facilitates
    return viewer.curates or viewer.has(Role.SECRETARY, Role.HEAD, Role.EVALUATOR) or facilitates


def strictest(policies: Iterable[str]) -> str:
    """The policy that asks for most. Example: none, two, one -> two."""
    return max(policies, key=list(POLICIES).index, default="none")


def outcome(act: str, policy: str, *, small: bool) -> str:
    """What a save becomes: `draft`, `review` or `publish`. A small change of a checked text needs no new round."""
    if act == "draft":
        return "draft"
    return "publish" if policy == "none" or small else "review"


def is_small_change(old: str, new: str) -> bool:
    """A correction of spelling or layout: at most 40 characters or 1 % changed, no number, heading or link touched."""
    for pattern in _CAREFUL:
        if re.findall(pattern, old) != re.findall(pattern, new):
            return False
    before, after = old.split("\n"), new.split("\n")
    if len(before) * len(after) > MAX_COMPARED:
        return False
    changed, allowed = 0, max(40, len(old) // 100)
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        left, right = "\n".join(before[a:b]), "\n".join(after[c:d])
        if len(left) * len(right) > MAX_COMPARED:
            return False
        changed += sum(
            max(j - i, y - x)
            for kind, i, j, x, y in difflib.SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
            if kind != "equal"
        )
    return changed <= allowed


def loses_most(old: str, new: str) -> bool:
    """Whether a save removes over 90 % of a text of some length."""
    return len(old.strip()) >= 200 and len(new.strip()) * 10 < len(old.strip())


def can_approve(viewer: Viewer, article: Article) -> bool:
    """Secretary, head, evaluator or a curator, never the author. Source: KM plan 2558, KM process, step 4."""
    if not viewer.is_staff or viewer.staff_id == article.author_id:
        return False
    if article.review_approved_number is not None and article.review_approved_number == article.published_number:
        return False
    return article.state == State.PUBLISHED.value and (
        viewer.curates or viewer.has(Role.SECRETARY, Role.HEAD, Role.EVALUATOR)
    )


def check_text(text: ArticleText, *, publishing: bool, hints: frozenset[str] = frozenset()) -> None:
    """Raise Invalid per field. `hints` are lines of a template that must not be published."""
    wrong: dict[str, str] = {}
    if not text.title:
        wrong["title"] = "โปรดใส่ชื่อเรื่อง"
    elif len(text.title) > MAX_TITLE:
        wrong["title"] = f"ชื่อเรื่องยาวเกิน {MAX_TITLE} ตัวอักษร"
    if publishing and not text.body.strip():
        wrong["body"] = "เนื้อหายังว่างอยู่ โปรดเขียนก่อนเผยแพร่ หรือบันทึกเป็นร่างไว้ก่อน"
    left = sum(line.strip() in hints for line in text.body.splitlines()) if publishing else 0
    if left and "body" not in wrong:
        wrong["body"] = f"ยังมีคำแนะนำของแบบ (ตัวเอน) เหลืออยู่ {left} แห่ง เขียนแทนหรือลบออกก่อนเผยแพร่"
    if text.visibility == "group" and text.group_id is None:
        wrong["group_id"] = "โปรดเลือกกลุ่มที่อ่านได้"
    if text.series_number is not None and not 1 <= text.series_number <= 999:
        wrong["series_number"] = "ตอนที่ต้องเป็นเลข 1 ถึง 999"
    if len(text.tags) > MAX_TAGS or any(len(tag) > 60 for tag in text.tags):
        wrong["tags"] = f"ใส่แท็กได้ไม่เกิน {MAX_TAGS} คำ คำละไม่เกิน 60 ตัวอักษร"
    if wrong:
        raise Invalid(wrong)


_PAGES = frozenset(
    "edit history diff share files apply approve retire delete revisions restore review merge import discard comments"
    " read-requests confirm still-valid export authors".split()
)


def article_slug(title: str) -> str:
    """Name of an article in its address; never the name of one of its own pages. Example: "Edit" -> "edit-"."""
    name = slug(title)
    return name + "-" if name in _PAGES else name


def merge_details(text: ArticleText, old: Mapping[str, Any], theirs: Mapping[str, Any]) -> ArticleText:
    """What belongs to an article beside its words, three ways: theirs where I changed nothing, tags as sets.

    Readers and their group go together, and so do a series and its number.
    """
    if not old or not theirs:
        return text
    mine = text.details()
    for pair in (("category",), ("visibility", "group_id"), ("series", "series_number"), ("review_due_on",)):
        if all(mine[name] == old.get(name) for name in pair):
            mine |= {name: theirs[name] for name in pair}
    before, others = set(old.get("tags", ())), list(theirs.get("tags", ()))
    tags = [tag for tag in others if tag in mine["tags"] or tag not in before]
    tags += [tag for tag in mine["tags"] if tag not in before and tag not in tags]
    due = mine["review_due_on"]
    return replace(
        text, category=mine["category"], tags=tuple(tags), visibility=mine["visibility"], group_id=mine["group_id"],
        series=mine["series"], series_number=mine["series_number"],
        review_due_on=date.fromisoformat(due) if due else None,
    )  # fmt: skip


def may_read_as(viewer: Viewer, details: Mapping[str, Any] | None) -> bool:
    """Whether a text was meant for this person when it was saved; texts of which nothing is known follow the article."""
    if not details or details["visibility"] == "public":
        return True
    if details["visibility"] == "staff":
        return viewer.is_staff
    return details["group_id"] in viewer.group_ids


def draft_of(text: ArticleText, title: str) -> ArticleText:
    """A draft that holds what was typed so far, under a title."""
    return replace(text, title=title, version=0)


def with_imported(text: ArticleText, title: str, body: str, *, replace_all: bool) -> ArticleText:
    """A text with an imported one in its place or after it; the title is taken when the text had no words yet."""
    fresh = replace_all or not text.body.strip()
    heading = f"## {title}\n\n" if title and not fresh else ""
    joined = body if fresh else text.body.rstrip("\n") + "\n\n" + heading + body
    return replace(
        text,
        title=(title or text.title)[:MAX_TITLE] if fresh else text.title,
        body=joined,
        shorter=True,
        co_authors=None,
    )


def split_tags(text: str) -> tuple[str, ...]:
    """Tags typed with commas, `#` or new lines between them, in order, each once."""
    parts = (part.strip().lstrip("#").strip() for part in re.split(r"[,\n、;]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True)
class Template:
    """An article template. `text` is the whole file it was read from."""

    key: str
    name: str
    description: str
    category: str
    body: str
    text: str = ""


@dataclass(frozen=True)
class Section:
    """A line of the checklist: a heading of the template, and whether something stands under it."""

    name: str
    filled: bool


def read_template(key: str, text: str) -> Template:
    """A template from its file: front matter between `---` lines, then Markdown. Raises Invalid."""
    parts = text.replace("\r\n", "\n").split("---\n", 2)
    try:
        head = yaml.safe_load(parts[1]) if len(parts) == 3 and not parts[0].strip() else None
    except (yaml.YAMLError, ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or not str(head.get("name") or "").strip():
        raise Invalid({"text": "แบบต้องขึ้นต้นด้วยบรรทัด --- ตามด้วย name: ชื่อแบบ แล้วปิดด้วยบรรทัด --- ก่อนเนื้อหา"})
    name, about = str(head["name"]).strip(), str(head.get("description") or "").strip()
    return Template(key, name, about, str(head.get("category") or ""), parts[2].strip(), text)


def hints_of(body: str) -> frozenset[str]:
    """Lines of advice such as *เขียนสั้น ๆ ว่า…*: meant to be replaced, not published."""
    return frozenset(line.strip() for line in body.splitlines() if re.fullmatch(r"\*[^*]+\*", line.strip()))


def checklist(template: str, body: str) -> list[Section]:
    """Headings of a template in order; filled when at least ten characters of one's own stand under the heading."""
    advice = hints_of(template)
    wanted = [found.strip() for found in re.findall(r"(?m)^##\s+(.+)$", template)]
    written: dict[str, int] = {}
    current = ""
    for line in body.splitlines():
        if found := re.match(r"^#{1,6}\s+(.+)$", line):
            if found[1].strip() in wanted:
                current = found[1].strip()
        elif line.strip() not in advice:
            written[current] = written.get(current, 0) + len(re.sub(r"[\s|–:\-]", "", line))
    return [Section(name, written.get(name, 0) >= 10) for name in wanted]


def reading_minutes(words: int) -> int:
    """Minutes a calm reader needs, at least 1: 200 Thai words a minute. Example: 450 words -> 3."""
    return max(1, -(-words // 200))


def citizen_ids(text: str) -> int:
    """How many Thai citizen numbers a text holds: 13 digits whose last one is right (modulo 11)."""
    found = re.findall(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12}(?![0-9])", text.translate(ARABIC_DIGITS))
    return sum(_is_citizen_id(re.sub(r"[ -]", "", one)) for one in found)


def _is_citizen_id(digits: str) -> bool:
    total = sum(int(digit) * (13 - place) for place, digit in enumerate(digits[:12]))
    return (11 - total % 11) % 10 == int(digits[12])


def phone_numbers(text: str) -> int:
    """How many Thai mobile numbers a text holds."""
    return len(re.findall(r"(?<![0-9])0[689][0-9][ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9])", text.translate(ARABIC_DIGITS)))


def fill_template(body: str, values: Mapping[str, str]) -> str:
    """Replace `{{name}}`; an empty or unknown value becomes a dash, so that no sentence is left with a hole."""
    return re.sub(r"\{\{\s*([a-z_]+)\s*\}\}", lambda found: values.get(found[1], "") or "–", body)


@dataclass(frozen=True)
class DiffLine:
    """A line of a comparison: kind is same, changed, added, removed or gap; pieces are (text, is_changed)."""

    kind: str
    old: list[tuple[str, bool]]
    new: list[tuple[str, bool]]


def compare(old: str, new: str, words: Callable[[str], list[str]]) -> list[DiffLine]:
    """Two texts line by line, changed lines word by word; `words` cuts a line without losing a character."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) * len(after) > MAX_COMPARED:
        # difflib needs minutes for texts like these: show both whole instead.
        return [DiffLine("removed", [(old, True)], []), DiffLine("added", [], [(new, True)])]
    lines: list[DiffLine] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            lines += _same(before[a:b])
            continue
        for number in range(max(b - a, d - c)):
            left = before[a + number] if a + number < b else None
            right = after[c + number] if c + number < d else None
            lines.append(_changed(left, right, words))
    return lines


def matching_lines(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Stretches two texts share: (start in old, start in new, length)."""
    if len(old) * len(new) > MAX_COMPARED:
        return []
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
    return [(block.a, block.b, block.size) for block in blocks if block.size]


def _same(block: list[str]) -> list[DiffLine]:
    if len(block) <= 6:
        return [DiffLine("same", [(line, False)], [(line, False)]) for line in block]
    gap = DiffLine("gap", [(f"{len(block) - 4} บรรทัดเหมือนกัน", False)], [])
    return [*_same(block[:2]), gap, *_same(block[-2:])]


def _changed(left: str | None, right: str | None, words: Callable[[str], list[str]]) -> DiffLine:
    if left is None:
        return DiffLine("added", [], [(right or "", True)])
    if right is None:
        return DiffLine("removed", [(left, True)], [])
    old, new = words(left), words(right)
    if len(old) * len(new) > MAX_COMPARED:
        return DiffLine("changed", [(left, True)], [(right, True)])
    pieces_old: list[tuple[str, bool]] = []
    pieces_new: list[tuple[str, bool]] = []
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if b > a:
            pieces_old.append(("".join(old[a:b]), tag != "equal"))
        if d > c:
            pieces_new.append(("".join(new[c:d]), tag != "equal"))
    return DiffLine("changed", pieces_old, pieces_new)
