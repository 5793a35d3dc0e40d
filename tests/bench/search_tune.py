"""How the weights of the second look were found: `python -m tests.bench.search_tune FOLDER`.

Takes the features of the best hundred documents of every query of the development sets, then climbs: each weight in turn
is made larger and smaller, and what raises the mean nDCG@10 of the sets is kept. Five folds: weights are found on four
fifths of the queries of every set and judged on the last fifth. Prints the judged figures, what each feature is worth
(without it, the others found anew) and the weights found on everything.
"""

from __future__ import annotations

import heapq
import math
import sys
import tempfile
from pathlib import Path

from app.search.asking import take_apart
from app.search.matching import Matching
from app.search.query import Search
from app.search.ranking import WEIGHTS, features
from tests.bench.search import gold_of, indexed, lines, read_documents

SETS = {"thaigov3k": ("short", "title"), "iapp": ("valid", "ans-valid")}
NAMES = list(WEIGHTS)
FOLDS = 5
LOOKED_AT = 100
STEPS = (0.25, -0.25, 0.6, -0.6, 1.5)
Query = tuple[list[list[float]], list[bool], float]


def collect(search: Search, queries: list[dict]) -> list[Query]:
    """Features of the best hundred of each query, which of them are gold, and the best possible DCG."""

    def of(query: dict) -> Query:
        def look(generation, words) -> Query:
            matching = Matching(generation, words, take_apart(query["text"]), bytearray(b"\1" * generation.count))
            first = matching._first_look()
            best = heapq.nlargest(LOOKED_AT, range(len(first)), key=first.__getitem__)
            most = [max(one[number] for number in best) or 1.0 for one in matching._first]
            rows, golds = [], []
            for number in best:
                seen = features(matching.second_look, generation.look(number))
                seen["words"], seen["clusters"] = (
                    one[number] / top for one, top in zip(matching._first, most, strict=True)
                )
                rows.append([seen[name] for name in NAMES])
                golds.append(generation.facts(number).code in gold_of(query))
            return rows, golds, sum(1 / math.log2(place + 2) for place in range(min(10, len(gold_of(query)))))

        return search.engine.read(look)

    return [of(query) for query in queries]


def judged(queries: list[Query], weights: list[float]) -> float:
    """Mean nDCG@10."""
    total = 0.0
    for rows, golds, ideal in queries:
        if any(golds):
            scores = [sum(w * f for w, f in zip(weights, row, strict=True)) for row in rows]
            best = heapq.nsmallest(10, range(len(rows)), key=lambda n: (-scores[n], n))
            total += sum(1 / math.log2(place + 2) for place, number in enumerate(best) if golds[number]) / ideal
    return total / len(queries)


def climb(sets: list[list[Query]], weights: list[float], without: int | None = None) -> list[float]:
    """Weights that no single step makes better."""
    weights = [0.0 if number == without else weight for number, weight in enumerate(weights)]
    best = sum(judged(one, weights) for one in sets)
    better = True
    while better:
        better = False
        for number in range(len(weights)):
            for step in STEPS:
                tried = list(weights)
                tried[number] = round(max(0.0, weights[number] * (1 + step) if weights[number] else abs(step)), 3)
                if number == without or tried == weights:
                    continue
                found = sum(judged(one, tried) for one in sets)
                if found > best + 1e-4:
                    best, weights, better = found, tried, True
    return weights


def crossed(sets: list[list[Query]], without: int | None = None) -> list[float]:
    """Mean nDCG@10 of each set, each query judged with weights found without it."""
    totals = [0.0] * len(sets)
    for fold in range(FOLDS):
        weights = climb(
            [[q for n, q in enumerate(one) if n % FOLDS != fold] for one in sets], list(WEIGHTS.values()), without
        )
        for number, one in enumerate(sets):
            held = [q for n, q in enumerate(one) if n % FOLDS == fold]
            totals[number] += judged(held, weights) * len(held) / len(one)
    return totals


def main() -> None:
    """Entry point."""
    folder = Path(sys.argv[1])
    names, sets = [], []
    with tempfile.TemporaryDirectory() as temporary:
        for name, kinds in SETS.items():
            search, _ = indexed(read_documents(folder, name), Path(temporary) / name)
            for kind in kinds:
                names.append(f"{name}-{kind}")
                sets.append(collect(search, lines(folder / f"{name}-{kind}.queries.jsonl.gz")))
    print(
        "weights in use:", *(f"{n} {judged(s, list(WEIGHTS.values())):.4f}" for n, s in zip(names, sets, strict=True))
    )
    print("five folds:    ", *(f"{n} {v:.4f}" for n, v in zip(names, crossed(sets), strict=True)), flush=True)
    for number, name in enumerate(NAMES):
        found = crossed(sets, number)
        print(f"without {name:<15}", *(f"{n} {v:.4f}" for n, v in zip(names, found, strict=True)), flush=True)
    print("weights:", dict(zip(NAMES, climb(sets, list(WEIGHTS.values())), strict=True)))


if __name__ == "__main__":
    main()
