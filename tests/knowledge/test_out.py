"""An article as Markdown, HTML, DOCX and PDF: the approved text with its approval block, counted as the page."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pypdfium2
import pytest

from app.documents.blocks import blocks_of, parse_html, plain
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.knowledge.test_articles import PNG
from tests.personas import MALEE, SECRETARY, SOMCHAI, WICHAI, article, group, load

pytestmark = pytest.mark.slow

BODY = """น้ำท่วมที่ **(KM)** คือ *กำลังใจ* และ [ลิงก์](https://example.go.th/ก)

## ขั้นตอน

1. หนึ่ง
    - ซ้อน
2. สอง

| รายการ | จำนวน |
|---|---|
| ถุงทราย | ๕๐๐ |
| เรือ |  |

> คำของผู้รู้

![แผนที่](map.png)

สูตร #let x = 1 และ $a$ \\*ดาว\\* ไม่ใช่คำสั่ง[^1]

[^1]: ที่มาของข้อความ
"""


@pytest.fixture
def published(office: Office) -> Office:
    """One approved article with a picture."""
    load(office, article("A", title="คู่มือน้ำท่วม #1", body=BODY, author=SOMCHAI, credited=[MALEE]))
    app = app_of(office)
    somchai = Browser(app, SOMCHAI)
    somchai.post("/articles/A/files", {"file": (io.BytesIO(PNG), "map.png")}, content_type="multipart/form-data")
    Browser(app, SECRETARY).post("/articles/A/approve", {"version": "1"})
    return office


def out(office: Office, kind: str, who: str | None = WICHAI) -> bytes:
    answer = Browser(app_of(office), who).get(f"/articles/A/export/{kind}")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    return answer.data


WORDS = ("คู่มือน้ำท่วม #1", "กำลังใจ", "ถุงทราย", "๕๐๐", "คำของผู้รู้", "#let x = 1", "$a$", "*ดาว*", "ที่มาของข้อความ", "สมชาย ใจดี",
         "มาลี แก้วใส", "เลขา รอบคอบ", "30 กันยายน 2558", "เทศบาล")  # fmt: skip


def test_docx_has_every_word_in_thai_fonts_with_the_approval_block(published: Office, tmp_path: Path):
    content = out(published, "docx")
    document = docx.Document(io.BytesIO(content))
    text = "\n".join(
        [p.text for p in document.paragraphs] + [c.text for t in document.tables for r in t.rows for c in r.cells]
    )
    for words in (*WORDS[:-1], "ผู้จัดทำ", "ผู้ตรวจ", "ผู้อนุมัติ"):
        assert words in text, words
    assert [p.text for p in document.paragraphs if p.style.name == "Heading 2"] == ["ขั้นตอน", "การตรวจและอนุมัติ"]
    parts = zipfile.ZipFile(io.BytesIO(content))
    styles = parts.read("word/styles.xml").decode()
    normal = styles[styles.index('w:styleId="Normal"') :].split("</w:style>")[0]
    assert 'w:cs="TH Sarabun New"' in normal and '<w:szCs w:val="32"/>' in normal and 'w:bidi="th-TH"' in normal
    body = parts.read("word/document.xml").decode()
    assert "thaiDistribute" in body and "w:cantSplit" in body and "<w:bCs/>" in body
    assert 'descr="แผนที่"' in body and len([n for n in parts.namelist() if n.startswith("word/media/")]) == 1


@pytest.mark.skipif(
    not shutil.which("soffice"), reason="LibreOffice is not installed here; the schema is checked above"
)
def test_docx_opens_in_libreoffice_with_every_word(published: Office, tmp_path: Path):
    (tmp_path / "a.docx").write_bytes(out(published, "docx"))
    command = [
        "soffice",
        "--headless",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--convert-to",
        "txt:Text",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "a.docx"),
    ]
    subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = (tmp_path / "a.txt").read_text("utf-8-sig")
    assert all(words in text for words in WORDS[:-1])


def test_pdf_has_every_word_as_text_that_can_be_copied(published: Office):
    document = pypdfium2.PdfDocument(out(published, "pdf"))
    text = "".join(document[n].get_textpage().get_text_range() for n in range(len(document)))
    bare = re.sub(r"\s", "", text)
    for words in WORDS:
        assert re.sub(r"\s", "", words) in bare, words
    assert document.get_metadata_value("Title") == "คู่มือน้ำท่วม #1"


def test_markdown_comes_in_again_as_the_same_words(published: Office):
    text = out(published, "md").decode()
    assert text.startswith("---\ntitle: 'คู่มือน้ำท่วม #1'\n") and "ผู้อนุมัติ: เลขา รอบคอบ (30 กันยายน 2558)" in text
    assert text.rstrip().endswith(BODY.rstrip())
    html = plain(blocks_of(parse_html(out(published, "html").decode())))
    assert "ถุงทราย" in html and "ผู้อนุมัติ" in html and "<script" not in html


def test_every_kind_counts_as_the_same_item_once_a_day(published: Office):
    wichai = Browser(app_of(published), WICHAI)
    for kind in ("md", "html", "pdf", "docx"):
        wichai.get(f"/articles/A/export/{kind}")
    wichai.get("/articles/A")
    assert count(published, "A5") == 1
    Browser(app_of(published), SOMCHAI).get("/articles/A/export/pdf")  # His own.
    assert count(published, "A5") == 1


def test_signatures_of_an_older_text_are_not_put_on_a_newer_one(published: Office):
    somchai = Browser(app_of(published), SOMCHAI)
    somchai.post(
        "/articles/A/edit",
        {"title": "คู่มือน้ำท่วม #1", "body": "ฉบับใหม่", "visibility": "public", "group_id": "0", "act": "publish", "version": "1",
         "category": "การจัดการความรู้", "shorter": "y"},
    )  # fmt: skip
    text = out(published, "md").decode()
    assert "ฉบับใหม่" in text and "ผู้อนุมัติ" not in text and "ไม่ใช่ฉบับนี้" in text


def test_export_follows_the_readers_permission(office: Office):
    load(office, group("HID", "secret"), article("G", visibility="group", group="HID"), article("D", state="draft"))
    app = app_of(office)
    assert Browser(app, MALEE).get("/articles/G/export/md").status_code == 200
    assert Browser(app, WICHAI).get("/articles/G/export/md").status_code == 404
    assert Browser(app, SOMCHAI).get("/articles/D/export/md").status_code == 404
    assert Browser(app, SOMCHAI).get("/articles/G/export/exe").status_code == 404


def test_feed_holds_public_articles_only(office: Office):
    load(office, article("P", title="ข่าว <b>&"), article("S", visibility="staff", title="ภายใน"))
    answer = Browser(app_of(office), SOMCHAI).get("/feed.xml")
    assert answer.mimetype == "application/atom+xml"
    assert "ข่าว &lt;b&gt;&amp;" in answer.text and "ภายใน" not in answer.text
    import xml.etree.ElementTree as etree

    assert etree.fromstring(answer.data).tag == "{http://www.w3.org/2005/Atom}feed"
