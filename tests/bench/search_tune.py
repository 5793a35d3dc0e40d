"""How the weights of the second look are found: `python -m tests.bench.search_tune FOLDER`; some minutes.

Takes the features of the documents that get a second look for every query of the development sets, then climbs from the weights in
use: each weight in turn is made larger and smaller, and what raises the sum of the sets' mean nDCG@10 is kept. Five folds:
weights are found on four fifths of the queries of every set and judged on the last fifth. Prints the figures of the weights
in use, the judged ones, what each feature is worth (without it, the others found anew) and the weights found on everything.
"""

from __future__ import annotations

import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.search.asking import take_apart
from app.search.matching import LOOKED_AT, Matching
from app.search.query import Search
from app.search.ranking import WEIGHTS, features
from tests.bench.search import gold_of, indexed, lines, read_documents

SETS = {"thaigov3k": ("short", "title"), "iapp": ("valid", "ans-valid")}
NAMES = list(WEIGHTS)
FOLDS = 5
STEPS = (0.25, -0.25, 0.6, -0.6)
ENOUGH = 5e-4


@dataclass
class Query:
    """The documents looked at closely: a row for each feature, places of the right ones, the best possible DCG."""

    columns: NDArray[np.float64]
    golds: list[int]
    ideal: float


def collect(search: Search, queries: list[dict]) -> list[Query]:
    """Features of the best documents of each query, by the first look."""

    def of(query: dict) -> Query:
        def look(generation, words) -> Query:
            matching = Matching(generation, words, take_apart(query["text"]), np.ones(generation.size, np.bool_))
            first = matching._first_look()
            best = np.argsort(-first, kind="stable")[:LOOKED_AT].tolist()
            most = [float(one[best].max()) or 1.0 for one in matching._first]
            columns = np.zeros((len(NAMES), len(best)))
            golds = []
            for place, number in enumerate(best):
                seen = features(matching.second_look, generation.look(number))
                for name, one, top in zip(("words", "clusters"), matching._first, most, strict=True):
                    seen[name] = float(one[number]) / top
                columns[:, place] = [seen[name] for name in NAMES]
                if generation.facts(number).code in gold_of(query):
                    golds.append(place)
            return Query(columns, golds, sum(1 / math.log2(n + 2) for n in range(min(10, len(gold_of(query))))))

        return search.engine.read(look)

    return [of(query) for query in queries]


def scored(query: Query, weights: list[float]) -> NDArray[np.float64]:
    """Score of each document."""
    return np.array(weights) @ query.columns


def gained(query: Query, scores: NDArray[np.float64]) -> float:
    """nDCG@10 of one query; of equal scores the earlier document comes first."""
    total = 0.0
    for at in query.golds:
        before = np.count_nonzero(scores > scores[at]) + np.count_nonzero(scores[:at] == scores[at])
        total += 1 / math.log2(before + 2) if before < 10 else 0.0
    return total / query.ideal


def judged(queries: list[Query], weights: list[float]) -> float:
    """Mean nDCG@10."""
    return sum(gained(query, scored(query, weights)) for query in queries if query.golds) / len(queries)


class Climber:
    """Weights on their way up; keeps every document's score, so that a step costs one addition a document."""

    def __init__(self, sets: list[list[Query]], weights: list[float]) -> None:
        self.weights = weights
        self.queries = [(query, 1 / len(one)) for one in sets for query in one if query.golds]
        self.scores = [scored(query, weights) for query, _ in self.queries]
        self.best = sum(share * gained(q, s) for (q, share), s in zip(self.queries, self.scores, strict=True))

    def step(self, number: int, wanted: float) -> bool:
        """Give one weight another value; True when that is better, else nothing changes."""
        more = wanted - self.weights[number]
        tried = [
            scores + more * query.columns[number] for (query, _), scores in zip(self.queries, self.scores, strict=True)
        ]
        found = sum(share * gained(q, s) for (q, share), s in zip(self.queries, tried, strict=True))
        if found <= self.best + ENOUGH:
            return False
        self.best, self.scores, self.weights[number] = found, tried, wanted
        return True


def climb(sets: list[list[Query]], without: int | None = None) -> list[float]:
    """Weights that no single step makes better by much."""
    start = [0.0 if number == without else weight for number, weight in enumerate(WEIGHTS.values())]
    climber = Climber(sets, start)
    steps = [(number, step) for number in range(len(start)) if number != without for step in STEPS]
    better = True
    while better:
        better = False
        for number, step in steps:
            better |= climber.step(number, round(climber.weights[number] * (1 + step), 3))
    return climber.weights


def crossed(sets: list[list[Query]], without: int | None = None) -> list[float]:
    """Mean nDCG@10 of each set, each query judged with weights found without it."""
    totals = [0.0] * len(sets)
    for fold in range(FOLDS):
        weights = climb([[q for n, q in enumerate(one) if n % FOLDS != fold] for one in sets], without)
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

    def say(what: str, figures: list[float]) -> None:
        print(f"{what:<22}", *(f"{n} {v:.4f}" for n, v in zip(names, figures, strict=True)), flush=True)

    say("weights in use", [judged(one, list(WEIGHTS.values())) for one in sets])
    say("five folds", crossed(sets))
    for number, name in enumerate(NAMES):
        say(f"without {name}", crossed(sets, number))
    found = climb(sets)
    say("climbed on everything", [judged(one, found) for one in sets])
    print(dict(zip(NAMES, found, strict=True)))


if __name__ == "__main__":
    main()
