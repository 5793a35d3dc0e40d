"""The words of a PDF, Word or Excel file, page by page, for search; layout and pictures are left out."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

from app.core.thai import normalise
from app.documents import docx_reader, pdf_reader

MAX_CHARACTERS = 1_000_000
MAX_XML = 40_000_000
_XLSX = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_DOCX = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def read(options: dict[str, Any], files: dict[str, bytes]) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Task: `in` of a `kind` (pdf, docx, xlsx) as a list of (name of the page, text)."""
    pages = {"pdf": _pdf, "docx": _docx, "xlsx": _xlsx}[options["kind"]](files["in"])
    kept, left = [], MAX_CHARACTERS
    for name, text in pages:
        text = re.sub(r"[ \t]+", " ", normalise(text)).strip()[:left]
        left -= len(text)
        if text:
            kept.append([name, text])
    return {"pages": kept}, {}


def _pdf(content: bytes) -> list[tuple[str, str]]:
    return [(f"หน้า {number}", "\n".join(page)) for number, page in enumerate(pdf_reader.pages_of(content), 1)]


def _docx(content: bytes) -> list[tuple[str, str]]:
    tree = ElementTree.fromstring(docx_reader.parts_of(content)["word/document.xml"])
    paragraphs = ("".join(t.text or "" for t in p.iter(f"{_DOCX}t")) for p in tree.iter(f"{_DOCX}p"))
    return [("", "\n".join(filter(None, paragraphs)))]


def _xlsx(content: bytes) -> list[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            shared = [
                "".join(t.text or "" for t in one.iter(f"{_XLSX}t"))
                for one in _xml(archive, sizes, "xl/sharedStrings.xml").iter(f"{_XLSX}si")
            ]
            names = [one.get("name", "") for one in _xml(archive, sizes, "xl/workbook.xml").iter(f"{_XLSX}sheet")]
            sheets = sorted(
                (name for name in sizes if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", name)),
                key=lambda name: int(re.sub(r"\D", "", name)),
            )
            return [
                (f"แผ่น {names[at] if at < len(names) else at + 1}", _cells(_xml(archive, sizes, sheet), shared))
                for at, sheet in enumerate(sheets)
            ]
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        return []


def _xml(archive: zipfile.ZipFile, sizes: dict[str, int], name: str) -> ElementTree.Element:
    data = archive.read(name) if sizes.get(name, MAX_XML) < MAX_XML else b"<empty/>"
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError("entities in a sheet")
    return ElementTree.fromstring(data)


def _cells(sheet: ElementTree.Element, shared: list[str]) -> str:
    rows = []
    for row in sheet.iter(f"{_XLSX}row"):
        cells = []
        for cell in row.iter(f"{_XLSX}c"):
            value = cell.findtext(f"{_XLSX}v") or "".join(t.text or "" for t in cell.iter(f"{_XLSX}t"))
            if cell.get("t") == "s" and value.isdigit() and int(value) < len(shared):
                value = shared[int(value)]
            cells.append(value)
        rows.append(" ".join(filter(None, cells)))
    return "\n".join(filter(None, rows))
