"""Text of attached files: found with its page, by those who may see the file, and read in a child once."""

from __future__ import annotations

import io
import zipfile

import pytest
import typst
from docx import Document as Word

from app.documents import text_reader
from app.office import Office
from app.people.models import VISITOR
from tests.conftest import Browser, app_of
from tests.personas import SOMCHAI, WICHAI, article, load
from tests.search.test_query import ask
from tests.search.test_search import viewer


def word(*paragraphs: str) -> bytes:
    """A Word file."""
    made, out = Word(), io.BytesIO()
    for text in paragraphs:
        made.add_paragraph(text)
    made.save(out)
    return out.getvalue()


def sheet(rows: list[list[str]], name: str = "แผ่นงาน") -> bytes:
    """An Excel file with shared strings."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    texts = [cell for row in rows for cell in row]
    at = iter(range(len(texts)))
    body = "".join("<row>" + "".join(f'<c t="s"><v>{next(at)}</v></c>' for _ in row) + "</row>" for row in rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml", f'<workbook {space}><sheets><sheet name="{name}" sheetId="1"/></sheets></workbook>'
        )
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>")
        archive.writestr(
            "xl/sharedStrings.xml", f"<sst {space}>" + "".join(f"<si><t>{text}</t></si>" for text in texts) + "</sst>"
        )
    return out.getvalue()


def paper(*pages: str) -> bytes:
    """A PDF with a page each."""
    return typst.compile("#pagebreak()\n".join(page + "\n" for page in pages).encode())


def attach(office: Office, name: str, content: bytes, code: str = "A") -> None:
    data = {"file": (io.BytesIO(content), name)}
    answer = Browser(app_of(office), SOMCHAI).post(f"/articles/{code}/files", data, content_type="multipart/form-data")
    assert answer.status_code in (200, 302), answer.text


def test_words_of_each_kind_are_read():
    read = {
        "docx": word("เครื่องสูบน้ำ", "เครื่องพ่นหมอก"),
        "xlsx": sheet([["รายการ", "จำนวน"], ["เครื่องสูบน้ำ", "3"]], "ครุภัณฑ์"),
        "pdf": paper("first page", "second pump"),
    }
    pages = {kind: text_reader.read({"kind": kind}, {"in": content})[0]["pages"] for kind, content in read.items()}
    assert pages["docx"] == [["", "เครื่องสูบน้ำ\nเครื่องพ่นหมอก"]]
    assert pages["xlsx"] == [["แผ่น ครุภัณฑ์", "รายการ จำนวน\nเครื่องสูบน้ำ 3"]]
    assert pages["pdf"] == [["หน้า 1", "first page"], ["หน้า 2", "second pump"]]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\0" * 100])
def test_a_broken_sheet_has_no_words(content: bytes):
    assert text_reader.read({"kind": "xlsx"}, {"in": content})[0] == {"pages": []}


def test_found_in_an_attachment_with_its_page(lite_office: Office):
    load(lite_office, article("A", title="รายงานประจำปี", body="ดูไฟล์แนบ"), article("B", body="อื่น"))
    attach(lite_office, "ผลสำรวจ.pdf", paper("introduction", "turbidimeter readings"))
    attach(lite_office, "บัญชี.xlsx", sheet([["เครื่องวัดความขุ่น", "2"]]))
    hits = ask(lite_office, "turbidimeter").hits
    assert [(hit.kind, hit.part, hit.within) for hit in hits] == [("file", "หน้า 2", "รายงานประจำปี")]
    page = app_of(lite_office).test_client().get("/search?q=turbidimeter").text
    assert "พบในไฟล์แนบของ รายงานประจำปี" in page and "หน้า 2" in page
    with app_of(lite_office).test_client().get(hits[0].url) as opened:
        assert opened.status_code == 200
    assert [hit.kind for hit in ask(lite_office, "เครื่องวัดความขุ่น").hits] == ["file"]


def test_files_follow_their_article(lite_office: Office):
    load(lite_office, article("A", body="ดูไฟล์แนบ"))
    attach(lite_office, "ลับ.docx", word("เครื่องวัดความขุ่น"))
    assert ask(lite_office, "เครื่องวัดความขุ่น").total == 1
    load(lite_office, article("A", body="ดูไฟล์แนบ", visibility="staff"), update=True)
    with lite_office.session() as db:  # Not indexed yet.
        assert lite_office.search.find(db, "เครื่องวัดความขุ่น", VISITOR).total == 0
    assert ask(lite_office, "เครื่องวัดความขุ่น").total == 0
    assert ask(lite_office, "เครื่องวัดความขุ่น", viewer(lite_office, WICHAI)).total == 1


def test_a_file_of_a_draft_is_its_writers_alone_and_leaves_with_it(lite_office: Office):
    load(lite_office, article("A", body="ร่าง", state="draft", first_published_on=None))
    attach(lite_office, "ร่าง.docx", word("เครื่องวัดความขุ่น"))
    assert ask(lite_office, "เครื่องวัดความขุ่น", viewer(lite_office, WICHAI)).total == 0
    assert ask(lite_office, "เครื่องวัดความขุ่น", viewer(lite_office, SOMCHAI)).total == 1
    Browser(app_of(lite_office), SOMCHAI).post("/articles/A/delete")
    assert ask(lite_office, "เครื่องวัดความขุ่น", viewer(lite_office, SOMCHAI)).total == 0
    assert lite_office.indexer.missing_keys() == set()


def test_a_lost_or_broken_kept_text_is_read_again(lite_office: Office):
    load(lite_office, article("A", body="ดูไฟล์แนบ"))
    attach(lite_office, "ผล.docx", word("เครื่องวัดความขุ่น"))
    assert ask(lite_office, "เครื่องวัดความขุ่น").total == 1
    kept = list((lite_office.config.data / "file_texts").iterdir())
    assert len(kept) == 1
    kept[0].write_text("")
    assert lite_office.indexer.reindex()
    assert ask(lite_office, "เครื่องวัดความขุ่น").total == 1
