"""What goes on paper goes there whole, and pictures stay what they were."""

from __future__ import annotations

import io
import re
import time

import docx
import pypdfium2
import pytest
from PIL import Image

from app.core.rendering import render_now
from app.documents.paper import Paper, Signature, as_docx, as_pdf
from app.documents.pictures import clean_picture

pytestmark = pytest.mark.slow


def paper(html: str, **pictures: bytes) -> Paper:
    signed = [Signature("ผู้จัดทำ", "สมชาย", "1 ตุลาคม 2557")]
    return Paper("ทดสอบ", html, "เทศบาล" * 60, [("ผู้เขียน", "สมชาย")], signed, "https://x", "", dict(pictures))


def png(mode: str = "RGB", size: tuple[int, int] = (20, 10), **save: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", **save)
    return out.getvalue()


def pdf_text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "".join(document[n].get_textpage().get_text_range() for n in range(len(document)))


def test_pdf_shows_pictures_in_paragraphs_headings_and_cells():
    html = '<p>ก <img src="/a/a.png"></p><h2><img src="/a/a.png"></h2><table><tr><td><img src="/a/a.png"></td></tr></table>'
    document = pypdfium2.PdfDocument(as_pdf(paper(html, **{"a.png": png()})))
    pictures = [one for page in document for one in page.get_objects() if one.type == 3]
    assert len(pictures) == 3


def test_pdf_breaks_a_cell_longer_than_a_page():
    lines = "<br>".join(f"บรรทัดที่ {n}ข" for n in range(120))
    text = pdf_text(as_pdf(paper(f"<table><tr><td>{lines}</td></tr></table>")))
    assert all(f"{n}ข" in re.sub(r"\s", "", text) for n in range(120))


ODD = [
    "<table><tr><td><table><tr><td>ใน</td></tr></table></td><td><ul><li>รายการ</li></ul></td><td></td></tr></table>",
    '<table><tr><td rowspan="3">ก</td><td colspan="2">ข</td></tr><tr><td colspan="5">ค</td></tr><tr><td rowspan="9">ง</td></tr></table>',
    "<p>\ufffe มีอักขระแปลก 😀 中文 #let x = $1$ \\u{0}</p><pre>code</pre><hr><blockquote><ol><li>ก</li></ol></blockquote>",
]


@pytest.mark.parametrize("html", ODD)
def test_odd_tables_and_characters_go_on_paper(html: str):
    clean = render_now(html).html
    words = re.sub(r"<[^>]+>|\s", "", clean)[:2]
    document = docx.Document(io.BytesIO(as_docx(paper(clean))))
    assert document.core_properties.author.startswith("เทศบาล")
    shown = pdf_text(as_pdf(paper(clean)))
    assert all(letter in shown for letter in words)


def test_docx_of_a_long_table_is_quick():
    rows = "".join("<tr>" + "".join(f"<td>{y}/{x}</td>" for x in range(8)) + "</tr>" for y in range(400))
    begun = time.monotonic()
    document = docx.Document(io.BytesIO(as_docx(paper(f"<table>{rows}</table>"))))
    # It took over 40 s when each cell was asked for by itself; this is a wall, not a measure.
    assert time.monotonic() - begun < 30
    assert document.tables[0]._cells[8 * 399 + 7].text == "399/7"


def test_grey_of_sixteen_bits_stays_grey():
    out = io.BytesIO()
    Image.new("I;16", (4, 4), 32_896).save(out, "PNG")
    with Image.open(io.BytesIO(clean_picture(out.getvalue())[0])) as picture:
        assert picture.convert("L").getpixel((0, 0)) == 128  # 32896 / 257


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_a_transparent_colour_stays_transparent(mode: str):
    with Image.open(io.BytesIO(clean_picture(png(mode, transparency=(0, 0, 0) if mode == "RGB" else 0))[0])) as picture:
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]


def test_a_moving_picture_keeps_its_frames_apart_and_plays_as_often_as_before():
    frames = [Image.new("RGBA", (8, 8), (0, 0, 0, 0)) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.putpixel((number, 0), (255, 0, 0, 255))
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=50, disposal=2)
    with Image.open(io.BytesIO(clean_picture(out.getvalue())[0])) as picture:
        assert getattr(picture, "n_frames", 1) == 3 and "loop" not in picture.info
        picture.seek(2)
        assert picture.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
