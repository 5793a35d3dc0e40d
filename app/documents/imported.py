"""What comes out of a file that was read: Markdown, a title when the file names one, pictures, and an honest report."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import nh3

from app.core.errors import Invalid
from app.core.files import DOCX, PDF
from app.core.rendering import MAX_CHARACTERS
from app.documents import limited
from app.documents.blocks import BLOCK_TAGS, Node, Run, blocks_of, map_runs, parse_html, text_of, walk
from app.documents.limited import Job
from app.documents.markdown_writer import Losses, write_markdown

PASTE_SECONDS = 15.0
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Imported:
    """A file as text. `check_text`: a person must look it over before it is used (PDF)."""

    markdown: str
    title: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)
    report: list[str] = field(default_factory=list)
    check_text: bool = False


def too_long(characters: int) -> Invalid:
    """The sentence for a text longer than one page of the knowledge base may be."""
    return Invalid(
        {"file": f"ไฟล์นี้มีข้อความราว {characters:,} ตัวอักษร เกินที่หนึ่งเรื่องรับได้ ({MAX_CHARACTERS:,}) โปรดแบ่งเป็นหลายเรื่อง"}
    )


def refuse_old_office(content: bytes) -> None:
    """Raise Invalid for what Word calls a document and we cannot read: locked ones and those of before 2007."""
    if content.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Invalid({"file": "ไฟล์นี้ตั้งรหัสผ่านไว้ โปรดเปิดใน Word แล้วบันทึกใหม่โดยไม่ใส่รหัสผ่าน จากนั้นลองอีกครั้ง"})
        raise Invalid({"file": "ไฟล์นี้เป็น Word รุ่นเก่า (.doc) โปรดเปิดแล้วบันทึกเป็น .docx จากนั้นลองอีกครั้ง"})


def read_document(content: bytes, media_type: str) -> Imported:
    """A DOCX or PDF as Markdown. Raises Invalid with one sentence for anything that cannot be read."""
    if media_type not in (DOCX, PDF):
        raise Invalid({"file": "นำเข้าข้อความได้จาก Word (.docx) และ PDF เท่านั้น"})
    done = limited.run(Job("read_docx" if media_type == DOCX else "read_pdf", files={"in": content}))
    values: dict[str, Any] = done.values
    if len(values["markdown"]) > MAX_CHARACTERS:
        raise too_long(len(values["markdown"]))
    return Imported(values["markdown"], values["title"], done.files, values["report"], media_type == PDF)


_TAGS = {
    *BLOCK_TAGS, "a", "abbr", "b", "br", "code", "col", "colgroup", "del", "em", "font", "i", "img", "ins", "kbd", "mark", "q", "s",
    "small", "span", "strike", "strong", "sub", "sup", "tfoot", "u",
} - {"form"}  # fmt: skip
_ATTRIBUTES = {"*": {"id", "class", "style", "colspan", "rowspan", "start"}, "a": {"href"}, "img": {"src", "alt"}}


def sane_html(html: str) -> str:
    """HTML with only what a document has, every element closed; scripts, styles, comments and strange addresses gone."""
    return nh3.clean(
        html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto", "tel"}, link_rel=None,
        clean_content_tags={"script", "style", "title", "template", "noscript"},
    )  # fmt: skip


def read_paste(html: str) -> Imported:
    """HTML copied from Word or a web page as Markdown, read in a child. Raises Invalid when it takes too long."""
    done = limited.run(Job("read_html", {"html": html}), PASTE_SECONDS)
    return Imported(done.values["markdown"], report=done.values["report"])


def read_html(options: dict[str, Any], _files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: `html` as Markdown; pictures of other places are left out and said."""
    losses = Losses()
    tree = parse_html(sane_html(options["html"]))
    gather_word_lists(tree)
    blocks = map_runs(blocks_of(tree), lambda run: Run("") if run.image else run)
    left_out = sum(node.tag == "img" for node in walk(tree))
    markdown = write_markdown(blocks, losses)
    said = said_losses(losses) + ([f"รูป {left_out} รูปไม่ได้มาด้วย โปรดแนบเป็นไฟล์"] if left_out else [])
    return {"markdown": markdown, "report": said}, {}


def gather_word_lists(node: Node) -> None:
    """Word copies lists as paragraphs that carry their mark: makes lists of them again. In place."""
    for child in node.children:
        gather_word_lists(child)
    kept: list[Node] = []
    open_lists: list[tuple[int, Node]] = []
    for child in node.children:
        found = (
            re.search(r"mso-list:\s*l\d+\s+level(\d)", child.attributes.get("style", "")) if child.tag == "p" else None
        )
        if found is None:
            if child.tag or child.text.strip():
                open_lists = []
            kept.append(child)
            continue
        mark = "".join(text_of(one) for one in walk(child) if "mso-list:ignore" in _style(one)).strip()
        _drop_marks(child)
        level, tag = int(found[1]), "ol" if re.match(r"[0-9๐-๙a-zA-Zก-ฮ]+[.)]", mark) else "ul"
        open_lists = [one for one in open_lists if one[0] < level or (one[0] == level and one[1].tag == tag)]
        if not open_lists or open_lists[-1][0] < level:
            made = Node(tag)
            holder = open_lists[-1][1].children[-1].children if open_lists else kept
            holder.append(made)
            open_lists.append((level, made))
        open_lists[-1][1].children.append(Node("li", children=child.children))
    node.children = kept


def _style(node: Node) -> str:
    return node.attributes.get("style", "").lower().replace(" ", "")


def _drop_marks(node: Node) -> None:
    node.children = [child for child in node.children if "mso-list:ignore" not in _style(child)]
    for child in node.children:
        _drop_marks(child)


def said_losses(losses: Losses) -> list[str]:
    """What Markdown could not hold, in words."""
    said = []
    if losses.merged_cells:
        said.append(f"ตารางมีเซลล์ที่ผสานกัน {losses.merged_cells} แห่ง แยกเป็นเซลล์เดี่ยวแล้ว ข้อความอยู่ช่องซ้ายบน")
    if losses.nested_tables:
        said.append(f"ตารางซ้อนในตาราง {losses.nested_tables} แห่ง เขียนเป็นบรรทัดในเซลล์แทน")
    return said
