"""Hand-made Thai cases: what each query must find and must not, all texts in one index."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.search.dictionary import shipped
from app.search.documents import Document
from app.search.engine import Engine
from app.search.fields import prepared
from app.search.query import Search
from app.search.words import Words
from tests.bench.search import NoDatabase

CASES = tomllib.loads((Path(__file__).parent / "cases.toml").read_text("utf-8"))["case"]


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    """All texts of all cases, each a document of its own."""
    folder = tmp_path_factory.mktemp("cases")
    words = Words(*shipped())
    engine = Engine(folder / "index", folder, words)
    texts = [text for case in CASES for text in [*case["find"], *case["miss"]]]
    documents = [
        Document("article", n, text, "", f"เรื่องที่ {n}", text, ("public",), date(2015, 1, 1))
        for n, text in enumerate(texts)
    ]
    with engine.writing_alone():
        engine.rebuild([[prepared(one, words) for one in documents]], words, lambda _: None)
    yield Search(engine, {})


def wrong(search: Search, case: dict) -> list[str]:
    """What is not as it should be."""
    found = {hit.code for hit in search.find_all(NoDatabase(), case["query"], limit=600).hits}  # type: ignore[arg-type]
    return [f"not found: {text}" for text in case["find"] if text not in found] + [
        f"should not be found: {text}" for text in case["miss"] if text in found
    ]


def test_there_are_enough_cases():
    assert len(CASES) >= 150


def test_every_case(search: Search):
    failed = {case["query"]: said for case in CASES if (said := wrong(search, case))}
    assert failed == {}
