"""Whatever comes in as HTML goes out as Markdown that shows the same words again."""

from __future__ import annotations

import io
import re

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.core.rendering import render_now, sanitize
from app.core.thai import normalise
from app.documents import docx_reader
from app.documents.blocks import blocks_of, parse_html, plain
from app.documents.imported import read_paste
from app.documents.markdown_writer import write_markdown


def there_and_back(html: str) -> tuple[str, str, str]:
    """Letters before, letters after, and the Markdown between."""
    blocks = blocks_of(parse_html(html))
    markdown = write_markdown(blocks)
    after = plain(blocks_of(parse_html(render_now(markdown).html)))
    return letters(plain(blocks)), letters(after), markdown


def letters(text: str) -> str:
    """Without white space and what lists are numbered with: written out in a cell, made by the browser elsewhere."""
    return re.sub(r"[\s\u00a0•·0-9.]", "", text)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>หัวข้อ</h2><p>ข้อความ</p>", "## หัวข้อ\n\nข้อความ"),
        ("<p><b>หนา</b>และ<i>เอน</i></p>", "**หนา**และ*เอน*"),
        ("<p><b>หนา </b>ต่อ</p>", "**หนา** ต่อ"),
        ("<ul><li>ก<ul><li>ข</li></ul></li><li>ค</li></ul>", "- ก\n    - ข\n- ค"),
        ('<ol start="3"><li>สาม</li><li>สี่</li></ol>', "3. สาม\n4. สี่"),
        ("<table><tr><th>ก</th><th>ข</th></tr><tr><td>1</td><td>2|3</td></tr></table>", "| ก | ข |\n|---|---|\n| 1 | 2&#124;3 |"),
        ('<p><a href="https://x.go.th/a_(b)">ลิงก์</a></p>', "[ลิงก์](https://x.go.th/a_%28b%29)"),
        ('<p><a href="javascript:alert(1)">ร้าย</a></p>', "ร้าย"),
        ("<p>1. ไม่ใช่รายการ</p>", "1\\. ไม่ใช่รายการ"),
        ("<p># ไม่ใช่หัวข้อ</p>", "\\# ไม่ใช่หัวข้อ"),
        ("<p>*ดาว* [วงเล็บ] `ตัวโค้ด`</p>", "\\*ดาว\\* \\[วงเล็บ] \\`ตัวโค้ด\\`"),
        ("<blockquote><p>อ้าง</p></blockquote>", "> อ้าง"),
        ("<pre><code>a\n  b</code></pre>", "```\na\n  b\n```"),
        ("<p>บรรทัด<br>ใหม่</p>", "บรรทัด\nใหม่"),
        ("<td>หลุด</td>", "หลุด"),
        ("<p>~~~</p>", "&#126;~~"),
        ("<h2>ภาษา C#</h2>", "## ภาษา C&#35;"),
        ('<p>ดู!<a href="https://x">ที่นี่</a></p>', "ดู&#33;[ที่นี่](https://x)"),
        ("<p>ก | ข<br>---|---<br>ค | ง</p>", "ก | ข\n---&#124;---\nค | ง"),
        ('<p><a href="#_Toc">1</a>. ข้อความ</p>', "1\\. ข้อความ"),
        ('<p><img src="a.png" alt="แผนที่\n\nสร้างโดยอัตโนมัติ"></p>', "![แผนที่ สร้างโดยอัตโนมัติ](a.png)"),
        ('<b style="font-weight:normal"><p>ไม่หนา</p></b>', "ไม่หนา"),
        ("<ul><li>&nbsp;<table><tr><td>ก</td></tr></table></li></ul>", "- &nbsp;\n\n    | ก |\n    |---|"),
    ],
)  # fmt: skip
def test_html_becomes_the_markdown_a_person_would_write(html: str, markdown: str):
    assert write_markdown(blocks_of(parse_html(html))) == markdown


def test_lists_that_word_copies_as_paragraphs_are_lists_again():
    def item(level: int, mark: str, text: str) -> str:
        return f"<p class=MsoListParagraph style='mso-list:l0 level{level} lfo1'><span style='mso-list:Ignore'>{mark}<span>&nbsp;</span></span>{text}</p>"

    html = item(1, "1.", "หนึ่ง") + item(2, "·", "ย่อย") + item(1, "2.", "สอง") + "<p>คั่น</p>" + item(1, "·", "จุด")
    assert read_paste(html).markdown == "1. หนึ่ง\n    - ย่อย\n2. สอง\n\nคั่น\n\n- จุด"


@pytest.mark.parametrize(
    "html", ["<a " * 40_000, "<table>" + "<tr><td colspan=100 rowspan=100>ก</td>" * 600, "<div>" * 20_000 + "ก"]
)
def test_a_paste_made_to_hurt_costs_a_child_only(html: str):
    try:
        assert len(read_paste(html).markdown) < 1_000_000
    except Invalid as refused:
        assert "โปรดแบ่ง" in refused.message or "ไม่สำเร็จ" in refused.message


def test_word_paste_keeps_structure_and_drops_the_rest():
    html = (
        "<html><head><style>p.MsoNormal{color:red}</style></head><body><!--StartFragment-->"
        "<p class=MsoNormal><b style='mso-bidi-font-weight:normal'>ประกาศ</b><o:p></o:p></p>"
        "<table class=MsoTableGrid><tr><td><p>ก</p></td><td colspan=2><p>ข</p></td></tr></table>"
        "<img src='file:///C:/x.png'><script>alert(1)</script><!--EndFragment--></body></html>"
    )
    read = read_paste(html)
    assert read.markdown == "**ประกาศ**\n\n| ก | ข |  |\n|---|---|---|"
    assert any("ผสาน" in line for line in read.report) and any("รูป 1 รูป" in line for line in read.report)


# Whole clusters: a mark torn from its letter would be mended differently alone and beside another.
PIECES = [
    "กา", "น้ำ", "ที่", "เกี๊ยะ", "ๆ", "๑", "12", "a", "B", ".", ")", "- ", "-", " ", "*", "**", "_", "__", "#", "## ", "[", "[[",
    "]", "]]", "(", "<", "<b>", ">", "&", "&lt;", "|", "`", "```", "~", "~~~", "---|---", "C#", "+ ", "=", "===", ":", ": ", "!", "!!! ", "\\", '"', "'", "@",
    "{", "}", "{: .x}", "/", "http://x.y", "[^1]", "[x] ",
]  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
INLINE = st.recursive(
    WORDS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["b", "i", "u", "code", "s", "sup"]), inner).map(
            lambda p: f"<{p[0]}>{p[1]}</{p[0]}>"
        ),
        st.tuples(inner, inner).map("".join),
        inner.map(lambda text: f'<a href="https://x.go.th/{len(text)}">{text}</a>'),
        st.just("<br>"),
    ),
    max_leaves=5,
)
BLOCK = st.recursive(
    st.one_of(
        INLINE.map(lambda text: f"<p>{text}</p>"),
        st.tuples(st.integers(1, 6), INLINE).map(lambda p: f"<h{p[0]}>{p[1]}</h{p[0]}>"),
        WORDS.map(lambda text: "<pre>" + text.replace("&", "&amp;").replace("<", "&lt;") + "</pre>"),
        st.just("<hr>"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda items: "<ul>" + "".join(f"<li>{i}</li>" for i in items) + "</ul>"),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: "<ol>" + "".join(f"<li>{i}</li>" for i in items) + "</ol>"),
        st.lists(inner, min_size=1, max_size=4).map(
            lambda cells: "<table><tr>" + "".join(f"<td>{c}</td>" for c in cells) + "</tr><tr>"
            + "".join("<td>ก</td>" for _ in cells) + "</tr></table>"
        ),
        inner.map(lambda text: f"<blockquote>{text}</blockquote>"),
        st.tuples(inner, inner).map("".join),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(BLOCK)
def test_no_letter_is_lost_on_the_way_through_markdown(html: str):
    before, after, markdown = there_and_back(html)
    wanted = letters(normalise(before))
    assert sorted(wanted) == sorted(letters(after)), markdown


@settings(max_examples=150, deadline=None)
@given(st.one_of(BLOCK, st.text(max_size=200)))
def test_any_html_is_read_and_what_is_rendered_is_clean(html: str):
    markdown = write_markdown(blocks_of(parse_html(html)))
    shown = render_now(markdown).html
    assert sanitize(shown) == shown


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="กขคา่ๆab1.2)- *_#[]()<>&|`~+=:!\\\"'@{}/\n\t", max_size=120))
def test_any_markdown_renders_clean_and_the_same_each_time(text: str):
    first = render_now(text).html
    assert sanitize(first) == first and render_now(text).html == first


LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("p"), LINES, st.booleans()),
            st.tuples(st.just("h"), LINES, st.integers(1, 4)),
            st.tuples(st.just("list"), LINES, st.sampled_from(["List Bullet", "List Number", "List Bullet 2"])),
            st.tuples(st.just("table"), st.lists(LINES, min_size=2, max_size=4), st.booleans()),
        ),
        max_size=8,
    )
)
def test_no_letter_of_any_word_file_is_lost(parts: list):
    document = docx.Document()
    for kind, text, how in parts:
        if kind == "p":
            document.add_paragraph().add_run(text).bold = how
        elif kind == "h":
            document.add_heading(text, how)
        elif kind == "list":
            document.add_paragraph(text, style=how)
        else:
            table = document.add_table(2, len(text))
            for place, words in zip(table._cells, [*text, *text], strict=True):
                place.text = words
            if how:
                table.cell(0, 0).merge(table.cell(1, 0))
    out = io.BytesIO()
    document.save(out)
    values, _ = docx_reader.read({}, {"in": out.getvalue()})
    wanted = letters("\n".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)", document.element.xml)))
    shown = letters(values["title"] + plain(blocks_of(parse_html(render_now(values["markdown"]).html))))
    from html import unescape

    assert sorted(letters(normalise(unescape(wanted)))) == sorted(letters(normalise(shown)))
