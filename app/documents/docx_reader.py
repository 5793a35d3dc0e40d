"""Word files to Markdown: mammoth makes HTML, our blocks and writer do the rest. Runs in the child process."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from typing import Any

import mammoth

from app.core.errors import Invalid
from app.core.rendering import MAX_CHARACTERS
from app.core.thai import normalise, one_line
from app.documents.blocks import Block, Node, Paragraph, Run, blocks_of, map_runs, parse_html, plain, text_of, walk
from app.documents.imported import said_losses, sane_html, too_long
from app.documents.markdown_writer import Losses, write_markdown
from app.documents.pictures import clean_picture
from app.documents.soft_breaks import SOFT_BREAK

MAX_ENTRIES = 5_000
MAX_UNPACKED = 300 * 1024 * 1024
MAX_XML = 60 * 1024 * 1024
MAX_PICTURES = 60

BROKEN = "ไฟล์ Word นี้เปิดไม่ได้ อาจเสียหายระหว่างคัดลอก โปรดเปิดใน Word แล้วบันทึกใหม่ จากนั้นลองอีกครั้ง"

STYLES = """
p[style-name='Title'] => h1.title:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='toc 1'] => !
p[style-name='toc 2'] => !
p[style-name='toc 3'] => !
p[style-name='TOC 1'] => !
p[style-name='TOC 2'] => !
p[style-name='TOC 3'] => !
p[style-name='TOC Heading'] => !
p[style-name='Contents 1'] => !
p[style-name='Contents 2'] => !
p[style-name='Contents 3'] => !
p[style-name='Contents Heading'] => !
u => u
"""


def read(_options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: `in` as Markdown, with a title, pictures and a report of what could not be kept."""
    content = files["in"]
    parts = parts_of(content)
    pictures = _Pictures()
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(content), style_map=STYLES, convert_image=mammoth.images.img_element(pictures.keep),
            external_file_access=False,
        ).value  # fmt: skip
    except (KeyError, ValueError, AttributeError, TypeError, IndexError, OSError, zipfile.BadZipFile) as error:
        raise Invalid({"file": BROKEN}) from error
    except RecursionError as error:
        raise Invalid({"file": "ไฟล์นี้ซ้อนกันซับซ้อนเกินกว่าจะอ่านได้ โปรดลดตารางที่ซ้อนกัน"}) from error
    tree = parse_html(sane_html(html))
    title, guessed = _headings(tree)
    losses = Losses()
    blocks = map_runs(_with_footnotes(tree), _clean_run)
    blocks = _one_title(blocks, title)
    markdown = _soften(write_markdown(blocks, losses)) + _footnotes(tree)
    report = said_losses(losses) + pictures.said() + _said_parts(parts)
    if guessed:
        report.insert(0, f"เอกสารไม่ได้ใช้ลักษณะ “หัวเรื่อง” ของ Word จึงถือย่อหน้าตัวหนาสั้น ๆ {guessed} แห่งเป็นหัวข้อ โปรดตรวจ")
    return {"markdown": markdown, "title": one_line(title)[:200], "report": report}, pictures.files


def parts_of(content: bytes) -> dict[str, str]:
    """XML parts by name, after every limit was checked. Raises Invalid."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            sizes = {entry.filename: entry.file_size for entry in entries}
            too_big = len(entries) > MAX_ENTRIES or sum(sizes.values()) > MAX_UNPACKED
            if too_big or sizes.get("word/document.xml", 0) > MAX_XML:
                raise Invalid({"file": "ไฟล์นี้ขยายแล้วใหญ่ผิดปกติ จึงไม่รับไว้ ถ้าเป็นเอกสารยาวจริง โปรดแบ่งเป็นหลายไฟล์"})
            if any(name.startswith(("/", "\\")) or ".." in name.split("/") for name in sizes):
                raise Invalid({"file": BROKEN})
            wanted = [
                n for n in sizes if n.startswith("word/") and n.endswith((".xml", ".rels")) and sizes[n] < MAX_XML
            ]
            parts = {name: archive.read(name).decode("utf-8", "replace") for name in wanted}
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Invalid({"file": BROKEN}) from error
    except KeyError as error:
        raise Invalid({"file": BROKEN}) from error
    if "word/document.xml" not in parts:
        raise Invalid({"file": BROKEN})
    if any("<!DOCTYPE" in text or "<!ENTITY" in text for text in parts.values()):
        raise Invalid({"file": "ไฟล์นี้มีคำสั่งที่ไม่ควรอยู่ในเอกสาร Word จึงไม่รับไว้"})
    written = sum(len(found) for found in re.findall(r"<w:t(?: [^>]*)?>([^<]*)", parts["word/document.xml"]))
    if written > MAX_CHARACTERS:
        raise too_long(written)
    return parts


class _Pictures:
    """Collects pictures, cleaned, under names of their own."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.lost = 0

    def keep(self, image: Any) -> dict[str, str]:
        """Called by mammoth for each picture; returns attributes of its element."""
        try:
            if len(self.files) >= MAX_PICTURES:
                raise Invalid({"file": ""})
            with image.open() as source:
                cleaned, _ = clean_picture(source.read())
        except (Invalid, OSError, KeyError, ValueError, AttributeError, TypeError):
            self.lost += 1
            return {"src": ""}
        kind = {b"\x89P": "png", b"\xff\xd8": "jpg", b"GI": "gif"}.get(cleaned[:2], "webp")
        name = f"รูป-{len(self.files) + 1}.{kind}"
        self.files[name] = cleaned
        return {"src": name}

    def said(self) -> list[str]:
        """How many pictures could not be brought."""
        if not self.lost:
            return []
        return [
            f"รูป {self.lost} รูปนำมาไม่ได้ (ชนิดที่เว็บไม่แสดง รูปที่ลิงก์จากที่อื่น หรือเกิน {MAX_PICTURES} รูป) โปรดแนบเป็น PNG หรือ JPEG"
        ]


def _headings(tree: Node) -> tuple[str, int]:
    """Title of the document, levels from 2 on; without heading styles, short bold paragraphs are taken. In place."""
    heads = [node for node in tree.children if re.fullmatch("h[1-6]", node.tag) and text_of(node).strip()]
    titled = [node for node in heads if "title" in node.attributes.get("class", "").split()]
    guessed = 0
    if not heads:
        for node in tree.children:
            if node.tag == "p" and _all_bold(node) and len(text_of(node).strip()) <= 90:
                node.tag = "h2"
                guessed += 1
        return "", guessed
    firsts = [node for node in heads if node.tag == "h1" and node not in titled]
    title = titled[0] if titled else (firsts[0] if len(firsts) == 1 and firsts[0] is heads[0] else None)
    rest = [node for node in heads if node is not title]
    highest = min((int(node.tag[1]) for node in rest), default=2)
    for node in rest:
        node.tag = f"h{min(6, int(node.tag[1]) - highest + 2)}"
    if title is not None:
        title.tag = "h1"
        return text_of(title).strip(), 0
    return "", 0


def _all_bold(node: Node) -> bool:
    words = [child for child in node.children if text_of(child).strip() or child.tag == "img"]
    return bool(words) and all(child.tag in ("strong", "b") for child in words)


def _one_title(blocks: tuple[Block, ...], title: str) -> tuple[Block, ...]:
    """Without the heading that became the title: it stands in a field of its own."""
    if not title:
        return blocks
    return tuple(block for block in blocks if not (isinstance(block, Paragraph) and block.level == 1))


def _clean_run(run: Run) -> Run:
    if run.image:
        return run
    text = normalise(run.text)
    # A break between Thai letters may stand inside a word: whoever knows the words decides.
    text = re.sub(r"(?<=[ก-๙])\n(?=[ก-๙])", SOFT_BREAK, text)
    link = run.link if not run.link.startswith("#") or "note-" in run.link else ""
    return replace(run, text=text, link=link, raised="" if "note-" in run.link else run.raised)


def _soften(markdown: str) -> str:
    """Breaks between two runs of different look are soft too."""
    return re.sub(r"(?<=[ก-๙])(\**)\n(\**)(?=[ก-๙])(?![^\n]*\|)", rf"\1{SOFT_BREAK}\2", markdown)


def _with_footnotes(tree: Node) -> tuple[Block, ...]:
    """Blocks of the document without the list of notes at its end."""
    kept = [node for node in tree.children if not _is_notes(node)]
    return blocks_of(Node("root", children=kept))


def _is_notes(node: Node) -> bool:
    return node.tag == "ol" and any(
        child.tag == "li" and re.fullmatch(r"(foot|end)note-\d+", child.attributes.get("id", ""))
        for child in node.children
    )


def _footnotes(tree: Node) -> str:
    lines = []
    for node in tree.children:
        if not _is_notes(node):
            continue
        for item in node.children:
            number = item.attributes.get("id", "").rpartition("-")[2]
            for one in walk(item):
                one.children = [c for c in one.children if not c.attributes.get("href", "").startswith("#")]
            text = one_line(plain(blocks_of(item)).replace("\n", " "))
            lines.append(f"[^{number}]: {text}")
    return "\n\n" + "\n".join(lines) if lines else ""


def _said_parts(parts: dict[str, str]) -> list[str]:
    """What the file holds that no article can."""
    body = parts["word/document.xml"]
    said = []
    kinds = {"header": "หัวกระดาษ", "footer": "ท้ายกระดาษ"}
    found = [
        kinds[kind]
        for kind in kinds
        if any(n.startswith(f"word/{kind}") and re.search(r"<w:t[ >]", text) for n, text in parts.items())
    ]
    if found:
        said.append("และ".join(found) + "ไม่ได้นำมา เพราะเป็นส่วนของหน้ากระดาษ")
    for pattern, words in (
        (r"<w:del ", "ข้อความที่ทำเครื่องหมายลบไว้ (ติดตามการแก้ไข) {} แห่งไม่ได้นำมา"),
        (r"<m:oMath>", "สมการ {} แห่งนำมาไม่ได้ โปรดแนบเป็นรูป"),
        (r"<w:object\b|<c:chart\b", "แผนภูมิหรือวัตถุฝังตัว {} แห่งนำมาไม่ได้ โปรดแนบเป็นรูป"),
    ):
        if count := len(re.findall(pattern, body)):
            said.append(words.format(count))
    if "word/comments.xml" in parts and "<w:comment " in parts["word/comments.xml"]:
        said.append("ความเห็นที่ริมกระดาษไม่ได้นำมา")
    return said
