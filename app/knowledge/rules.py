"""Decisions about articles: who may read and edit, templates, comparing texts. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.core.errors import Invalid
from app.core.thai import slug
from app.knowledge.models import Article, ArticleText, State
from app.people.models import Role, Viewer

MAX_TITLE = 200
MAX_TAGS = 12
MAX_COMPARED = 1_000_000


def can_read(viewer: Viewer, article: Article, credited: frozenset[int] = frozenset()) -> bool:
    """Whether a person may read the published text; a draft is its author's and the credited people's."""
    if article.deleted_at is not None:
        return False
    own = viewer.staff_id is not None and (viewer.staff_id == article.author_id or viewer.staff_id in credited)
    if article.state == State.DRAFT.value:
        return own
    if article.visibility == "public" or own:
        return True
    if article.visibility == "staff":
        return viewer.is_staff
    return article.group_id in viewer.group_ids


def can_edit(viewer: Viewer, article: Article, credited: frozenset[int] = frozenset()) -> bool:
    """Author, credited people, secretary, curating team, and facilitators of the article's group."""
    if viewer.staff_id is None or not can_read(viewer, article, credited):
        return False
    if viewer.staff_id == article.author_id or viewer.staff_id in credited or viewer.curates:
        return True
    return viewer.has(Role.SECRETARY, Role.ADMIN) or article.group_id in viewer.facilitates


def can_approve(viewer: Viewer, article: Article) -> bool:
    """Secretary, head, evaluator or a curator, never the author. Source: KM plan 2558, KM process, step 4."""
    if viewer.staff_id is None or viewer.staff_id == article.author_id:
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
    if len(text.tags) > MAX_TAGS or any(len(tag) > 60 for tag in text.tags):
        wrong["tags"] = f"ใส่แท็กได้ไม่เกิน {MAX_TAGS} คำ คำละไม่เกิน 60 ตัวอักษร"
    if wrong:
        raise Invalid(wrong)


_PAGES = frozenset({"edit", "history", "diff", "share", "files", "apply", "approve", "retire", "delete", "revisions"})


def article_slug(title: str) -> str:
    """Name of an article in its address; never the name of one of its own pages. Example: "Edit" -> "edit-"."""
    name = slug(title)
    return name + "-" if name in _PAGES else name


def split_tags(text: str) -> tuple[str, ...]:
    """Tags typed with commas, `#` or new lines between them, in order, each once."""
    parts = (part.strip().lstrip("#").strip() for part in re.split(r"[,\n、;]", text))
    return tuple(dict.fromkeys(part for part in parts if part))


@dataclass(frozen=True)
class Template:
    """An article template from `content/templates/`."""

    key: str
    name: str
    description: str
    category: str
    body: str


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
