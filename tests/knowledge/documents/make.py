"""Makes the documents of this folder: `python tests/knowledge/documents/make.py`.

Ten DOCX files, each with one quirk that office documents really have, and beside each a JSON file with what an import
must keep. The JSON comes from the strings written here, never from the finished document. A dirty string stands beside
its clean one (`means`); where they are the same only one is written. Places, people and numbers are invented.

Needs python-docx, Pillow and pypdfium2; LibreOffice for 09, 10, the PDF files and `old.doc`; msoffcrypto-tool for
`locked.docx`. What cannot be made is left as it is. Keys of the JSON files:

- `title` text of the Title style; `headings` level and text; `images` number of pictures
- `tables` rows of cells; in a merged area the text stands top left and the other cells are empty; paragraphs and list
  items of one cell, and a table inside a cell, are joined with one space
- `text` every paragraph, list item and cell paragraph in reading order, without list marks that Word itself draws,
  captions, page headers and footers, tables of contents and footnotes
- `bold` some bold words, neighbouring bold runs joined and outer spaces removed
- where there are any: `footnotes`, `links`, `nested` (tables inside cells), `captions`, `alts` (alternative texts) and
  `absent` (strings that must not come through: page headers, comments, deleted text)
"""

from __future__ import annotations

import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import docx
import pypdfium2
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from PIL import Image, ImageDraw, ImageFilter

HERE = Path(__file__).parent
FONT = "TH SarabunPSK"
WHEN = datetime(2015, 1, 12, 9, 0)
PASSWORD = "x"
OFFICE = "เทศบาลตำบลทุ่งดาวเรือง"
LEFT, CENTER, RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


@dataclass(frozen=True)
class Run:
    """A piece of a paragraph: as it stands in the file and, where that differs, as it should be read."""

    text: str
    look: str = ""
    means: str | None = None
    link: str = ""

    @property
    def clean(self) -> str:
        return self.text if self.means is None else self.means


def bold(text: str, means: str | None = None) -> Run:
    return Run(text, "b", means)


def italic(text: str) -> Run:
    return Run(text, "i")


Part = str | Run
Item = str | tuple[int, str]


def add_run(paragraph: Paragraph, part: Run) -> None:
    """Write a piece as Word writes Thai: complex script, weights set for both scripts."""
    if part.link:
        relation = paragraph.part.relate_to(part.link, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), relation)
        paragraph._p.append(link)
        run = paragraph.add_run(part.text)
        run.font.underline = True
        link.append(run._r)
        return
    run = paragraph.add_run(part.text)
    if "b" in part.look:
        run.font.bold = run.font.cs_bold = True
    if "i" in part.look:
        run.font.italic = run.font.cs_italic = True


def add_field(paragraph: Paragraph, code: str, shown: str) -> None:
    """Add a Word field with the result it showed when the file was saved."""
    for piece in ("begin", code, "separate", None, "end"):
        run = paragraph.add_run(shown if piece is None else "")
        if piece == code:
            text = OxmlElement("w:instrText")
            text.set(qn("xml:space"), "preserve")
            text.text = f" {code} "
            run._r.append(text)
        elif piece:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), piece)
            run._r.append(mark)


class Paper:
    """A document under construction and what an import must keep of it."""

    def __init__(self) -> None:
        self.file: Document = docx.Document()
        self.expected: dict[str, Any] = {
            "title": "", "headings": [], "tables": [], "text": [], "bold": [], "images": 0,
        }  # fmt: skip
        section = self.file.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin, section.right_margin = Cm(3), Cm(2)
        for style in self.file.styles:
            if style.name in ("Normal", "Title", "Caption") or (style.name or "").startswith("Heading"):
                fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
                fonts.attrib.clear()
                for script in ("ascii", "hAnsi", "cs"):
                    fonts.set(qn(f"w:{script}"), FONT)
        for name, size in (("Normal", 16), ("Title", 24), ("Heading 1", 20), ("Heading 2", 18), ("Heading 3", 16)):
            style = self.file.styles[name]
            style.font.size = Pt(size)
            looks = style.element.get_or_add_rPr()
            for old in looks.findall(qn("w:szCs")):
                looks.remove(old)
            looks.find(qn("w:sz")).addnext(parse_xml(f'<w:szCs {nsdecls("w")} w:val="{2 * size}"/>'))
        normal = self.file.styles["Normal"]
        normal.element.rPr.append(parse_xml(f'<w:lang {nsdecls("w")} w:val="en-US" w:bidi="th-TH"/>'))
        properties = self.file.core_properties
        properties.author = properties.last_modified_by = "งานสารบรรณ"
        properties.comments = ""
        properties.created = properties.modified = WHEN

    def keep(self, key: str, *values: Any) -> None:
        self.expected.setdefault(key, []).extend(values)

    def fill(self, paragraph: Paragraph, parts: Sequence[Part], means: str | list[str] | None = None) -> list[str]:
        """Write the pieces and note their clean text and bold words."""
        runs = [Run(part) if isinstance(part, str) else part for part in parts]
        weighty = ""
        for run in [*runs, Run("")]:
            if "b" in run.look:
                weighty += run.clean
            elif weighty:
                self.keep("bold", weighty.strip())
                weighty = ""
            if run.link:
                self.keep("links", [run.clean, run.link])
        for run in runs:
            add_run(paragraph, run)
        if means is None:
            means = "".join(run.clean for run in runs).strip()
        texts = [means] if isinstance(means, str) else means
        texts = [text for text in texts if text]
        self.keep("text", *texts)
        return texts

    def title(self, text: str) -> None:
        self.expected["title"] = text
        self.fill(self.file.add_paragraph(style="Title"), [text])

    def heading(self, level: int, *parts: Part, means: str | None = None) -> None:
        texts = self.fill(self.file.add_paragraph(style=f"Heading {level}"), parts, means)
        self.keep("headings", [level, texts[0]])

    def paragraph(
        self,
        *parts: Part,
        means: str | list[str] | None = None,
        align: WD_ALIGN_PARAGRAPH = LEFT,
        style: str = "Normal",
    ) -> Paragraph:
        paragraph = self.file.add_paragraph(style=style)
        paragraph.alignment = align
        self.fill(paragraph, parts, means)
        return paragraph

    def bold_heading(self, text: str, align: WD_ALIGN_PARAGRAPH = LEFT) -> None:
        """A heading made by hand: a short paragraph, all of it bold."""
        paragraph = self.file.add_paragraph()
        paragraph.alignment = align
        add_run(paragraph, bold(text))
        self.keep("text", text)
        self.keep("headings", [2, text])

    def items(self, style: str, *items: Item) -> None:
        """List items; a tuple names the depth (2 or 3)."""
        for item in items:
            depth, text = (1, item) if isinstance(item, str) else item
            self.paragraph(text, style=style if depth == 1 else f"{style} {depth}")

    def bullets(self, *items: Item) -> None:
        self.items("List Bullet", *items)

    def numbers(self, *items: Item) -> None:
        self.items("List Number", *items)

    def grid(self, rows: int, columns: int) -> Table:
        table = self.file.add_table(rows, columns, style="Table Grid")
        mark = OxmlElement("w:tblHeader")
        table.rows[0]._tr.get_or_add_trPr().append(mark)
        return table

    def cell(self, cell: _Cell, *paragraphs: Sequence[Part], style: str = "Normal") -> str:
        """Fill a cell; returns its clean text."""
        texts = []
        for number, parts in enumerate(paragraphs):
            paragraph = cell.paragraphs[0] if number == 0 else cell.add_paragraph()
            paragraph.style = self.file.styles[style]
            texts += self.fill(paragraph, parts)
        return " ".join(texts)

    def table(self, *rows: Sequence[Part]) -> None:
        """A plain table whose first row is bold."""
        table = self.grid(len(rows), len(rows[0]))
        kept = []
        for number, row in enumerate(rows):
            parts = [bold(part) if number == 0 and isinstance(part, str) else part for part in row]
            kept.append([self.cell(table.cell(number, column), [part]) for column, part in enumerate(parts)])
        self.keep("tables", kept)
        self.file.add_paragraph()

    def running_lines(self, header: str, footer: str) -> None:
        """A page header, and a page footer with the page number."""
        section = self.file.sections[0]
        section.header.paragraphs[0].text = header
        line = section.footer.paragraphs[0]
        line.alignment = CENTER
        line.add_run(footer + " ")
        add_field(line, "PAGE", "1")
        self.keep("absent", header, footer)

    def docx(self) -> bytes:
        buffer = io.BytesIO()
        self.file.save(buffer)
        return settled(buffer.getvalue())


def settled(archive: bytes) -> bytes:
    """The same zip with all times fixed, so that two runs give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name in ("docProps/core.xml", "word/comments.xml"):
                data = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", WHEN.strftime("%Y-%m-%dT%H:%M:%SZ").encode(), data)
            new.writestr(zipfile.ZipInfo(name, WHEN.timetuple()[:6]), data, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


# ---------------------------------------------------------------- 01 plain report


def plain_report() -> Paper:
    """Headings, lists, bold and italic, a link, a table; runs split in the middle of words, as Word does."""
    paper = Paper()
    paper.running_lines("เอกสารเผยแพร่ภายใน งานการเจ้าหน้าที่ สำนักปลัดเทศบาล", "รายงานหลังการอบรม หน้าที่")
    paper.title("รายงานผลการฝึกอบรม หลักสูตรการเขียนความรู้จากงานประจำ")
    paper.heading(1, "ข้อมูลทั่วไป")
    paper.paragraph(
        f"ตามที่{OFFICE} มีคำสั่งให้นางสาวพิมพ์ลดา ธารน้ำใส ตำแหน่ง นักทรัพยากรบุคคลปฏิบัติการ เข้ารับการฝึกอบรม",
        bold("หลักสูตรการเขียนความรู้จากงานประจำ "),
        "ระหว่างวันที่ ๘–๑๐ ธันวาคม ๒๕๕๗ ณ ห้องประชุมดอกคูน โรงแรมริมธารสมมุติ นั้น",
    )
    paper.paragraph(
        "บัดนี้การฝึกอบรมเสร็จสิ้นแล้ว ผู้เข้ารับการอบรมขอรายงานผลเพื่อเผยแพร่ในคลังความรู้ขององค์",
        "กร และให้ผู้ที่ทำงานเรื่องเดียวกันนำไปใช้ต่อได้ โดยใช้",
        bold("งบประ"),
        bold("มาณ"),
        "รวมทั้งสิ้น 4,850 บาท เบิกจ่ายจากงานบริหารงานทั่วไป",
    )
    paper.heading(2, "กำหนดการและวิทยากร")
    paper.table(
        ["หัวข้อ", "วิทยากร", "ชั่วโมง"],
        ["ความรู้ในคนกับความรู้ในกระดาษ", "นายธีรเดช เขาแก้วงาม", "6"],
        ["การเล่าเรื่องและการจับประเด็น", "นางมาลีวัลย์ สวนดอกไม้", "6"],
        ["ฝึกเขียนและวิจารณ์งานเขียน", "คณะวิทยากร", "6"],
    )
    paper.heading(1, "สิ่งที่ได้เรียนรู้")
    paper.paragraph(
        "วิทยากรชี้ให้เห็นว่าบทความที่มีคนอ่านไม่ได้เริ่มจากระเบียบ แต่เริ่มจากปัญหาที่คนทำงานเจอจริง ประโยคที่จำได้ดีที่สุดคือ ",
        italic("“เขียนให้คนที่จะมานั่งโต๊ะนี้แทนเราในปีหน้า”"),
        " ซึ่งช่วยให้เลือกได้ว่าเรื่องใดควรเขียนและเรื่องใดไม่ต้องเขียน",
    )
    paper.heading(2, "หลักสามข้อที่นำมาใช้ได้ทันที")
    paper.bullets(
        "เล่าเหตุการณ์หนึ่งเรื่องให้จบก่อน แล้วจึงสรุปเป็นข้อ",
        "บอกจุดที่คนมักพลาดอย่างน้อยหนึ่งจุด",
        (2, "ระบุว่าพลาดเพราะอะไร"),
        (2, "ระบุว่าตรวจพบได้ที่ขั้นตอนใด"),
        "ให้เจ้าของเรื่องอ่านทวนก่อนเผยแพร่ทุกครั้ง",
    )
    paper.heading(2, "ขั้นตอนการเขียนที่แนะนำ")
    paper.numbers(
        "เลือกเรื่องที่มีคนถามซ้ำมากกว่าสามครั้งในหนึ่งเดือน",
        "สัมภาษณ์ผู้รู้ไม่เกินครึ่งชั่วโมงและจดเป็นคำของเจ้าตัว",
        "ร่างให้เสร็จภายในสองวันขณะที่ยังจำบรรยากาศได้",
        "ส่งให้เพื่อนต่างกองอ่าน แล้วแก้ตรงที่เพื่อนถามกลับ",
    )
    paper.heading(1, "การนำมาใช้กับงานของเทศบาล")
    paper.paragraph(
        "งานการเจ้าหน้าที่จะเริ่มจากเรื่องการลา ซึ่งเป็นเรื่องที่มีผู้สอบถามมากที่สุด โดยจะเขียนเป็นบทความสั้นจำนวนหกเรื่อง เดือนละหนึ่งเรื่อง และจะนำ",
        Run("แบบฟอร์มสรุปบทเรียน", "bi"),
        "ของวิทยากรมาปรับใช้กับวงแลกเปลี่ยนเรียนรู้ประจำเดือน เอกสารประกอบการอบรมอ่านได้ที่ ",
        Run("คลังเอกสารหลักสูตร", link="https://learn.example.go.th/km/2557?course=12&lang=th"),
        " หรือสอบถามที่งานการเจ้าหน้าที่ โทรศัพท์ภายใน ๑๐๔",
    )
    paper.paragraph(
        "ข้อจำกัดที่พบคือพนักงานส่วนใหญ่ไม่มีเวลาต่อเนื่องเกินสามสิบนาที วิธีที่ได้ผลในห้องอบรมจึงต้องแบ่งเป็นช่วงสั้น ๆ "
        "และต้องมีคนช่วยจดในวันที่เล่า ผู้เข้ารับการอบรมเสนอให้คุณลิขิตของแต่ละกองสลับกันทำหน้าที่นี้ เพื่อไม่ให้เป็นภาระของคนใดคนหนึ่ง"
    )
    paper.heading(1, "ข้อเสนอแนะ")
    paper.paragraph(
        "เห็นควรเผยแพร่รายงานนี้ในคลังความรู้ และติดตามผลหลังครบสามเดือน ",
        bold("ภายในวันที่ ๑๐ มีนาคม ๒๕๕๘"),
        " โดยนับจากจำนวนบทความที่เผยแพร่จริง",
    )
    return paper


# ---------------------------------------------------------------- 02 private-use glyphs

TONES = "่้๊๋์"
UPPER = dict(zip("ิีึืัํ็", "\uf701\uf702\uf703\uf704\uf710\uf711\uf712", strict=True))
LOWER = dict(zip("ฺุู", "\uf718\uf719\uf71a", strict=True))
BARE = {"ญ": "\uf70f", "ฐ": "\uf700"}


def shaped(text: str) -> str:
    """Thai as old shaping programs left it: marks moved aside or down stand as private-use characters, ำ as two."""
    text = re.sub("([่้๊๋])ำ", "ํ\\1า", text).replace("ำ", "ํา")
    out, base, high = [], "", False
    for place, letter in enumerate(text):
        tall = base in ("ป", "ฝ", "ฟ")
        if letter in UPPER:
            high = True
            out.append(UPPER[letter] if tall else letter)
        elif letter in TONES:
            number = TONES.index(letter)
            if high:
                out.append(chr(0xF713 + number) if tall else letter)
            else:
                out.append(chr((0xF705 if tall else 0xF70A) + number))
        elif letter in LOWER:
            out.append(LOWER[letter] if base in ("ฎ", "ฏ") else letter)
        else:
            base, high = letter, False
            out.append(BARE[letter] if letter in BARE and text[place + 1 : place + 2] in LOWER else letter)
    return "".join(out)


def private_glyphs() -> Paper:
    """Shifted marks of U+F700 to U+F71A, ำ in two characters, marks typed twice, เเ for แ."""
    paper = Paper()

    def old(text: str) -> str:
        paper.paragraph(shaped(text), means=text)
        return text

    text = "คู่มือป้องกันน้ำท่วมสำหรับชุมชนริมฝั่ง"
    paper.heading(1, shaped(text), means=text)
    old(
        "เทศบาลตำบลทุ่งดาวเรืองจัดทำคู่มือฉบับนี้ขึ้นหลังเหตุการณ์น้ำป่าไหลหลากเมื่อปีที่ผ่านมา "
        "ซึ่งทำให้บ้านเรือนริมฝั่งคลองได้รับความเสียหายกว่าหนึ่งร้อยหลัง"
    )
    old(
        "ก่อนฤดูฝนให้ตรวจปั๊มน้ำ ประตูน้ำ และฝายทุกแห่ง เก็บเศษไม้ที่ปิดทางน้ำ ปักป้ายเตือนให้เห็นชัด "
        "และเตรียมกระเป๋าฉุกเฉินไว้ประจำบ้าน สิ่งที่เปื่อยง่ายให้ใส่ถุงเป็นปึก"
    )
    text = "การฟื้นฟูหลังน้ำลด"
    paper.heading(2, shaped(text), means=text)
    text = "ห้ามเปิดสวิตช์ไฟฟ้าก่อนช่างตรวจ"
    paper.paragraph(
        "เมื่อน้ำลดแล้ว ",
        bold(shaped(text), text),
        Run(shaped(" เพราะมีผู้ประสบภัยลื่นล้มหน้าคะปำและถูกไฟฟ้าดูด"), means=" เพราะมีผู้ประสบภัยลื่นล้มหน้าคะปำและถูกไฟฟ้าดูด"),
    )
    old("กองทุนฟื้นฟูรับบริจาคที่ศาลาวงปี่พาทย์ศิลป์สมมุติ ติดต่อป้าปิ๋ว ประธานกลุ่มออมทรัพย์กุฎุมพีผู้กตัญญู ผ่านหน้าต่างป๊อปอัปของเว็บไซต์หรือฟังเสียงตามสาย")
    text = "รายการตรวจก่อนฝน"
    paper.heading(2, shaped(text), means=text)
    for text in ("ฝาท่อระบายน้ำปิดสนิทไม่มีขยะค้าง", "เครื่องปั่นไฟเติมน้ำมันเต็มถัง", "โต๊ะครัวกลางและหม้อก๋วยเตี๋ยวพร้อมใช้"):
        paper.paragraph(shaped(text), means=text, style="List Bullet")
    text = "คำที่เพี้ยนแบบอื่น"
    paper.heading(2, shaped(text), means=text)
    # Tone before and after the nikhahit; tone marks typed twice; two เ for แ.
    paper.paragraph(
        "น\u0e49\u0e4d\u0e32ดื่ม น\u0e4d\u0e49\u0e32ใช้ และถังเก็บน\uf711\u0e49\u0e32 "
        "ให้ท\u0e4d\u0e32ความสะอาดตามคู่มือก\u0e4d\u0e32กับ",
        means="น้ำดื่ม น้ำใช้ และถังเก็บน้ำ ให้ทำความสะอาดตามคู่มือกำกับ",
    )
    paper.paragraph(
        "ทั่่วทั้งตำบลมีจุดอพยพสี่่แห่ง เเต่ละเเห่งมีครัวกลาง เเละผู้้ดูเเลประจำ ห้้ามจอดรถขวางทางขึ้้น",
        means="ทั่วทั้งตำบลมีจุดอพยพสี่แห่ง แต่ละแห่งมีครัวกลาง และผู้ดูแลประจำ ห้ามจอดรถขวางทางขึ้น",
    )
    # Marks that a wrong font moved although nothing was in the way.
    paper.paragraph(
        "สิทธิ\uf717ของผ\uf719\u0e49ประสบภ\uf710ย ป\uf702งบประมาณ ๒๕๕๘ "
        "จ\uf711านวนเต\uf712นท\uf70eและโทรศ\uf710พท\uf717ม\uf704อถ\uf704อ "
        "\uf700านข้อม\uf719ลศูนย\uf709พ\uf718ท\uf71aโธ ป\uf701ดรับแจ้งทุกครึ\uf713งเดือน เบิกผ้าปูเป็นป\uf703กได้",
        means="สิทธิ์ของผู้ประสบภัย ปีงบประมาณ ๒๕๕๘ จำนวนเต็นท์และโทรศัพท์มือถือ ฐานข้อมูลศูนย์พุทฺโธ ปิดรับแจ้งทุกครึ่งเดือน เบิกผ้าปูเป็นปึกได้",
    )
    rows = [["สิ่งของ", "จำนวน", "ผู้เก็บรักษา"], ["เต็นท์ผ้าใบ", "๑๒ หลัง", "งานป้องกันฯ"], ["น้ำดื่ม", "๕๐๐ แพ็ก", "กองคลัง"]]
    paper.table(*[[Run(shaped(text), "b" if row == rows[0] else "", text) for text in row] for row in rows])
    return paper


# ---------------------------------------------------------------- 03 spaces that are not spaces


def strange_spaces() -> Paper:
    """NBSP, zero-width spaces between words, soft hyphens, double spaces, tabs as alignment."""
    paper = Paper()
    paper.heading(
        1,
        "ประกาศ\u200bรับ\u200bสมัคร\u200bอาสา\u200bสมัคร\u00a0\u00a0ประจำปี\u00a0๒๕๕๘",
        means="ประกาศรับสมัครอาสาสมัคร ประจำปี ๒๕๕๘",
    )
    paper.paragraph("\u00a0")
    paper.paragraph(
        "\u00a0\u00a0\u00a0\u00a0\u00a0ด้วย\u200bกอง\u200bสาธารณสุข\u200bและ\u200bสิ่งแวดล้อม\u00a0เทศบาล\u200bตำบล\u200bทุ่ง\u200bดาวเรือง\u00a0"
        "จะ\u200bรับ\u200bสมัคร\u200bอาสา\u200bสมัคร\u200bคัดแยก\u200bขยะ  จำนวน\u00a0๒๐\u00a0คน  "
        "เพื่อ\u200bช่วย\u200bงาน\u200bใน\u200bชุมชน\u00a0\u00a0๖\u00a0 แห่ง",
        means="ด้วยกองสาธารณสุขและสิ่งแวดล้อม เทศบาลตำบลทุ่งดาวเรือง จะรับสมัครอาสาสมัครคัดแยกขยะ "
        "จำนวน ๒๐ คน เพื่อช่วยงานในชุมชน ๖ แห่ง",
    )
    paper.heading(2, "\ufeffคุณสมบัติ\u00a0ของ\u2060ผู้สมัคร ", means="คุณสมบัติ ของผู้สมัคร")
    for raw, clean in (
        ("มี\u200bภูมิลำเนา\u200bใน\u200bเขต\u200bเทศบาล  ไม่น้อยกว่า\u00a0๑\u00a0ปี", "มีภูมิลำเนาในเขตเทศบาล ไม่น้อยกว่า ๑ ปี"),
        ("อายุ\u00a0๑๘\u2013๖๐\u00a0ปี\u00a0", "อายุ ๑๘–๖๐ ปี"),
        ("อ่าน\u200bออก\u200bเขียน\u200bได้\u00a0และ\u200bใช้\u00a0LINE\u00a0ได้", "อ่านออกเขียนได้ และใช้ LINE ได้"),
    ):
        paper.paragraph(raw, means=clean, style="List Bullet")
    paper.heading(2, "กำหนดการ\u00ad\u00a0", means="กำหนดการ")
    for raw, clean in (
        ("รับสมัคร\t\t๒–๑๓\u00a0กุมภาพันธ์\u00a0๒๕๕๘", "รับสมัคร ๒–๑๓ กุมภาพันธ์ ๒๕๕๘"),
        ("สัมภาษณ์\t\t๑๗\u00a0กุมภาพันธ์\u00a0๒๕๕๘", "สัมภาษณ์ ๑๗ กุมภาพันธ์ ๒๕๕๘"),
        ("ประกาศ\u00adผล\t\t๒๐\u00a0กุมภาพันธ์\u00a0๒๕๕๘", "ประกาศผล ๒๐ กุมภาพันธ์ ๒๕๕๘"),
    ):
        paper.paragraph(raw, means=clean)
    paper.paragraph(
        "ผู้\u00adสนใจ\u00adติด\u00adต่อ\u00a0",
        bold("ศูนย์\u200bบริการ\u00a0ร่วม\u200bใจ\u00a0", "ศูนย์บริการ ร่วมใจ "),
        "ชั้น\u00a0๑  ใน\u200bวัน\u200bและ\u200bเวลา\u200bราชการ  โทร.\u00a0๐\u00a0๒๓๔๕\u00a0๖๗๘๙  ต่อ\u00a0๑๑๒  "
        "e\u00admail\u200b:\u00a0vol\u00adun\u00adteer@example.go.th",
        means="ผู้สนใจติดต่อ ศูนย์บริการ ร่วมใจ ชั้น ๑ ในวันและเวลาราชการ โทร. ๐ ๒๓๔๕ ๖๗๘๙ ต่อ ๑๑๒ email: volunteer@example.go.th",
    )
    table = paper.grid(3, 2)
    cells = [
        ["ชุมชน\u00a0", "ผู้\u200bประสาน\u200bงาน"],
        ["\u00a0ริม\u200bหนอง\u00a0เหนือ", "นาง\u200bมาลีวัลย์\u00a0 สวน\u200bดอกไม้"],
        ["\u200b", "นาย\u200bธีรเดช\u00a0\u00a0เขาแก้ว\u200bงาม\t"],
    ]
    clean_cells = [["ชุมชน", "ผู้ประสานงาน"], ["ริมหนอง เหนือ", "นางมาลีวัลย์ สวนดอกไม้"], ["", "นายธีรเดช เขาแก้วงาม"]]
    for row, (dirty, clean) in enumerate(zip(cells, clean_cells, strict=True)):
        for column in range(2):
            paper.cell(table.cell(row, column), [Run(dirty[column], means=clean[column])])
    paper.keep("tables", clean_cells)
    paper.paragraph("\t\t\t\tประกาศ\u00a0ณ\u00a0วันที่\u00a0๒๓\u00a0มกราคม\u00a0๒๕๕๘", means="ประกาศ ณ วันที่ ๒๓ มกราคม ๒๕๕๘")
    paper.paragraph("\t\t\t\t(นายก้องภพ\u00a0\u00a0ทุ่งเรืองรอง)", means="(นายก้องภพ ทุ่งเรืองรอง)")
    paper.paragraph("\t\t\t\t\u00a0\u00a0ปลัด\u200bเทศบาล\u200bตำบล\u200bทุ่งดาวเรือง", means="ปลัดเทศบาลตำบลทุ่งดาวเรือง")
    return paper


# ---------------------------------------------------------------- 04 broken lines


def broken_lines() -> Paper:
    """Soft line breaks as after copying from a PDF: most in the middle of words, a few meant."""
    paper = Paper()

    def joined(text: str) -> str:
        return text.replace("\n", "")

    def copied(text: str) -> None:
        paper.paragraph(text, means=joined(text))

    text = "แนวทางการจัดทำงบ\nประมาณแบบมีส่วนร่วม"
    paper.heading(1, text, means=joined(text))
    copied(
        "งานนโยบายและแผนได้รวบรวมแนวทางการจัดทำงบ\nประมาณรายจ่ายประจำปีของเทศ\nบาลตำบลทุ่งดาวเรือง "
        "โดยสรุปจากการอบ\nรมเชิงปฏิบัติการเมื่อเดือนพฤศจิกา\nยน ๒๕๕๗ และจากประสบ\nการณ์ของเจ้าหน้าที่"
        "ที่ทำงานนี้มา\nนานกว่าสิบปี"
    )
    paper.paragraph(
        "ทุกกองต้องส่งคำขอพร้อม",
        bold("ประมาณ\nการรายรับ", "ประมาณการรายรับ"),
        "ภายในเดือนพฤษ\nภาคม และแนบผลการดำ\nเนินงานของปีที่ผ่านมา",
        means="ทุกกองต้องส่งคำขอพร้อมประมาณการรายรับภายในเดือนพฤษภาคม และแนบผลการดำเนินงานของปีที่ผ่านมา",
    )
    paper.heading(2, "ขั้นตอน")
    for text in (
        "ประชุมประชา\nคมระดับชุมชนเพื่อรับฟังความต้อง\nการ",
        "กลั่นกรองโครง\nการโดยคณะกรรม\nการพัฒนาเทศบาล",
        "เสนอร่างเทศบัญ\nญัติต่อสภาเทศ\nบาลภายในวันที่ ๑๕ สิงหาคม",
    ):
        paper.paragraph(text, means=joined(text), style="List Number")
    paper.heading(2, "เรื่องที่พลาดกันบ่อย")
    copied(
        "เจ้าหน้าที่มักตั้งงบตามตัวเลขปีก่อนโดยไม่ดูราคา\nกลางล่าสุด ทำให้ต้องโอนงบประมาณกลางปี "
        "และบางโครงการไม่มีแบบแปลนจึงถูกตี\nกลับ การตรวจสอบก่อนส่งใช้เวลาเพียงครึ่ง\nวันแต่ช่วยลดการแก้ไขได้มาก"
    )
    table = paper.grid(2, 2)
    rows = [["หมวดราย\nจ่าย", "ข้อสังเกต"], ["ค่าครุ\nภัณฑ์", "ต้องมีในบัญชีมาตร\nฐาน หรือมีใบเสนอราคาอย่างน้อยสามราย"]]
    for row, line in enumerate(rows):
        for column, text in enumerate(line):
            paper.cell(table.cell(row, column), [Run(text, means=joined(text))])
    paper.keep("tables", [[joined(text) for text in line] for line in rows])
    paper.heading(2, "ติดต่อสอบถาม")
    # Meant: the break follows a space.
    paper.paragraph(
        "งานนโยบายและแผน สำนักงานเทศบาลตำบลทุ่งดาวเรือง \n"
        "๙๙ หมู่ที่ ๔ ถนนประชาร่วมใจ ตำบลทุ่งดาวเรือง \nอำเภอลำน้ำใส จังหวัดแก้วมณี ๙๙๙๙๐",
        means=[
            "งานนโยบายและแผน สำนักงานเทศบาลตำบลทุ่งดาวเรือง",
            "๙๙ หมู่ที่ ๔ ถนนประชาร่วมใจ ตำบลทุ่งดาวเรือง",
            "อำเภอลำน้ำใส จังหวัดแก้วมณี ๙๙๙๙๐",
        ],
    )
    # Meant: lines that end in a figure or begin with a number.
    paper.paragraph(
        "โทรศัพท์ ๐ ๒๓๔๕ ๖๗๘๙\nโทรสาร ๐ ๒๓๔๕ ๖๗๙๐\nplan@example.go.th",
        means=["โทรศัพท์ ๐ ๒๓๔๕ ๖๗๘๙", "โทรสาร ๐ ๒๓๔๕ ๖๗๙๐", "plan@example.go.th"],
    )
    paper.paragraph(
        "เอกสารที่ต้องใช้\n๑. แบบเสนอโครงการ\n๒. ประมาณราคา\n๓. แผนที่สังเขป",
        means=["เอกสารที่ต้องใช้", "๑. แบบเสนอโครงการ", "๒. ประมาณราคา", "๓. แผนที่สังเขป"],
    )
    # Meant, and hard to see: nothing but whole words on both sides.
    paper.paragraph(
        "(นางสาวพิมพ์ลดา ธารน้ำใส)\nหัวหน้างานนโยบายและแผน",
        means=["(นางสาวพิมพ์ลดา ธารน้ำใส)", "หัวหน้างานนโยบายและแผน"],
        align=CENTER,
    )
    return paper


# ---------------------------------------------------------------- 05 numbers and Markdown characters


def typed_numbers() -> Paper:
    """Thai digits, numbering typed by hand, dates and order numbers, characters that mean something in Markdown."""
    paper = Paper()
    paper.heading(1, "๑. หลักเกณฑ์การเบิกค่าใช้จ่ายในการเดินทาง")
    paper.paragraph(
        "ตามหนังสือกระทรวงสมมุติ ด่วนที่สุด ที่ มท ๐๘๐๘.๒/ว ๑๒๓๔ ลงวันที่ ๑ ต.ค. ๕๗ "
        "และคำสั่งเทศบาลที่ ๒๑๕/๒๕๕๗ ลว. ๓๐ ก.ย. ๒๕๕๗ ให้ถือปฏิบัติดังนี้"
    )
    paper.heading(2, "๑.๑ ผู้มีสิทธิเบิก")
    for text in (
        "(ก) พนักงานเทศบาลสามัญ",
        "(ข) ลูกจ้างประจำ",
        "(ค) พนักงานจ้างที่ได้รับคำสั่งให้เดินทาง",
    ):
        paper.paragraph(text)
    paper.heading(2, "๑.๒ อัตราและวิธีคำนวณ")
    for text in (
        "1) ค่าเบี้ยเลี้ยงเหมาจ่าย 240 บาท/วัน",
        "2) ค่าที่พักจ่ายจริงไม่เกิน 1,500 บาท/คืน",
        "๑.๒.๑ กรณีใช้รถยนต์ส่วนตัว ให้คิด 4 บาท x ระยะทาง (กม.) เช่น 4*85*2 = 680 บาท",
        "๑.๒.๒ วันที่เดินทางไม่ถึง ๒๔ ชม. ถ้าเกิน ๑๒ ชม. ให้นับเป็น ๑ วัน (>12 ชม. = 1 วัน, <12 ชม. = ½ วัน)",
    ):
        paper.paragraph(text)
    paper.heading(1, "๒. การตั้งชื่อไฟล์และการค้นหา")
    paper.paragraph("ไฟล์แนบใช้ชื่อ KM_Plan_2558_v2.xlsx และ *ห้าม* เว้นวรรค ดูตัวอย่าง _ชื่อกอง_ ที่ \\\\server\\share\\งานคลัง")
    paper.paragraph("ใส่แท็ก #เดินทาง #เบิกจ่าย และค้นด้วยคำว่า [เบิก|ยืม] หรือ `เงินยืม` ได้ ยอด ~~เดิม~~ ใหม่ 50~60 รายการ")
    paper.paragraph("ช่องค้นหาไม่รับรหัส <script>alert(1)</script> และ <b>ตัวหนา</b> ส่วน R&D กับ &nbsp; ให้พิมพ์ตามจริง")
    paper.paragraph("ดู [ระเบียบ](ภาคผนวก ก) และ [[บทความเดิม]] หน้า ๔ ![แผนผัง] ราคา $5 ถึง $10")
    paper.heading(2, "๒.๑ บรรทัดที่ขึ้นต้นด้วยเครื่องหมาย")
    for text in (
        "1. บรรทัดนี้พิมพ์เลขเอง",
        "- บรรทัดนี้พิมพ์ขีดเอง",
        "+ เพิ่มเติมตามมติที่ประชุม",
        "# ไม่ใช่หัวข้อ",
        "> ไม่ใช่ข้อความอ้างอิง",
        "* หมายเหตุ: ตัวเลขในตารางเป็นตัวอย่าง",
        "| ไม่ใช่ | ตาราง |",
        "~~~",
        "***",
        "=====",
        "2558. ปีนี้ไม่ใช่เลขข้อ",
        "[ ] ยังไม่ส่งใบสำคัญ",
        "[x] ส่งใบสำคัญแล้ว",
    ):
        paper.paragraph(text)
    paper.heading(2, "๒.๒ ตาราง | รหัส_บัญชี #1")
    paper.table(
        ["วันที่", "รายการ_ย่อย", "จำนวน*"],
        ["๑ ต.ค. ๕๗", "ค่าพาหนะ|ไป-กลับ", "๑,๒๓๔.๕๐"],
        ["31/12/57", "ค่าที่พัก [2 คืน]", "3,000.-"],
    )
    paper.paragraph(
        "ผู้รับผิดชอบ ",
        bold("น.ส.พิมพ์ลดา*"),
        " โทร. 0-2345-6789 ต่อ 104 ",
        bold("(ก่อน ๑๖.๓๐ น.)"),
        "หรืออีเมล fin_travel@example.go.th",
    )
    paper.bullets("* ดอกจันในรายการจริง", "1. เลขในรายการจริง")
    return paper


# ---------------------------------------------------------------- 06 tables


def tables() -> Paper:
    """Merged cells, a header of two rows, empty cells, paragraphs, a list and a table inside cells."""
    paper = Paper()
    paper.heading(1, "สรุปผลโครงการพัฒนาชุมชน ไตรมาสที่ ๑")
    paper.paragraph("ตารางต่อไปนี้รวมผลของทุกกอง ตัวเลขเป็นพันบาท ช่องว่างหมายถึงยังไม่เบิกจ่าย")
    paper.heading(2, "งบประมาณรายโครงการ")
    table = paper.grid(6, 5)
    table.rows[1]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for top, left, bottom, right in (
        (0, 0, 1, 0),
        (0, 1, 1, 1),
        (0, 2, 0, 3),
        (0, 4, 1, 4),
        (3, 3, 4, 4),
        (5, 0, 5, 1),
    ):
        table.cell(top, left).merge(table.cell(bottom, right))
    rows = [
        ["ลำดับ", "โครงการ", "งบประมาณ", "", "ผู้รับผิดชอบ"],
        ["", "", "ตั้งไว้", "เบิกจ่าย", ""],
        ["๑", "ธนาคารขยะชุมชน", "๑๒๐", "๔๕", "กองสาธารณสุขฯ"],
        ["๒", "ซ่อมถนนสายบ้านเหนือ", "๘๕๐", "รอผลการจัดซื้อจัดจ้าง", ""],
        ["๓", "ห้องสมุดริมน้ำ", "๓๐๐", "", ""],
        ["รวม", "", "๑,๒๗๐", "๔๕", ""],
    ]
    for row, line in enumerate(rows):
        for column, text in enumerate(line):
            if text:
                paper.cell(table.cell(row, column), [bold(text) if row < 2 else text])
    paper.keep("tables", rows)
    paper.heading(2, "รายละเอียดและข้อสังเกต")
    table = paper.grid(4, 3)
    first = [
        paper.cell(table.cell(0, column), [bold(text)]) for column, text in enumerate(["เรื่อง", "ผลที่ได้", "ข้อสังเกต"])
    ]
    second = [
        paper.cell(table.cell(1, 0), ["ธนาคารขยะ"]),
        paper.cell(
            table.cell(1, 1),
            ["สมาชิกเพิ่มจาก ๔๐ เป็น ", bold("๑๑๕ ครัวเรือน")],
            ["ขยะที่ต้องฝังกลบลดลงหนึ่งในสี่"],
        ),
        paper.cell(table.cell(1, 2), ["ราคา|วัน ขึ้นลงบ่อย ให้ดูป้าย A|B ที่จุดรับซื้อ"]),
    ]
    third = [
        paper.cell(table.cell(2, 0), ["ซ่อมถนน"]),
        paper.cell(
            table.cell(2, 1), ["สำรวจแล้วสามช่วง"], ["ช่วงตลาด"], ["ช่วงโรงเรียน"], ["ช่วงสะพาน"], style="List Bullet"
        ),
        "",
    ]
    fourth = [
        paper.cell(table.cell(3, 0), ["ห้องสมุดริมน้ำ"]),
        paper.cell(table.cell(3, 1), ["อยู่ระหว่างออกแบบ"]),
        paper.cell(table.cell(3, 2), ["ขอแบบจากงานวิศวกรรมก่อนสิ้นเดือน"]),
    ]
    paper.keep("tables", [first, second, third, fourth])
    paper.heading(2, "ตารางซ้อน")
    table = paper.grid(2, 2)
    head = [paper.cell(table.cell(0, column), [bold(text)]) for column, text in enumerate(["ชุมชน", "จำนวนผู้เข้าร่วม"])]
    place = paper.cell(table.cell(1, 0), ["ชุมชนริมหนองเหนือ"])
    total = paper.cell(table.cell(1, 1), ["รวม ๓๐ คน แยกเป็น"])
    inner = table.cell(1, 1).add_table(2, 2)
    inner.style = paper.file.styles["Table Grid"]
    lines = [["ชาย", "๑๒"], ["หญิง", "๑๘"]]
    for row, line in enumerate(lines):
        for column, text in enumerate(line):
            paper.cell(inner.cell(row, column), [text])
    paper.keep("nested", lines)
    paper.keep("tables", [head, [place, " ".join([total, *lines[0], *lines[1]])]])
    paper.heading(2, "หมายเหตุ")
    paper.table(["ช่องเดียว"])
    paper.paragraph("ข้อมูล ณ วันที่ ๕ มกราคม ๒๕๕๘ ตารางสุดท้ายมีช่องเดียวและใช้เป็นกรอบข้อความ")
    return paper


# ---------------------------------------------------------------- 07 memo without heading styles


def memo() -> Paper:
    """An official memo: headings are short bold paragraphs, no heading style anywhere."""
    paper = Paper()
    paper.bold_heading("บันทึกข้อความ", CENTER)
    paper.bold_heading("ส่วนราชการ")
    paper.paragraph("กองคลัง เทศบาลตำบลทุ่งดาวเรือง โทร. ๐ ๒๓๔๕ ๖๗๘๙ ต่อ ๒๐๑")
    paper.paragraph(bold("ที่"), " ทด ๕๒๐๐๓/๐๔๗")
    paper.paragraph(bold("วันที่"), " ๑๒ มกราคม ๒๕๕๘", align=RIGHT)
    paper.paragraph(bold("เรื่อง"), " ขออนุมัติใช้บัญชีตรวจเอกสารก่อนเสนอฎีกาเบิกจ่าย")
    paper.paragraph("เรียน นายกเทศมนตรีตำบลทุ่งดาวเรือง")
    paper.bold_heading("๑. เรื่องเดิม")
    paper.paragraph(
        "ตามที่ในปีงบประมาณ ๒๕๕๗ กองคลังได้ส่งฎีกาคืนกองต่าง ๆ เพื่อแก้ไขจำนวน ๘๖ ฎีกา คิดเป็นร้อยละ ๑๙ ของฎีกาทั้งหมด "
        "ทำให้การจ่ายเงินแก่ผู้ขายล่าช้าโดยเฉลี่ยเจ็ดวันทำการ"
    )
    paper.bold_heading("๒. ข้อเท็จจริง")
    paper.paragraph("กองคลังได้รวบรวมสาเหตุจากแฟ้มที่ส่งคืนทั้งหมด พบว่าสาเหตุหลักมีสามประการ คือ")
    paper.paragraph("๒.๑ ใบตรวจรับลงวันที่ก่อนใบส่งของ")
    paper.paragraph("๒.๒ ผู้ลงนามไม่ตรงกับคำสั่งแต่งตั้งกรรมการ")
    paper.paragraph("๒.๓ แนบสำเนาบัญชีธนาคารของผู้ขายไม่ครบ")
    warning = (
        "ทั้งนี้ หากไม่แก้ไขก่อนสิ้นไตรมาสที่สอง เงินค้างจ่ายจะสะสมจนกระทบต่อการกันเงินเหลื่อมปี "
        "และผู้ขายรายย่อยในตำบลอาจไม่เข้าร่วมเสนอราคาในครั้งต่อไป ซึ่งจะทำให้เทศบาลต้องจัดหาพัสดุในราคาที่สูงขึ้นโดยไม่จำเป็น"
    )
    paper.paragraph(bold(warning))
    paper.bold_heading("๓. ข้อระเบียบ")
    paper.paragraph(
        "ระเบียบว่าด้วยการรับเงิน การเบิกจ่ายเงิน และการเก็บรักษาเงิน "
        "หมวดที่ว่าด้วยการวางฎีกา กำหนดให้หน่วยงานผู้เบิกตรวจสอบความครบถ้วนของหลักฐานก่อนเสนอ"
    )
    paper.bold_heading("๔. ข้อพิจารณา")
    paper.paragraph(
        "กองคลังเห็นว่าการใช้บัญชีตรวจเอกสารหนึ่งหน้า ซึ่งผู้เบิกเป็นผู้ทำเครื่องหมายเองก่อนส่ง จะลดการส่งคืนได้ ",
        bold("ไม่น้อยกว่าครึ่งหนึ่ง"),
        " โดยไม่เพิ่มขั้นตอนและไม่ใช้งบประมาณ",
    )
    paper.table(
        ["รายการ", "ผู้ตรวจ", "ใช้เวลา"],
        ["วันที่ในเอกสารทุกฉบับ", "ผู้เบิก", "๕ นาที"],
        ["รายชื่อกรรมการตามคำสั่ง", "หัวหน้าฝ่าย", "๓ นาที"],
    )
    paper.bold_heading("๕. ข้อเสนอ")
    paper.paragraph("จึงเรียนมาเพื่อโปรดพิจารณา หากเห็นชอบขอได้โปรดอนุมัติให้ใช้ตั้งแต่วันที่ ๒ กุมภาพันธ์ ๒๕๕๘ เป็นต้นไป")
    for text in ("(นางมาลีวัลย์ สวนดอกไม้)", "ผู้อำนวยการกองคลัง"):
        paper.paragraph(text, align=CENTER)
    paper.bold_heading("ความเห็นของปลัดเทศบาล")
    paper.paragraph("เห็นควรอนุมัติ และให้ทุกกองรายงานผลในที่ประชุมประจำเดือน")
    for text in ("(นายก้องภพ ทุ่งเรืองรอง)", "ปลัดเทศบาล"):
        paper.paragraph(text, align=CENTER)
    return paper


# ---------------------------------------------------------------- 08 pictures


def landscape(width: int, height: int, seed: int) -> Image.Image:
    """A drawn view: sky, hills, a river."""
    chance = random.Random(seed)
    picture = Image.linear_gradient("L").resize((width, height))
    sky = [picture.point(lambda v: 120 + v // 3), picture.point(lambda v: 170 + v // 4), picture.point(lambda v: 250)]
    picture = Image.merge("RGB", sky)
    draw = ImageDraw.Draw(picture)
    for layer in range(4):
        level = height * (4 + layer) // 9
        points = [(x, level - chance.randrange(height // 9)) for x in range(0, width + 1, width // 12)]
        draw.polygon([(0, height), *points, (width, height)], fill=(60 + 10 * layer, 140 - 20 * layer, 70))
    draw.polygon([(width // 2, height * 6 // 9), (width // 5, height), (width * 3 // 5, height)], fill=(110, 150, 190))
    return picture.filter(ImageFilter.GaussianBlur(width / 600))


def transparent_png() -> bytes:
    """A round sign on a transparent ground."""
    picture = Image.new("RGBA", (600, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((120, 20, 480, 380), fill=(32, 96, 160, 255), outline=(255, 255, 255, 128), width=12)
    draw.polygon([(300, 80), (400, 300), (200, 300)], fill=(255, 200, 40, 180))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def telling_jpeg() -> bytes:
    """A photograph lying on its side that tells where and when it was taken."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Invented Camera", "IC-1", 6
    exif[0x013B] = "Invented Person"
    exif.get_ifd(0x8769)[0x9003] = "2015:01:05 10:30:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (10.0, 30.0, 0.0), 3: "E", 4: (101.0, 15.0, 0.0)})
    buffer = io.BytesIO()
    landscape(1200, 800, 8).save(buffer, "JPEG", quality=60, exif=exif)
    return buffer.getvalue()


def big_jpeg() -> bytes:
    buffer = io.BytesIO()
    landscape(3000, 2000, 9).save(buffer, "JPEG", quality=12)
    return buffer.getvalue()


def pictures() -> Paper:
    """Three pictures: transparent PNG, JPEG with place and orientation, JPEG of 3000 x 2000; captions."""
    paper = Paper()

    def picture(paragraph: Paragraph, data: bytes, width: float, alt: str = "") -> None:
        shape = paragraph.add_run().add_picture(io.BytesIO(data), width=Cm(width))
        shape._inline.docPr.set("name", f"Picture {paper.expected['images'] + 1}")
        if alt:
            shape._inline.docPr.set("descr", alt)
        paper.expected["images"] += 1
        paper.keep("alts", alt)

    def caption(number: int, text: str) -> None:
        paragraph = paper.file.add_paragraph("ภาพที่ ", style="Caption")
        add_field(paragraph, "SEQ ภาพที่ \\* ARABIC", str(number))
        paragraph.add_run(f" {text}")
        paper.keep("captions", f"ภาพที่ {number} {text}")

    paper.heading(1, "เล่าเรื่องด้วยภาพ ปรับปรุงสวนริมคลอง")
    paper.paragraph("กองช่างเก็บภาพก่อน ระหว่าง และหลังการปรับปรุง เพื่อให้ผู้ที่ทำงานสวนสาธารณะแห่งอื่นเห็นลำดับงาน")
    paper.heading(2, "ป้ายประจำสวน")
    picture(paper.paragraph("ป้ายใหม่ใช้รูปสามเหลี่ยมในวงกลม ดังนี้ "), transparent_png(), 5, "ป้ายวงกลมสีน้ำเงิน มีรูปสามเหลี่ยมสีเหลือง")
    caption(1, "ป้ายประจำสวนริมคลอง")
    paper.heading(2, "ภาพก่อนปรับปรุง")
    paper.paragraph("ภาพนี้ถ่ายด้วยโทรศัพท์ในแนวตั้ง ก่อนตัดแต่งต้นไม้หนึ่งสัปดาห์")
    picture(paper.file.add_paragraph(), telling_jpeg(), 9)
    caption(2, "ริมคลองด้านทิศเหนือ ก่อนปรับปรุง")
    paper.heading(2, "ภาพหลังปรับปรุง")
    picture(paper.file.add_paragraph(), big_jpeg(), 15)
    paper.paragraph("สิ่งที่ควรทำต่างไปคือถ่ายจากจุดเดิมทุกครั้ง ", bold("ปักหมุดไว้ที่พื้น"), " แล้วจดเวลาที่ถ่าย")
    paper.bullets("ถ่ายตอนเช้าแสงนุ่มกว่า", "เก็บภาพต้นฉบับไว้ที่งานช่างโยธา")
    return paper


# ---------------------------------------------------------------- 09 from LibreOffice

FLAT_ODT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text"
 xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0">
<office:automatic-styles>
<style:style style:name="b" style:family="text"><style:text-properties fo:font-weight="bold"
 style:font-weight-complex="bold"/></style:style>
<text:list-style style:name="dots">{bullets}</text:list-style>
<text:list-style style:name="figures">{figures}</text:list-style>
</office:automatic-styles>
<office:body><office:text>{body}</office:text></office:body>
</office:document>
"""
INDENT = (
    '<style:list-level-properties text:list-level-position-and-space-mode="label-alignment">'
    '<style:list-level-label-alignment text:label-followed-by="listtab"'
    ' fo:text-indent="-0.6cm" fo:margin-left="{0}cm"/>'
    "</style:list-level-properties>"
)


class OpenPaper:
    """A document for LibreOffice to turn into DOCX, as flat OpenDocument XML."""

    def __init__(self) -> None:
        self.body: list[str] = []
        self.expected: dict[str, Any] = {
            "title": "", "headings": [], "tables": [], "text": [], "bold": [], "images": 0, "footnotes": [],
        }  # fmt: skip

    def inline(self, text: str) -> str:
        """Text with **bold** words and [[footnotes]]; notes what to keep."""
        self.expected["bold"] += re.findall(r"\*\*(.+?)\*\*", text)
        self.expected["footnotes"] += re.findall(r"\[\[(.+?)\]\]", text)
        self.expected["text"].append(re.sub(r"\*\*|\[\[.+?\]\]", "", text))
        xml = re.sub(r"\*\*(.+?)\*\*", r'<text:span text:style-name="b">\1</text:span>', escape(text))
        before = len(self.expected["footnotes"]) - len(re.findall(r"\[\[", text))

        def note(found: re.Match[str]) -> str:
            nonlocal before
            before += 1
            return (
                f'<text:note text:id="ftn{before}" text:note-class="footnote">'
                f"<text:note-citation>{before}</text:note-citation>"
                f"<text:note-body><text:p>{found[1]}</text:p></text:note-body></text:note>"
            )

        return re.sub(r"\[\[(.+?)\]\]", note, xml)

    def heading(self, level: int, text: str) -> None:
        self.expected["headings"].append([level, text])
        self.body.append(f'<text:h text:outline-level="{level}">{self.inline(text)}</text:h>')

    def paragraph(self, text: str) -> None:
        self.body.append(f"<text:p>{self.inline(text)}</text:p>")

    def items(self, style: str, *items: Item) -> None:
        """A list; a tuple names the depth of its item."""
        depth = 0
        for item in items:
            wanted, text = (1, item) if isinstance(item, str) else item
            if wanted > depth:
                self.body.append(f'<text:list text:style-name="{style}"><text:list-item>' * (wanted - depth))
            else:
                self.body.append(
                    "</text:list-item></text:list>" * (depth - wanted) + "</text:list-item><text:list-item>"
                )
            depth = wanted
            self.paragraph(text)
        self.body.append("</text:list-item></text:list>" * depth)

    def table(self, *rows: Sequence[str]) -> None:
        self.body.append(f'<table:table><table:table-column table:number-columns-repeated="{len(rows[0])}"/>')
        for number, row in enumerate(rows):
            cells = "".join(
                f"<table:table-cell><text:p>{self.inline(text)}</text:p></table:table-cell>" for text in row
            )
            line = f"<table:table-row>{cells}</table:table-row>"
            self.body.append(f"<table:table-header-rows>{line}</table:table-header-rows>" if number == 0 else line)
        self.body.append("</table:table>")
        self.expected["tables"].append([[text.replace("**", "") for text in row] for row in rows])

    def xml(self) -> str:
        levels = [(level, INDENT.format(level)) for level in (1, 2, 3)]
        bullets = "".join(
            f'<text:list-level-style-bullet text:level="{level}" text:bullet-char="{"•–▪"[level - 1]}">{indent}'
            "</text:list-level-style-bullet>"
            for level, indent in levels
        )
        figures = "".join(
            f'<text:list-level-style-number text:level="{level}"'
            f' style:num-format="{"1aI"[level - 1]}" style:num-suffix=".">'
            f"{indent}</text:list-level-style-number>"
            for level, indent in levels
        )
        return FLAT_ODT.format(bullets=bullets, figures=figures, body="".join(self.body))


def libreoffice_paper() -> OpenPaper:
    """Headings, lists three deep, a table, footnotes, bold."""
    paper = OpenPaper()
    paper.heading(1, "การจัดตั้งศูนย์พักพิงชั่วคราว")
    paper.paragraph(
        "เทศบาลตำบลทุ่งดาวเรืองใช้โรงเรียนและวัดเป็น**ศูนย์พักพิงชั่วคราว**"
        "[[ตามแผนป้องกันและบรรเทาสาธารณภัยของเทศบาล พ.ศ. ๒๕๕๘ บทที่ ๔]] "
        "รวมห้าแห่ง รองรับผู้ประสบภัยได้ ๖๐๐ คน บทความนี้สรุปสิ่งที่ต้องเตรียมจากการซ้อมแผนครั้งล่าสุด"
    )
    paper.heading(2, "การเตรียมสถานที่")
    paper.items(
        "dots",
        "อาคาร",
        (2, "ตรวจโครงสร้างก่อนฤดูฝน"),
        (3, "หลังคาและรางน้ำ"),
        (3, "ระบบไฟฟ้าชั้นล่าง"),
        (2, "แบ่งพื้นที่ตามกลุ่มผู้พัก"),
        (3, "ผู้สูงอายุและผู้ป่วย"),
        (3, "ครอบครัวที่มีเด็กเล็ก"),
        "น้ำและอาหาร",
        (2, "น้ำดื่มวันละสามลิตรต่อคน"),
    )
    paper.heading(2, "ลำดับการเปิดศูนย์")
    paper.items(
        "figures",
        "ประกาศเปิดศูนย์ทางเสียงตามสาย",
        "ลงทะเบียนผู้พัก",
        (2, "ผู้มีบัตรประชาชนใช้แบบ ก"),
        (2, "ผู้ไม่มีบัตรใช้แบบ ข และถ่ายภาพไว้"),
        (3, "เจ้าหน้าที่ทะเบียนตรวจสอบภายใน ๒๔ ชั่วโมง"),
        "**จัดเวรกลางคืน**อย่างน้อยสองคน",
    )
    paper.heading(3, "จำนวนผู้พักต่อแห่ง")
    paper.table(
        ["**สถานที่**", "**รองรับ (คน)**", "**ผู้ดูแล**"],
        ["โรงเรียนบ้านสมมุติ", "๒๐๐", "นายธีรเดช เขาแก้วงาม"],
        ["วัดดาวเรืองสมมุติ", "๑๕๐", "นางมาลีวัลย์ สวนดอกไม้"],
        ["ศาลาประชาคม", "๑๐๐", "งานป้องกันฯ"],
    )
    paper.paragraph(
        "ตัวเลขข้างต้นคิดจากพื้นที่ ๓.๕ ตารางเมตรต่อคน[[มาตรฐานที่ใช้ในการซ้อมแผน อาจปรับได้ตามสภาพจริง]] "
        "ถ้าน้ำท่วมนานกว่าเจ็ดวันต้องลดจำนวนลง"
    )
    return paper


# ---------------------------------------------------------------- 10 through Word and LibreOffice

AUTHOR = 'w:author="ผู้ตรวจ สมมุติ" w:date="2015-01-12T09:00:00Z"'


def tracked(paragraph: Paragraph, kind: str, number: int, text: str) -> None:
    """Append an insertion (`ins`) or a deletion (`del`) to a paragraph."""
    tag = "w:t" if kind == "ins" else "w:delText"
    paragraph._p.append(
        parse_xml(
            f'<w:{kind} {nsdecls("w")} w:id="{number}" {AUTHOR}><w:r><{tag} xml:space="preserve">{escape(text)}</{tag}>'
            f"</w:r></w:{kind}>"
        )
    )


def contents(paper: Paper, entries: list[tuple[int, str, int]]) -> None:
    """A table of contents as Word saves it: a field with its last result, in a content control."""
    for level in (1, 2, 3):
        style = paper.file.styles.add_style(f"toc {level}", 1)
        style.base_style = paper.file.styles["Normal"]
    heading = paper.file.add_paragraph("สารบัญ", style="TOC Heading")
    lines = [paper.file.add_paragraph(style=f"toc {level}") for level, _, _ in entries]
    for place, (line, (_, text, page)) in enumerate(zip(lines, entries, strict=True)):
        if place == 0:
            add_field(line, 'TOC \\o "1-3" \\h \\z \\u', "")
            end = line._p.r_lst[-1]
            line._p.remove(end)
        line.add_run(f"{text}\t{page}")
    lines[-1]._p.append(end)
    control = parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/>'
        "</w:docPartObj></w:sdtPr><w:sdtContent/></w:sdt>"
    )
    heading._p.addprevious(control)
    for paragraph in (heading, *lines):
        control[-1].append(paragraph._p)
    paper.keep("absent", "สารบัญ")


def reviewed_paper() -> Paper:
    """Tracked changes, comments, a page break, a table of contents, fields, Title and headings 1 to 3."""
    paper = Paper()
    paper.running_lines("ฉบับร่างเวียนความเห็น", "คู่มือรับเรื่องร้องเรียน หน้าที่")
    paper.title("คู่มือรับเรื่องร้องเรียนร้องทุกข์")
    contents(
        paper,
        [(1, "ช่องทางรับเรื่อง", 2), (2, "การรับที่เคาน์เตอร์", 2), (3, "คำถามแรกที่ควรถาม", 2), (1, "การติดตามผล", 2)],
    )
    paper.file.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    paper.heading(1, "ช่องทางรับเรื่อง")
    line = paper.paragraph(
        "เทศบาลรับเรื่องร้องเรียนได้",
        means="เทศบาลรับเรื่องร้องเรียนได้สี่ช่องทาง คือ เคาน์เตอร์ โทรศัพท์ จดหมาย และแอปพลิเคชัน",
    )
    tracked(line, "del", 901, "สามช่องทาง")
    tracked(line, "ins", 902, "สี่ช่องทาง")
    add_run(line, Run(" คือ เคาน์เตอร์ โทรศัพท์ "))
    tracked(line, "del", 903, "และจดหมายเท่านั้น")
    tracked(line, "ins", 904, "จดหมาย และแอปพลิเคชัน")
    paper.heading(2, "การรับที่เคาน์เตอร์")
    line = paper.paragraph("เจ้าหน้าที่ต้องออกเลขรับ", bold("ภายในวันเดียวกัน"), " และแจ้งชื่อผู้รับผิดชอบให้ผู้ร้องทราบ")
    paper.file.add_comment(line.runs[1], text="ขอแก้เป็นภายในสองชั่วโมงได้หรือไม่", author="ผู้ตรวจ สมมุติ", initials="ผต")
    gone = paper.file.add_paragraph()
    tracked(gone, "del", 905, "ห้ามรับเรื่องจากผู้ไม่แสดงบัตรประชาชนทุกกรณี")
    gone._p.get_or_add_pPr().append(parse_xml(f'<w:rPr {nsdecls("w")}><w:del w:id="906" {AUTHOR}/></w:rPr>'))
    added = "ผู้ร้องที่ไม่ประสงค์ออกนามให้บันทึกเฉพาะรายละเอียดของเรื่อง"
    line = paper.paragraph(means=added)
    tracked(line, "ins", 907, added)
    paper.heading(3, "คำถามแรกที่ควรถาม")
    paper.bullets("เรื่องเกิดที่ใดและเมื่อใด", "มีใครเดือดร้อนอยู่ตอนนี้หรือไม่", "เคยแจ้งหน่วยงานใดแล้วบ้าง")
    paper.table(
        ["ประเภทเรื่อง", "กำหนดเสร็จ", "ผู้รับผิดชอบ"],
        ["ไฟสาธารณะดับ", "๓ วัน", "กองช่าง"],
        ["เหตุรำคาญ กลิ่น เสียง", "๗ วัน", "กองสาธารณสุขฯ"],
    )
    paper.heading(1, "การติดตามผล")
    line = paper.paragraph(
        "เมื่อครบกำหนดให้ทบทวนหัวข้อ ",
        means="เมื่อครบกำหนดให้ทบทวนหัวข้อ ช่องทางรับเรื่อง และโทรถามผู้ร้องซ้ำ รายละเอียดดูที่ เว็บไซต์รับเรื่อง",
    )
    mark_heading(paper, "ช่องทางรับเรื่อง", "channels")
    add_field(line, "REF channels \\h", "ช่องทางรับเรื่อง")
    add_run(line, Run(" และโทรถามผู้ร้องซ้ำ รายละเอียดดูที่ "))
    add_field(line, 'HYPERLINK "https://complaint.example.go.th/"', "เว็บไซต์รับเรื่อง")
    paper.keep("links", ["เว็บไซต์รับเรื่อง", "https://complaint.example.go.th/"])
    line = paper.paragraph("หัวหน้างานสรุปจำนวนเรื่องค้างทุกวันศุกร์ก่อนเวลา ๑๕.๐๐ น.")
    paper.file.add_comment(line.runs[0], text="เพิ่มแบบรายงานท้ายเล่มด้วย", author="ผู้ตรวจ สมมุติ", initials="ผต")
    paper.keep(
        "absent",
        "สามช่องทาง",
        "และจดหมายเท่านั้น",
        "ห้ามรับเรื่องจากผู้ไม่แสดงบัตรประชาชนทุกกรณี",
        "ขอแก้เป็นภายในสองชั่วโมงได้หรือไม่",
        "เพิ่มแบบรายงานท้ายเล่มด้วย",
    )
    return paper


def mark_heading(paper: Paper, text: str, name: str) -> None:
    """Put a bookmark around a heading."""
    heading = next(p for p in paper.file.paragraphs if p.text == text and (p.style.name or "").startswith("Heading"))
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="77" w:name="{name}"/>')
    heading.runs[0]._r.addprevious(start)
    heading._p.append(parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="77"/>'))


# ---------------------------------------------------------------- files

PAPERS: dict[str, Callable[[], Paper]] = {
    "01-plain-report": plain_report,
    "02-private-glyphs": private_glyphs,
    "03-strange-spaces": strange_spaces,
    "04-broken-lines": broken_lines,
    "05-typed-numbers": typed_numbers,
    "06-tables": tables,
    "07-memo": memo,
    "08-pictures": pictures,
}
LIBREOFFICE, REVIEWED = "09-libreoffice", "10-reviewed"


def write_json(name: str, expected: dict[str, Any]) -> None:
    """The expectations; a heading or a row of a table stands on one line."""
    (HERE / f"{name}.json").write_text(json_lines(expected, 0) + "\n", "utf-8")


def json_lines(value: Any, depth: int) -> str:
    """JSON with short lists inside lists on one line."""
    flat = isinstance(value, list) and not any(isinstance(item, list) for item in value)
    if not isinstance(value, (dict, list)) or not value or (flat and depth > 1):
        return json.dumps(value, ensure_ascii=False)
    inner, outer = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {json_lines(item, depth + 1)}" for key, item in value.items()]
        return "{" + inner + ("," + inner).join(items) + outer + "}"
    return "[" + inner + ("," + inner).join(json_lines(item, depth + 1) for item in value) + outer + "]"


def convert(soffice: str, source: Path, to: str, result: str) -> bytes:
    """Let LibreOffice turn a file into another format."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [soffice, f"-env:UserInstallation={Path(folder, 'profile').as_uri()}", "--headless", "--convert-to", to,
             "--outdir", folder, str(source)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=180,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(int(WHEN.timestamp()))},
        )  # fmt: skip
        return Path(folder, f"{source.stem}.{result}").read_bytes()


def make_with_libreoffice(soffice: str, flat: str, reviewed: bytes) -> None:
    """09, 10, the PDF files and the old DOC."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source.fodt")
        source.write_text(flat, "utf-8")
        (HERE / f"{LIBREOFFICE}.docx").write_bytes(settled(convert(soffice, source, "docx", "docx")))
        source = Path(folder, "source.docx")
        source.write_bytes(reviewed)
        (HERE / f"{REVIEWED}.docx").write_bytes(settled(convert(soffice, source, "docx", "docx")))
    report = HERE / "01-plain-report.docx"
    (HERE / "report.pdf").write_bytes(settled_pdf(convert(soffice, report, "pdf", "pdf")))
    (HERE / "memo.pdf").write_bytes(settled_pdf(convert(soffice, HERE / "07-memo.docx", "pdf", "pdf")))
    (HERE / "old.doc").write_bytes(convert(soffice, report, "doc", "doc"))
    if (HERE / "locked.pdf").exists():  # Its salts are random, so it is made only once.
        return
    lock = {
        "EncryptFile": {"type": "boolean", "value": "true"},
        "DocumentOpenPassword": {"type": "string", "value": PASSWORD},
    }
    locked = convert(soffice, HERE / "07-memo.docx", f"pdf:writer_pdf_Export:{json.dumps(lock)}", "pdf")
    (HERE / "locked.pdf").write_bytes(locked)


def settled_pdf(data: bytes) -> bytes:
    """The same PDF with its time and identity fixed; lengths stay, so the table of objects stays true."""
    data = re.sub(rb"\(D:\d{14}", b"(D:" + WHEN.strftime("%Y%m%d%H%M%S").encode(), data)
    return re.sub(rb"(?<=[</])[0-9A-F]{32}(?=[>\s])", b"0" * 32, data)


def scan() -> bytes:
    """The memo as a scanner gives it: grey, a little askew, no text."""
    pages = []
    for page in pypdfium2.PdfDocument(HERE / "memo.pdf"):
        picture = page.render(scale=1.6).to_pil().convert("L")
        pages.append(picture.rotate(0.7, Image.Resampling.BICUBIC, fillcolor=250).filter(ImageFilter.GaussianBlur(0.4)))
    buffer = io.BytesIO()
    when = time.gmtime(WHEN.timestamp())
    pages[0].save(
        buffer,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=115,
        quality=35,
        creationDate=when,
        modDate=when,
    )
    return buffer.getvalue()


def lock_docx() -> None:
    """The memo encrypted with a password; salts are random, so it is made only once."""
    target = HERE / "locked.docx"
    if target.exists():
        return
    try:
        from msoffcrypto.format.ooxml import OOXMLFile
    except ImportError:
        print("locked.docx needs msoffcrypto-tool and was not made.")
        return
    with (HERE / "07-memo.docx").open("rb") as plain, target.open("wb") as locked:
        OOXMLFile(plain).encrypt(PASSWORD, locked)


def main() -> None:
    """Make every file that can be made here."""
    for name, build in PAPERS.items():
        paper = build()
        (HERE / f"{name}.docx").write_bytes(paper.docx())
        write_json(name, paper.expected)
        if name in ("01-plain-report", "07-memo"):
            write_json("report" if name.startswith("01") else "memo", {"text": paper.expected["text"]})
    flat, reviewed = libreoffice_paper(), reviewed_paper()
    write_json(LIBREOFFICE, flat.expected)
    write_json(REVIEWED, reviewed.expected)
    soffice = shutil.which("soffice")
    if soffice:
        make_with_libreoffice(soffice, flat.xml(), reviewed.docx())
    else:
        print("09 and 10, the PDF files and old.doc need LibreOffice (soffice), which is not here: left as they are.")
    lock_docx()
    for name, source in (("broken.docx", "01-plain-report.docx"), ("broken.pdf", "report.pdf")):
        whole = (HERE / source).read_bytes()
        (HERE / name).write_bytes(whole[: len(whole) // 2])
    (HERE / "scanned.pdf").write_bytes(scan())


if __name__ == "__main__":
    sys.exit(main())
