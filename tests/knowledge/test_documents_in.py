"""Word and PDF files of our own making, with the quirks of real ones: what comes in, what is said, what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from app.core.errors import Invalid
from app.core.files import DOCX, PDF
from app.core.rendering import render_now
from app.documents import soft_breaks
from app.documents.blocks import Paragraph, Table, blocks_of, grid, parse_html, plain
from app.documents.imported import Imported, read_document, refuse_old_office
from app.search.dictionary import shipped
from app.search.words import Words
from tests.knowledge.documents import bombs

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "documents"
WORD_FILES = sorted(path.stem for path in FOLDER.glob("[01]*.docx"))


@pytest.fixture(scope="module")
def words() -> Words:
    """The office's own segmentation."""
    return Words(*shipped())


@pytest.fixture(scope="module")
def read(words: Words):
    """Each file is read once."""
    known: dict[str, Imported] = {}

    def reading(name: str) -> Imported:
        if name not in known:
            kind = DOCX if name.endswith(".docx") else PDF
            found = read_document((FOLDER / name).read_bytes(), kind)
            text = soft_breaks.settle(found.markdown, words.pieces)
            known[name] = Imported(text, found.title, found.pictures, found.report, found.check_text)
        return known[name]

    return reading


def expected(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


def bare(text: str) -> str:
    """Letters alone: white space is layout, and list marks typed by hand may become the list's own."""
    return re.sub(r"\s", "", text)


def shown(imported: Imported) -> str:
    """What a reader sees of the text."""
    return plain(blocks_of(parse_html(render_now(imported.markdown).html)))


def kept(wanted: str, found: str) -> float:
    """Share of the wanted characters that stand in the found text, in order."""
    import difflib

    matcher = difflib.SequenceMatcher(None, wanted, found, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / max(1, len(wanted))


def test_there_are_ten_word_files():
    assert len(WORD_FILES) == 10


@pytest.mark.parametrize("name", WORD_FILES)
def test_word_file_keeps_its_characters(read, name: str):
    want = expected(name)
    imported = read(f"{name}.docx")
    assert kept(bare("".join(want["text"])), bare(imported.title + shown(imported))) >= 0.99
    assert imported.title == want["title"] or not want["title"]
    for absent in want.get("absent", []):
        assert bare(absent) not in bare(shown(imported)), absent


@pytest.mark.parametrize("name", WORD_FILES)
def test_word_file_keeps_its_headings(read, name: str):
    imported = read(f"{name}.docx")
    blocks = blocks_of(parse_html(render_now(imported.markdown).html))
    # One heading above all others is the document's name: it is offered as the title instead.
    found = [imported.title] if imported.title and not expected(name)["title"] else []
    found += ["".join(run.text for run in one.runs) for one in blocks if isinstance(one, Paragraph) and one.level]
    assert [bare(one) for one in found] == [bare(text) for _, text in expected(name)["headings"]]


@pytest.mark.parametrize("name", WORD_FILES)
def test_word_file_keeps_its_tables(read, name: str):
    blocks = blocks_of(parse_html(render_now(read(f"{name}.docx").markdown).html))
    tables = [
        [[plain(cell.blocks) if cell else "" for cell in row] for row in grid(one)[0]]
        for one in blocks
        if isinstance(one, Table)
    ]
    want = expected(name)["tables"]
    letters = [[[re.sub(r"[\s•·]|^\d+\.", "", cell) for cell in row] for row in table] for table in tables]
    assert letters == [[[bare(cell) for cell in row] for row in table] for table in want]


@pytest.mark.parametrize("name", WORD_FILES)
def test_word_file_brings_its_pictures_and_bold_words(read, name: str):
    imported, want = read(f"{name}.docx"), expected(name)
    assert len(imported.pictures) == want["images"]
    html = render_now(imported.markdown).html
    strong = bare("".join(re.findall(r"<strong>(.*?)</strong>", html, re.DOTALL)))
    for one in want["bold"]:
        assert bare(one) in strong or f"<th>{one}" in html, one
    for note in want.get("footnotes", []):
        assert bare(note) in bare(shown(imported))


def test_report_says_what_could_not_be_kept(read):
    said = " ".join(read("06-tables.docx").report)
    assert "ผสานกัน" in said and "ตารางซ้อน" in said
    assert "ตัวหนาสั้น ๆ" in " ".join(read("07-memo.docx").report)
    assert "ทำเครื่องหมายลบ" in " ".join(read("10-reviewed.docx").report)
    assert read("02-private-glyphs.docx").report == []


def test_pictures_come_without_camera_notes_upright_and_smaller(read):
    import io

    from PIL import Image

    for name, content in read("08-pictures.docx").pictures.items():
        with Image.open(io.BytesIO(content)) as picture:
            assert max(picture.size) <= 2000, name
            assert not picture.getexif() and "exif" not in picture.info
    assert b"GPS" not in b"".join(read("08-pictures.docx").pictures.values())


def test_breaks_inside_words_are_joined_and_meant_ones_stay(read):
    text = read("04-broken-lines.docx").title + shown(read("04-broken-lines.docx"))
    for line in expected("04-broken-lines")["text"]:
        assert bare(line) in bare(text), line
    lines = text.split("\n")
    assert "๑. แบบเสนอโครงการ" in lines and "หัวหน้างานนโยบายและแผน" in lines


@pytest.mark.parametrize(("name", "least"), [("memo", 0.99), ("report", 0.93)])
def test_pdf_words_come_in_to_be_looked_over(read, name: str, least: float):
    # The text layer of report.pdf has lost tone marks: no reader can bring back what the file does not hold.
    imported = read(f"{name}.pdf")
    assert imported.check_text and "ตรวจทาน" in imported.report[0]
    assert kept(bare("".join(expected(name)["text"])), bare(shown(imported))) >= least


@pytest.mark.parametrize(
    ("name", "words_of_sentence"),
    [
        ("locked.docx", "ตั้งรหัสผ่าน"), ("old.doc", "รุ่นเก่า"), ("broken.docx", "เสียหาย"), ("broken.pdf", "เสียหาย"),
        ("locked.pdf", "ตั้งรหัสผ่าน"), ("scanned.pdf", "ภาพสแกน"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_gets_one_clear_sentence(name: str, words_of_sentence: str):
    content = (FOLDER / name).read_bytes()
    with pytest.raises(Invalid) as refused:
        refuse_old_office(content)
        read_document(content, PDF if name.endswith(".pdf") else DOCX)
    assert words_of_sentence in refused.value.message and refused.value.message.count("\n") == 0


@pytest.mark.parametrize(
    ("bomb", "words_of_sentence"),
    [
        (bombs.two_thousand_pages, "แบ่งเป็นหลายเรื่อง"), (bombs.zip_bomb, "ใหญ่ผิดปกติ"),
        (bombs.many_entries, "ใหญ่ผิดปกติ"), (bombs.lying_sizes, "เสียหาย"), (bombs.entity_bomb, "ไม่ควรอยู่"),
    ],
)  # fmt: skip
def test_bomb_is_refused_with_one_sentence_before_it_goes_off(bomb, words_of_sentence: str):
    content = bomb()
    with pytest.raises(Invalid) as refused:
        read_document(content, DOCX)
    assert words_of_sentence in refused.value.message


def test_picture_of_elsewhere_is_not_fetched():
    imported = read_document(bombs.external_picture(), DOCX)
    assert imported.pictures == {} and "root:" not in imported.markdown
    assert "นำมาไม่ได้" in " ".join(imported.report)
