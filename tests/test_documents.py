"""README, help and content say what the code does."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

import yaml

from app.cli import main
from app.core.config import CONTENT, ROOT, SETTINGS
from app.indicators.measures import MEASURES
from app.indicators.models import Scope
from app.knowledge.templates_folder import shipped
from app.search.words import lines_of
from tests.test_architecture import ALLOWED

README = (ROOT / "README.md").read_text("utf-8")


def test_readme_lists_every_setting_with_its_meaning():
    rows = re.findall(r"^\| `(KHLANG_[A-Z_]+)` \| `?([^|`]*)`? \| ([^|]+) \|$", README, re.MULTILINE)
    assert {name: (default.strip(), text.strip()) for name, default, text in rows} == {
        name: (default or "–", text) for name, (default, text) in SETTINGS.items()
    }


def test_readme_shows_the_import_map():
    for slice_name, allowed in ALLOWED.items():
        line = f"| `{slice_name}` | {', '.join(sorted(allowed)) or '–'} |"
        assert line in README, line


def test_readme_names_every_command():
    for name in main.commands:
        assert f"khlang {name}" in README, name


def test_every_measure_states_unit_source_and_rule():
    for name, measure in MEASURES.items():
        assert measure.rule and "{" not in measure.rule_text(
            Scope(2558, date(2014, 10, 1), *[date(2015, 9, 30)] * 2)
        ), name
        if name == "by_hand":  # Takes any unit: it stands for a row that no act can tell.
            continue
        assert measure.unit, name
        places = r"แผน KM ปี 2558 (กระบวนการจัดการความรู้ เป้าหมาย [AB]|การบริหารการเปลี่ยนแปลง) ขั้นที่ \d"
        assert re.match(places, measure.source), name


def test_plan_2558_is_the_plan_as_published():
    with (CONTENT / "plans" / "2558.toml").open("rb") as file:
        plan = tomllib.load(file)
    rows = {row["row"]: row for row in plan["rows"]}
    assert list(rows) == [f"A{n}" for n in range(1, 8)] + [f"B{n}" for n in range(1, 8)] + [
        f"C{n}" for n in range(1, 7)
    ]
    # Worked out from the printed table: seventeen targets, none for A2, C4 and C5.
    targets = {
        "A1": 90, "A3": 6, "A4": 6, "A5": 12, "A6": 6, "A7": 6, "B1": 3, "B2": 3, "B3": 3, "B4": 3, "B5": 3, "B6": 3,
        "B7": 6, "C1": 50, "C2": 50, "C3": 3, "C6": 50,
    }  # fmt: skip
    assert {name: row["target"] for name, row in rows.items() if "target" in row} == targets
    assert rows["C6"]["measure"] == rows["C2"]["measure"]
    assert rows["A7"]["target_text"] == rows["B7"]["target_text"]
    assert len(plan["desired_states"]) == 5 and len(plan["focus_areas"]) == 2
    text = (CONTENT / "plans" / "2558.toml").read_text("utf-8")
    assert not re.search("[\uf700-\uf71a\u00a0]|\u0e4d\u0e32|เว็ปไซค์", text)


def test_content_names_no_place_or_official_of_the_source_plan():
    names = ("โคกกรวด", "วุฒิชัย", "สุดใจ", "พิศมัย", "สมมาตร", "เตยโพธิ์", "จิระวุฒิ์", "จุฑารัตน์ ซื่อสัตย์", "ประภาวรรณ", "วรรณวดี")
    folders = [CONTENT, ROOT / "app", ROOT / "templates", ROOT / "README.md"]
    for folder in folders:
        for path in folder.rglob("*") if folder.is_dir() else [folder]:
            if path.is_file() and path.suffix in (".md", ".toml", ".txt", ".py", ".html"):
                text = path.read_text("utf-8")
                assert not [name for name in names if name in text], path


def test_article_templates_and_handbook_can_be_read():
    assert len(shipped()) == 6
    assert "{{course_title}}" in shipped()["post-training"].body.replace(" ", "")
    for path in sorted((CONTENT / "handbook").glob("*.md")):
        _, front, body = path.read_text("utf-8").split("---\n", 2)
        assert yaml.safe_load(front)["title"] and len(body) > 1000, path


def test_dictionary_words_are_words():
    words = lines_of((CONTENT / "dictionary" / "words.txt").read_text("utf-8"))
    assert len(words) == len(set(words)) > 200
    assert all(" " not in word for word in words)


def test_lock_files_carry_hashes_and_no_addresses():
    for name in ("requirements.txt", "requirements-test.txt"):
        text = (ROOT / name).read_text("ascii")
        assert "://" not in text
        for block in re.split(r"\n(?=[a-z])", text):
            assert "--hash=sha256:" in block, block[:40]


def test_decisions_have_a_question_a_choice_and_a_date():
    pages = sorted((CONTENT / "decisions").glob("*.md"))
    assert pages and len(pages) < 20
    for path in pages:
        text = Path(path).read_text("utf-8")
        for word in ("Question", "Choice", "Why", "Rejected", "Date"):
            assert f"**{word}" in text, (path, word)
