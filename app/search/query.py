"""From what a person typed to ranked results with marked snippets, exact counts and reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlalchemy.orm import Session

from app.core.guard import attempt
from app.core.outbox import waiting_keys
from app.core.thai import fold, sort_key
from app.people.models import Viewer
from app.search.asking import FILTERS, Asked, take_apart
from app.search.documents import OUTBOX_KIND, Answer, Hit, Part, Source
from app.search.engine import Engine, IndexMissing
from app.search.log import pinned
from app.search.matching import Match, Matching, Uses, fits_filters, values_of
from app.search.passages import Marks, marked, passage
from app.search.ranking import BREAK
from app.search.reader import Generation, Mask, mask_of
from app.search.spelling import other_queries
from app.search.words import Words, other_year

PENDING_CHECKED = 5_000
NO_DAY = date.min.isoformat()
KEPT_MASKS = 64
CLEARLY_BETTER = (
    1.0  # A corrected query without a full match takes the place of what was typed when its best scores so much more.
)
FACET_VALUES = 12
SORTS = {"best": "ตรงที่สุด", "newest": "ใหม่ที่สุด", "oldest": "เก่าที่สุด", "title": "ชื่อ ก–ฮ"}


def audience_of(viewer: Viewer) -> tuple[str, ...]:
    """Terms of the documents a person may find."""
    groups = tuple(f"g{number}" for number in sorted(viewer.group_ids))
    if not viewer.is_staff:
        return ("public", *groups)
    return ("public", "staff", f"u{viewer.staff_id}", *groups)


@dataclass(frozen=True)
class Window:
    """Which results, in which order, with which filters chosen on the page."""

    offset: int = 0
    limit: int = 10
    sort: str = "best"
    chosen: Mapping[str, str] | None = None
    insist: bool = False
    pinned: str = ""


class Search:
    """Answers queries.

    `sources` are the slices that hand in documents, `refresh` takes a changed dictionary into use, `uses` says how often
    documents (by key) were read lately, to part those that answer equally well.
    """

    def __init__(
        self, engine: Engine, sources: Mapping[str, Source], refresh: Callable[[Session], None] = lambda _: None,
        uses: Callable[[Session, list[str]], Mapping[str, int]] = lambda *_: {},
    ) -> None:  # fmt: skip
        self.engine, self.sources, self.refresh, self.uses = engine, sources, refresh, uses

    @property
    def words(self) -> Words:
        """Segmentation in use."""
        return self.engine.words

    def find(self, db: Session, text: str, viewer: Viewer, window: Window | None = None) -> Answer:
        """Ranked results of what this person may read. Never raises for any text."""
        return self._answer(db, text, audience_of(viewer), window or Window())

    def find_all(self, db: Session, text: str, *, limit: int, kind: str = "") -> Answer:
        """As an administrator sees it: all but drafts and what is kept to groups."""
        return self._answer(db, text, ("public", "staff"), Window(0, limit, chosen={"kind": kind}))

    def _answer(self, db: Session, text: str, audience: tuple[str, ...], window: Window) -> Answer:
        asked = take_apart(text, window.chosen)
        if not (asked.text or asked.filters or asked.chosen):
            return Answer(asked.typed, 0)
        self.refresh(db)
        changed = self._changed(db, audience)
        if changed is None:
            return Answer(asked.typed, 0, ready=False)
        if asked.text and not asked.chosen and window.sort == "best":
            window = replace(window, pinned=pinned(db, asked.typed))

        def uses(keys: list[str]) -> Mapping[str, int]:
            return attempt("counting uses", lambda: self.uses(db, keys), dict)

        def answered() -> Answer:
            try:
                return self.engine.read(
                    lambda generation, words: self._read(generation, words, asked, audience, changed, window, uses)
                )
            except IndexMissing:
                return Answer(asked.typed, 0, ready=False)

        return attempt("answering a query", answered, lambda: Answer(asked.typed, 0))

    def _read(
        self, generation: Generation, words: Words, asked: Asked, audience: tuple[str, ...],
        changed: dict[str, bool], window: Window, uses: Uses,
    ) -> Answer:  # fmt: skip
        allowed = self.readable(generation, audience, changed)
        answer = _answered(generation, Matching(generation, words, asked, allowed, uses), window)
        if answer.full or asked.chosen or window.insist:
            return answer
        for meant in other_queries(generation, words, asked, allowed):
            other = take_apart(meant)
            corrected = _answered(generation, Matching(generation, words, other, allowed, uses), window)
            if not corrected.full and meant.isascii() != asked.text.isascii():
                continue  # The other keyboard layout makes gibberish of most words: near misses do not speak for it.
            if corrected.best > answer.best + (0.0 if corrected.full else CLEARLY_BETTER):
                return replace(corrected, query=asked.typed, meant=meant, instead=True)
            if corrected.full:
                return replace(answer, meant=meant)
        return answer

    def suggestions(
        self, db: Session, text: str, viewer: Viewer, before: list[str], limit: int
    ) -> list[tuple[str, str, str]]:
        """(text, kind, address) of titles, people and groups that hold what is being typed, and of queries asked before.

        Only what this person may read; `before` are queries that found something, shown if they find something for
        this person too.
        """
        wanted = fold(text).strip()
        audience = audience_of(viewer)
        if not wanted:
            return []
        self.refresh(db)
        changed = self._changed(db, audience)
        if changed is None:
            return []

        def look(generation: Generation, words: Words) -> list[tuple[str, str, str]]:
            allowed = self.readable(generation, audience, changed)
            asked = [
                (query, "query", "") for query in before
                if Matching(generation, words, take_apart(query), allowed).full.any()
            ]  # fmt: skip
            return (asked[:3] + _titles(generation, allowed, wanted, limit))[:limit]

        try:
            return self.engine.read(look)
        except IndexMissing:
            return []

    def readable(self, generation: Generation, audience: tuple[str, ...], changed: dict[str, bool]) -> Mask:
        """Documents that this audience may read now, changes not yet indexed included."""
        mask = generation.masks.get(audience)
        if mask is None:
            terms = frozenset(audience)
            mask = mask_of(generation, lambda facts: not terms.isdisjoint(facts.audience))
            if len(generation.masks) >= KEPT_MASKS:
                generation.masks.clear()
            generation.masks[audience] = mask
        if not changed:
            return mask
        mask = mask.copy()
        for number, facts in generation.all_facts():
            if facts.key in changed and not changed[facts.key]:
                mask[number] = False
        return mask

    def _changed(self, db: Session, audience: tuple[str, ...]) -> dict[str, bool] | None:
        """Documents whose change waits to be indexed, and whether this audience may read each now.

        None when too many wait to be checked: then the index is about to be built anew.
        """
        pending = waiting_keys(db, OUTBOX_KIND, PENDING_CHECKED)
        if len(pending) >= PENDING_CHECKED:
            return None
        found = dict.fromkeys(pending, False)
        terms = set(audience)
        for kind, source in self.sources.items():
            ids = [int(key.split(":")[1]) for key in pending if key.startswith(kind + ":")]
            if ids:
                for number, now_for in source.audiences(db, ids).items():
                    found[f"{kind}:{number}"] = not terms.isdisjoint(now_for)
        return found


def _answered(generation: Generation, matching: Matching, window: Window) -> Answer:
    words, asked, allowed = matching.words, matching.asked, matching.allowed
    misfits: dict[int, list[str]] = {}
    fits = allowed
    if asked.filters or asked.chosen:
        readable = np.flatnonzero(allowed).tolist()
        misfits = {number: fits_filters(asked, generation.facts(number)) for number in readable}
        fits = np.zeros_like(allowed)
        fits[[number for number, missing in misfits.items() if not missing]] = True
    shown, rest, others = matching.matches(fits)
    looked = {match.document: match for match in shown}
    everything = [*looked, *rest, *others, *np.flatnonzero(matching.full & ~fits).tolist()]
    ordered = _sorted([*looked, *rest], generation, window.sort)
    pinned_number = _pinned_number(generation, matching, window.pinned)
    if pinned_number is not None:
        ordered = [pinned_number, *(number for number in ordered if number != pinned_number)]
        looked[pinned_number] = Match(pinned_number, 0.0, True)
    marks = _marks(matching, words)
    page = ordered[window.offset : window.offset + window.limit]
    hits = [_hit(generation, words, matching, looked.get(one) or Match(one, 0.0, True), marks) for one in page]
    if pinned_number is not None and window.offset == 0 and hits:
        hits[0] = replace(hits[0], pinned=True)
    return Answer(
        query=asked.typed,
        total=len(ordered),
        full=len(rest) + sum(match.full for match in shown),
        best=max((match.score for match in shown), default=0.0),
        hits=hits,
        also=matching.other_ways(),
        facets=_facets(generation, everything, misfits, asked),
    )


def _titles(generation: Generation, allowed: Mask, wanted: str, limit: int) -> list[tuple[str, str, str]]:
    """Titles, names and groups that begin with a text or hold it, those that begin first."""
    found: list[tuple[int, str, str, str]] = []
    groups: set[str] = set()
    for number, title in generation.folded_titles():
        if not allowed[number]:
            continue
        facts = generation.facts(number)
        place = title.find(wanted)
        if place >= 0:
            found.append((min(place, 1), facts.title, facts.kind, facts.url))
        if facts.group and facts.group not in groups and wanted in fold(facts.group):
            groups.add(facts.group)
            found.append((0, facts.group, "group", ""))
    found.sort(key=lambda one: (one[0], len(one[1]), one[1]))
    return [one[1:] for one in found[:limit]]


def _pinned_number(generation: Generation, matching: Matching, key: str) -> int | None:
    """The answer that the secretary set, for those who may read it."""
    if not key:
        return None
    return next((n for n, facts in generation.all_facts() if facts.key == key and matching.allowed[n]), None)


def _sorted(numbers: list[int], generation: Generation, sort: str) -> list[int]:
    def on(number: int) -> str:
        return generation.facts(number).on

    if sort in ("newest", "oldest"):
        dated = [number for number in numbers if on(number) != NO_DAY]
        return sorted(dated, key=on, reverse=sort == "newest") + [number for number in numbers if on(number) == NO_DAY]
    if sort == "title":
        return sorted(numbers, key=lambda number: sort_key(generation.facts(number).title))
    return numbers


def _facets(
    generation: Generation, everything: Iterable[int], misfits: dict[int, list[str]], asked: Asked
) -> dict[str, list[tuple[str, int]]]:  # fmt: skip
    """Values with counts; those of a filter in use are counted as if it were not. A filter that was typed has none."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in FILTERS if name not in asked.filters}
    for number in everything:
        missing = misfits.get(number, [])
        facts = generation.facts(number)
        for name in counts if not missing else missing[:1] if len(missing) == 1 else ():
            if name in counts:
                counts[name].update(values_of(name, facts))
    found: dict[str, list[tuple[str, int]]] = {}
    for name, counter in counts.items():
        found[name] = sorted(counter.items(), key=lambda one: (-one[1], one[0]))[:FACET_VALUES]
    found.get("year", []).sort(reverse=True)
    return found


def _marks(matching: Matching, words: Words) -> Marks:
    exact: set[str] = set()
    stretches: dict[str, float] = {}
    for word in matching.content:
        weight = matching.weights[word]
        exact.add(word)
        stretches[word] = weight
        for part in words.inside(word):
            stretches.setdefault(part, weight / 4)
        year = other_year(word)
        if year:
            exact.add(year)
            stretches[year] = weight
    for unit in matching.units:
        for phrase in unit.others:
            said = "".join(phrase)
            exact.add(said)
            stretches[said] = sum(matching.weights.get(word, 1.0) for word in unit.words)
    whole = matching.asked.text
    if len(whole) >= 4:
        exact.add(whole)
        stretches[whole] = 2 * sum(matching.weights.values()) + 1
    pieces = {whole[start : start + 4]: 1.0 for start in range(0, min(len(whole), 120) - 3, 2)}
    return Marks(frozenset(exact), stretches, matching.second_look.letters if matching.tokens else "", pieces)


def _hit(generation: Generation, words: Words, matching: Matching, match: Match, marks: Marks) -> Hit:
    facts = generation.facts(match.document)
    text, parts = generation.text(match.document)
    snippet, place = passage(text, marks, words)
    before = [part for part in parts if part.start <= place]
    part = before[-1] if before else None
    return Hit(
        kind=facts.kind, id=facts.id, code=facts.code, url=facts.url + _anchor(part),
        title=marked(facts.title, marks, words),
        snippet=snippet, score=round(match.score, 4), full=match.full, part=part.name if part else "",
        within=facts.within, why=_why(generation, matching, match),
        on=None if facts.on == NO_DAY else date.fromisoformat(facts.on), category=facts.category,
        department=facts.department, group=facts.group, authors=facts.authors,
    )  # fmt: skip


def _anchor(part: Part | None) -> str:
    if part is None or not part.anchor:
        return ""
    return part.anchor if part.anchor.startswith("?") else "#" + part.anchor


def _why(generation: Generation, matching: Matching, match: Match) -> tuple[str, ...]:
    """Reasons in Thai: which words are there, where, and by which other name."""
    if not matching.tokens:
        return ("ตรงกับตัวกรองที่เลือก",)
    look = generation.look(match.document)
    reasons: list[str] = []
    if match.features.get("whole") and len(matching.tokens) > 1:
        reasons.append("มีข้อความที่ค้นต่อเนื่องกันทั้งหมด")
    here = [word for word in matching.content if BREAK + word + BREAK in look.words]
    if here:
        reasons.append(_has_words(len(here), len(matching.content)) + " ".join(here[:8]))
    in_title = [word for word in matching.content if BREAK + word + BREAK in look.title]
    if in_title:
        reasons.append("อยู่ในชื่อเรื่อง: " + " ".join(in_title[:8]))
    reasons += _other_names(matching, look.words)
    missing = [word for word in matching.content if word not in here and word in look.words]
    if missing:
        tokens = set(look.tokens)
        inside = matching.words.inside
        reasons += [
            f"คำว่า {word} อยู่ข้างใน {token}"
            for word in missing[:3]
            for token in sorted(tokens)
            if word in token and word in inside(token)
        ][:3]
    return tuple(reasons) or ("มีตัวอักษรใกล้เคียงกับที่พิมพ์",)


def _has_words(here: int, asked: int) -> str:
    if asked == 1:
        return "มีคำว่า "
    return "มีทุกคำ: " if here == asked else "มีบางคำ: "


def _other_names(matching: Matching, said: str) -> list[str]:
    reasons = []
    for unit in matching.units:
        for phrase in unit.others:
            if BREAK + BREAK.join(phrase) + BREAK in said:
                reasons.append(f"{''.join(unit.words)} ใช้แทนกันกับ {''.join(phrase)}")
        year = other_year(unit.words[0])
        if year and BREAK + year + BREAK in said:
            reasons.append(f"{unit.words[0]} คือปี {year}")
    return reasons[:3]
