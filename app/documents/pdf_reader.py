"""PDF files to Markdown: the words of the pages, their lines joined into paragraphs. Runs in the child process."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from app.core.errors import Invalid
from app.core.rendering import MAX_CHARACTERS
from app.core.thai import normalise, one_line
from app.documents.imported import too_long
from app.documents.markdown_writer import escape

MAX_PAGES = 400
BEGINS = re.compile(r"^(?:[•●▪◦–—-]\s|\(?[0-9๐-๙ก-ฮ]{1,3}(?:\.[0-9๐-๙]{1,2})*[.)]\s)")


def read(_options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: `in` as Markdown to be looked over by a person; the report says what a PDF cannot tell."""
    pages = pages_of(files["in"])
    kept, dropped = without_furniture(pages)
    paragraphs = [paragraph for page in kept for paragraph in join_lines(page)]
    if not paragraphs:
        raise Invalid({"file": "PDF นี้เป็นภาพสแกน ไม่มีตัวหนังสือให้อ่าน โปรดแนบเป็นไฟล์ แล้วพิมพ์สรุปแทน"})
    report = ["PDF ไม่บอกว่าบรรทัดใดเป็นหัวข้อ ตาราง หรือรูป โปรดตรวจทานข้อความก่อนใช้"]
    if dropped:
        report.append(f"ตัดหัวกระดาษ ท้ายกระดาษ และเลขหน้าออก {dropped} บรรทัด")
    empty = sum(not any(line.strip() for line in page) for page in pages)
    if empty:
        report.append(f"{empty} หน้าเป็นภาพ ไม่มีตัวหนังสือให้อ่าน")
    markdown = "\n\n".join(escape(paragraph) for paragraph in paragraphs)
    title = one_line(paragraphs[0]) if len(paragraphs[0]) <= 120 else ""
    return {"markdown": markdown, "title": title, "report": report}, {}


def pages_of(content: bytes) -> list[list[str]]:
    """Lines of each page. Raises Invalid for a locked, broken or too long file."""
    try:
        document = pdfium.PdfDocument(content)
    except pdfium.PdfiumError as error:
        if pdfium_c.FPDF_GetLastError() == pdfium_c.FPDF_ERR_PASSWORD or "password" in str(error).lower():
            raise Invalid({"file": "PDF นี้ตั้งรหัสผ่านไว้ โปรดบันทึกใหม่โดยไม่ใส่รหัสผ่าน จากนั้นลองอีกครั้ง"}) from error
        raise Invalid({"file": "PDF นี้เปิดไม่ได้ อาจเสียหายระหว่างคัดลอก โปรดบันทึกใหม่แล้วลองอีกครั้ง"}) from error
    if len(document) > MAX_PAGES:
        raise Invalid({"file": f"PDF นี้มี {len(document):,} หน้า นำเข้าข้อความได้ไม่เกิน {MAX_PAGES} หน้า โปรดแบ่งไฟล์"})
    pages: list[list[str]] = []
    total = 0
    for number in range(len(document)):
        text = repair(document[number].get_textpage().get_text_range())
        total += len(text)
        if total > MAX_CHARACTERS:
            raise too_long(total * len(document) // (number + 1))
        pages.append([line.strip() for line in text.split("\n")])
    return pages


def repair(text: str) -> str:
    """Thai as PDF files tear it: marks apart from their letters, ำ in two, hyphens of line ends. Example: "น ้ำ" -> "น้ำ"."""
    text = text.replace("\ufffe\r\n", "").replace("\ufffe\n", "").replace("\ufffe", "").replace("\x02", "")
    text = normalise(text)
    text = re.sub(r"(?<=[ก-ฮ]) (?=[ัิ-ฺ็-๎])", "", text)
    text = re.sub(r"(?<=[ก-ฮ])([่-๋]?) (?=ำ)", r"\1", text)
    text = re.sub(r"ํ ?า", "ำ", text)
    return normalise(text)


def without_furniture(pages: list[list[str]]) -> tuple[list[list[str]], int]:
    """Pages without what repeats at their tops and bottoms and without page numbers; and how many lines went."""
    edges: Counter[str] = Counter()
    for page in pages:
        filled = [line for line in page if line]
        edges.update({_shape(line) for line in filled[:2] + filled[-2:]})
    often = {shape for shape, count in edges.items() if len(pages) >= 3 and count >= max(3, len(pages) * 6 // 10)}
    kept: list[list[str]] = []
    dropped = 0
    for page in pages:
        places = [number for number, line in enumerate(page) if line]
        ends = set(places[:2] + places[-2:])
        stays = []
        for number, line in enumerate(page):
            bare = re.fullmatch(r"[-–\s(]*(?:หน้า(?:ที่)?\s*)?[0-9๐-๙]{1,4}[-–\s)]*(?:/\s*[0-9๐-๙]{1,4})?", line)
            if number in ends and line and (bare or _shape(line) in often):
                dropped += 1
            else:
                stays.append(line)
        kept.append(stays)
    return kept, dropped


def _shape(line: str) -> str:
    return re.sub(r"[0-9๐-๙]+", "0", line)


def join_lines(lines: list[str]) -> list[str]:
    """Paragraphs of a page: a line as long as most goes on in the next; Thai is joined without a space."""
    longest = max((len(line) for line in lines), default=0)
    paragraphs: list[str] = []
    open_ended = False
    for line in lines:
        if not line:
            open_ended = False
            continue
        if open_ended and paragraphs and not BEGINS.match(line):
            thai = re.search(r"[ก-๙]$", paragraphs[-1]) and re.match(r"[ก-๙]", line)
            paragraphs[-1] += ("" if thai else " ") + line
        else:
            paragraphs.append(line)
        open_ended = len(line) >= longest * 0.75
    return paragraphs
