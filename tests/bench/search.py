"""Search speed and quality: `python -m tests.bench.search [FOLDER OF SETS [ONE SET]]`.

Indexes a development set (`*-docs.jsonl.gz` with id, title, text; `*.queries.jsonl.gz` with qid, text, gold) through the
product's own import and index, and prints documents per second, query p50/p95 and nDCG@10. Without a folder it measures
speed on the demo's articles only.
"""

from __future__ import annotations

import gzip
import json
import math
import statistics
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from app.search.dictionary import shipped
from app.search.documents import Document
from app.search.engine import Engine
from app.search.fields import prepared
from app.search.query import Search
from app.search.words import Words
from tests.bench.sets import demo_documents


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


def ask(search: Search, query: str) -> tuple[list[str], float]:
    """Codes of the best ten, and seconds."""
    began = time.perf_counter()
    answer = search.find_all(NoDatabase(), query, limit=10)  # type: ignore[arg-type]
    return [hit.code for hit in answer.hits], time.perf_counter() - began


class NoDatabase:
    """Stands for a session with an empty outbox: the index alone is measured."""

    def scalars(self, _query: object) -> list[str]:
        """No promises wait."""
        return []

    def scalar(self, _query: object) -> None:
        """No answer is set."""


def report(name: str, search: Search, queries: list[dict], rate: float) -> None:
    """One line of the table."""
    scores, times = [], []
    for query in queries:
        gold = query["gold"] if isinstance(query["gold"], list) else [query["gold"]]
        codes, seconds = ask(search, query["text"])
        scores.append(ndcg(codes, {str(one) for one in gold}))
        times.append(seconds * 1e3)
    cuts = statistics.quantiles(times, n=100)
    print(
        f"{name:<20} {rate:>8.0f} {len(queries):>8} {cuts[49]:>8.1f} {cuts[94]:>8.1f} {statistics.mean(scores):>8.3f}",
        flush=True,
    )


def main() -> None:
    """Entry point."""
    print(f"{'set':<20} {'docs/s':>8} {'queries':>8} {'p50 ms':>8} {'p95 ms':>8} {'nDCG@10':>8}")
    with tempfile.TemporaryDirectory() as temporary:
        documents = demo_documents()
        search, rate = indexed(documents, Path(temporary) / "demo")
        report("demo titles", search, [{"text": d.title, "gold": d.code} for d in documents], rate)
        if len(sys.argv) < 2:
            return
        folder = Path(sys.argv[1])
        for path in sorted(folder.glob(f"{sys.argv[2] if len(sys.argv) > 2 else '*'}-docs.jsonl.gz")):
            name = path.name.removesuffix("-docs.jsonl.gz")
            documents = [
                Document(
                    "article", n, str(one["id"]), "", one.get("title", ""), one["text"], ("public",), date(2015, 1, 1)
                )
                for n, one in enumerate(lines(path))
            ]
            search, rate = indexed(documents, Path(temporary) / name)
            for queries in sorted(folder.glob(f"{name}-*.queries.jsonl.gz")):
                report(queries.name.removesuffix(".queries.jsonl.gz"), search, lines(queries), rate)


if __name__ == "__main__":
    main()
