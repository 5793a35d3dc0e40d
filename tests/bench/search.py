"""Search quality, speed and memory beside baselines: `python -m tests.bench.search FOLDER [SET ...]`.

Indexes the development sets (`*-docs.jsonl.gz` with id, title, text; `*.queries.jsonl.gz` with qid, text, gold) with the
product's own index, and beside it, in the same run, three baselines: plain newmm words in Whoosh with its BM25F, SQLite FTS5
over the same words, and LIKE. Prints documents per second on one core, query p50/p95 in ms (top ten with snippets, server
side), nDCG@10 and Recall@10, then the damaged and dirty queries, and what each idea is worth. Without a folder it measures
the demo's articles only.
"""

from __future__ import annotations

import gzip
import json
import math
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest import mock

from whoosh import fields, index, qparser, scoring
from whoosh.analysis import SpaceSeparatedTokenizer

from app.core.thai import fold
from app.search import matching, ranking
from app.search.dictionary import shipped
from app.search.documents import Document
from app.search.engine import Engine
from app.search.fields import prepared
from app.search.query import Search
from app.search.words import STOP_WORDS, Words
from tests.bench.sets import demo_documents

SETS = ("thaigov3k", "iapp", "thaigov10k")
Ask = Callable[[str], list[str]]
TONES = "่้๊๋"


def lines(path: Path) -> list[dict]:
    """Objects of a compressed jsonl."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def ndcg(ranked: list[str], gold: set[str]) -> float:
    """nDCG@10 with binary gold."""
    gained = sum(1 / math.log2(place + 2) for place, code in enumerate(ranked[:10]) if code in gold)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(len(gold), 10)))


def gold_of(query: dict) -> set[str]:
    """Codes that answer a query."""
    return {str(one) for one in (query["gold"] if isinstance(query["gold"], list) else [query["gold"]])}


def read_documents(folder: Path, name: str) -> list[Document]:
    """Documents of a development set."""
    return [
        Document("article", n, str(one["id"]), "", one.get("title", ""), one["text"], ("public",), date(2015, 1, 1))
        for n, one in enumerate(lines(folder / f"{name}-docs.jsonl.gz"))
    ]


def indexed(documents: list[Document], folder: Path) -> tuple[Search, float]:
    """A search over documents, and documents per second of the build, on one core."""
    words = Words(*shipped())
    words.tokens("อบรม")
    engine = Engine(folder / "index", folder, words)
    began = time.perf_counter()
    batches = ([prepared(one, words) for one in documents[at : at + 200]] for at in range(0, len(documents), 200))
    with engine.writing_alone():
        engine.rebuild(batches, words, lambda _: None)
    return Search(engine, {}), len(documents) / (time.perf_counter() - began)


class NoDatabase:
    """Stands for a session with an empty outbox: the index alone is measured."""

    def scalars(self, _query: object) -> list[str]:
        """No promises wait."""
        return []

    def scalar(self, _query: object) -> None:
        """No answer is set."""


def product(search: Search) -> Ask:
    """The product's own path."""
    return lambda text: [hit.code for hit in search.find_all(NoDatabase(), text, limit=10).hits]  # type: ignore[arg-type]


def asked_words(words: Words, text: str) -> list[str]:
    """Distinct words of a query without stop words."""
    tokens = list(dict.fromkeys(words.tokens(text)))
    return [token for token in tokens if token not in STOP_WORDS] or tokens


def plain_whoosh(documents: list[Document], words: Words, folder: Path) -> Ask:
    """Baseline: newmm words, OR, Whoosh's BM25F."""
    folder.mkdir()
    schema = fields.Schema(code=fields.STORED, words=fields.TEXT(analyzer=SpaceSeparatedTokenizer(), phrase=False))
    files = index.create_in(str(folder), schema)
    writer = files.writer(limitmb=256)
    for one in documents:
        writer.add_document(code=one.code, words=" ".join(words.tokens(one.title + "\n" + one.text)))
    writer.commit()
    searcher = files.searcher(weighting=scoring.BM25F(B=0.75, K1=1.2))

    def ask(text: str) -> list[str]:
        wanted = qparser.query.Or([qparser.query.Term("words", word) for word in asked_words(words, text)])
        return [hit["code"] for hit in searcher.search(wanted, limit=10)]

    return ask


def full_text_sqlite(documents: list[Document], words: Words) -> Ask:
    """Baseline: FTS5 over the same words."""
    db = sqlite3.connect(":memory:")
    db.execute(
        "create virtual table t using fts5(code unindexed, words, tokenize=\"unicode61 categories 'L* N* M* Co P* S*'\")"
    )
    db.executemany(
        "insert into t values (?, ?)",
        ((one.code, " ".join(words.tokens(one.title + "\n" + one.text))) for one in documents),
    )

    def ask(text: str) -> list[str]:
        wanted = " OR ".join('"' + word.replace('"', '""') + '"' for word in asked_words(words, text))
        if not wanted:
            return []
        return [
            code for (code,) in db.execute("select code from t where t match ? order by bm25(t) limit 10", (wanted,))
        ]

    return ask


def like(documents: list[Document]) -> Ask:
    """Baseline: the query as it stands, somewhere."""
    db = sqlite3.connect(":memory:")
    db.execute("create table t (code, text)")
    db.executemany("insert into t values (?, ?)", ((one.code, fold(one.title + "\n" + one.text)) for one in documents))
    return lambda text: [
        code for (code,) in db.execute("select code from t where instr(text, ?) limit 10", (fold(text).strip(),))
    ]


def measured(ask: Ask, queries: list[dict], change: Callable[[str], str] = str) -> tuple[float, float, float, float]:
    """nDCG@10, Recall@10, p50 and p95 in ms."""
    scores, found, times = [], [], []
    for query in queries:
        gold = gold_of(query)
        began = time.perf_counter()
        codes = ask(change(query["text"]))
        times.append((time.perf_counter() - began) * 1e3)
        scores.append(ndcg(codes, gold))
        found.append(len(set(codes[:10]) & gold) / len(gold))
    cuts = statistics.quantiles(times, n=100)
    return statistics.mean(scores), statistics.mean(found), cuts[49], cuts[94]


def show(name: str, what: str, figures: tuple[float, float, float, float]) -> None:
    """One line of the table."""
    score, recall, middle, slow = figures
    print(f"{name:<22}{what:<26}{score:>8.4f}{recall:>8.4f}{middle:>9.1f}{slow:>9.1f}", flush=True)


def damages(seed: int = 7) -> dict[str, Callable[[str], str]]:
    """One harm to a query each: a tone dropped, a character lost, two swapped, dirty characters."""
    chance = random.Random(seed)

    def tone(text: str) -> str:
        places = [place for place, char in enumerate(text) if char in TONES]
        if not places:
            return text
        place = chance.choice(places)
        return text[:place] + text[place + 1 :]

    def lost(text: str) -> str:
        place = chance.randrange(len(text))
        return text[:place] + text[place + 1 :] if len(text) > 2 else text

    def swapped(text: str) -> str:
        if len(text) < 3:
            return text
        place = chance.randrange(len(text) - 1)
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    def dirty(text: str) -> str:
        text = text.replace("ำ", "\u0e4d\u0e32").replace("้", "้้", 1).translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
        middle = len(text) // 2
        return text[:middle] + "\u200b" + text[middle:]

    return {"tone dropped": tone, "character lost": lost, "two swapped": swapped, "dirty": dirty}


ABLATIONS: dict[str, dict[str, object]] = {
    "without second look": {"WEIGHTS": {name: float(name in ("words", "clusters")) for name in ranking.WEIGHTS}},
    "without cluster view": {"CLUSTER_SHARE": 0.0, "WEIGHTS": {**ranking.WEIGHTS, "clusters": 0.0}},
    "without inside view": {"INSIDE_WEIGHT": 0.0},
    "without near misses": {"PARTIAL_COVERAGE": 9.0, "MISSPELT_COVERAGE": 9.0},
}


def ablated(search: Search, changes: dict[str, object]) -> Ask:
    """The product with one idea taken out."""

    def ask(text: str) -> list[str]:
        weights = changes.get("WEIGHTS", ranking.WEIGHTS)
        others = {name: value for name, value in changes.items() if name != "WEIGHTS"}
        with mock.patch.multiple(matching, score=lambda found: ranking.score(found, weights), **others):  # type: ignore[arg-type]
            return product(search)(text)

    return ask


def main() -> None:
    """Entry point."""
    print(f"{'set':<22}{'':<26}{'nDCG@10':>8}{'R@10':>8}{'p50 ms':>9}{'p95 ms':>9}")
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        documents = demo_documents()
        search, _ = indexed(documents, base / "demo")
        show(
            "demo titles", "product", measured(product(search), [{"text": d.title, "gold": d.code} for d in documents])
        )
        if len(sys.argv) < 2:
            return
        folder = Path(sys.argv[1])
        for name in sys.argv[2:] or SETS:
            documents = read_documents(folder, name)
            search, rate = indexed(documents, base / name)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{name}: {len(documents)} documents indexed at {rate:.0f}/s on one core, process at most {peak} MB")
            small = len(documents) < 5_000
            others: dict[str, Ask] = {}
            if small:
                others["plain newmm, Whoosh"] = plain_whoosh(documents, search.words, base / f"{name}-plain")
                others["same words, FTS5"] = full_text_sqlite(documents, search.words)
                others["LIKE"] = like(documents)
            for path in sorted(folder.glob(f"{name}-*.queries.jsonl.gz")):
                queries, label = lines(path), path.name.removesuffix(".queries.jsonl.gz")
                show(label, "product", measured(product(search), queries))
                for what, ask in others.items():
                    show(label, what, measured(ask, queries))
                if small:
                    for what, harm in damages().items():
                        show(label, what, measured(product(search), queries, harm))
                    for what, changes in ABLATIONS.items():
                        show(label, what, measured(ablated(search, changes), queries))


if __name__ == "__main__":
    main()
