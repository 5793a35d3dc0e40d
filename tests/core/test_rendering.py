"""Markdown to clean HTML: the attack list, and what must survive it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import TooLarge
from app.core.rendering import TAGS, Renderer, plain_text, render_now, sanitize

ATTACKS = [
    "<script>alert(1)</script>", "<<script>script>alert(1)</script>", "<!--[if IE]><script>alert(1)</script><![endif]-->",
    "<img src=x onerror=alert(1)>", "| a |\n|---|\n| <img src=x onerror=alert(1)> |", "[^1]\n\n[^1]: <img src=x onerror=alert(1)>",
    "# <img src=x onerror=alert(1)>\n\n[TOC]", "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](&#106;avascript:alert(1))",
    "[x](\x01javascript:alert(1))", "[x](java\tscript:alert(1))", "[x][1]\n\n[1]: javascript:alert(1)",
    "![x](data:text/html;base64,PHNjcmlwdD4=)", "![x](data:image/svg+xml;base64,PHN2Zz4=)", "[x](vbscript:msgbox)",
    "![x](file:///etc/passwd)", "![x](file://host/share/x.png)", "[x](file:///etc/passwd)",
    'text {: onclick="alert(1)" style="position:fixed" }', "``` {.py onclick=alert(1)}\nx\n```", '```py" onclick="alert(1)\nx\n```',
    '[x](y "t\\" onmouseover=alert(1)")', '![a" onerror="alert(1)](x.png)', "<svg onload=alert(1)></svg>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', "<form action=//evil><input name=password></form>",
    "<button formaction=//evil>x</button>", '<meta http-equiv=refresh content="0;url=//evil">', "<base href=//evil>",
    "<link rel=stylesheet href=//evil>", "<style>*{display:none}</style>", "<object data=x></object>", "<embed src=x>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>', '<div markdown="1" onclick="alert(1)">x</div>',
    '<p id="csrf_token">x</p>', '<div class="modal-backdrop fixed-top">x</div>', "[x](//evil.example)",
    "<img src='/&#9;/evil.example/x'>", "<img src='//evil/x.png'>", "<img src='/\\evil/x.png'>", "![x](https://evil/x.png)",
    "```mermaid\n<script>alert(1)</script>\n```", "[[<script>alert(1)</script>]]", "@<script>alert(1)</script>",
]  # fmt: skip


class Reader(HTMLParser):
    """Reads what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_harmless(html: str) -> None:
    reader = Reader()
    reader.feed(html)
    for tag, attributes in reader.tags:
        assert tag in TAGS, (tag, html)
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in ("style", "action", "formaction", "srcdoc"), html
            if name == "id":
                assert value and value.startswith("user-"), html
            if name == "src":
                assert value and value.startswith("/") and value[1:2] not in ("/", "\\", "\t"), html
            if name == "href" and not (value or "").startswith("#"):
                scheme = (value or "").split(":")[0].lower()
                assert ":" not in (value or "").split("/")[0] or scheme in ("http", "https", "mailto", "tel"), html
                if (value or "").startswith("//"):
                    assert "noopener" in (attributes.get("rel") or ""), html
        assert "modal" not in (attributes.get("class") or "")


@pytest.mark.parametrize("payload", ATTACKS)
def test_attacks_leave_nothing_harmful(payload: str):
    html = render_now(payload).html
    assert_harmless(html)
    assert sanitize(html) == html
    for heading in render_now(payload).headings:
        assert "<" not in heading.text


def test_thai_bold_tables_tasks_footnotes_and_tags_survive():
    html = render_now(
        "**(KM)**คือ\n\n| ก | ข |\n|:-:|--:|\n| 1 | 2 |\n\n- [x] เสร็จ\n- [ ] ค้าง\n\nข้อความ[^1]\n\n[^1]: เชิงอรรถ\n\n#แท็ก"
    ).html
    assert "<strong>(KM)</strong>คือ" in html
    assert '<td align="center">1</td>' in html
    assert "☑ เสร็จ" in html and "☐ ค้าง" in html
    assert "เชิงอรรถ" in html and 'id="user-fn' in html and 'href="#user-fn' in html
    assert "<p>#แท็ก</p>" in html


def test_headings_have_thai_anchors_and_are_listed():
    rendered = render_now("## สิ่งที่ได้เรียนรู้\n\n### น้ำท่วม\n\n## สิ่งที่ได้เรียนรู้")
    assert [(h.level, h.anchor) for h in rendered.headings] == [
        (2, "user-สิ่งที่ได้เรียนรู้"), (3, "user-น้ำท่วม"), (2, "user-สิ่งที่ได้เรียนรู้_1"),
    ]  # fmt: skip
    assert 'id="user-น้ำท่วม"' in rendered.html


def test_names_and_titles_become_links():
    rendered = render_now("ถาม @สมชาย ใจดี และ a@สมชาย ใจดี ดู [[เรื่อง หนึ่ง|ที่นี่]]", people={"สมชาย ใจดี": "S1", "สมชาย": "S9"})
    assert rendered.html.count('href="/people/S1"') == 1
    assert rendered.mentioned == ["S1"]
    assert 'class="wiki"' in rendered.html and ">ที่นี่</a>" in rendered.html


def test_file_names_point_at_the_articles_files():
    html = render_now("![ภาพ](map.png) [แบบ](form.pdf)", attachments="/articles/A/files/").html
    assert 'src="/articles/A/files/map.png"' in html and 'href="/articles/A/files/form.pdf"' in html


@pytest.mark.slow
@pytest.mark.parametrize("text", ["[" * 12_000, "[a](" * 6_000])
def test_heavy_text_costs_its_child_and_not_the_server(text: str):
    renderer = Renderer(budget_seconds=1.0)
    try:
        with pytest.raises(TooLarge):
            renderer.render(text)
        assert renderer.render("**ยังทำงาน**").html == "<p><strong>ยังทำงาน</strong></p>"
    finally:
        renderer.close()


def test_very_long_text_is_refused_at_once():
    with pytest.raises(TooLarge):
        Renderer().render("ก" * 200_001)


PIECES = [*"<>\"'&/=[]()!#*_`|:-^ \n\tกำx1", "script", "onerror=", "javascript:", "<img src="]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_renders_clean_and_idempotent(text: str):
    html = render_now(text).html
    assert_harmless(html)
    assert sanitize(html) == html


def test_plain_text_keeps_words_apart():
    assert plain_text("<p>ก &amp; ข</p><ul><li>ค</li><li>ง</li></ul>") == "ก & ข\nค\nง"
