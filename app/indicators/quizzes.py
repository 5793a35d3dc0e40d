"""The two quizzes: questions of `content/quiz/`, asked in random order, tried once a day, explained afterwards.

Passing is the business of the counting rule (`pass_percent`), not of this file. Source: counting contract, C2, C4.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.config import CONTENT
from app.core.database import lock_for_transaction, transaction
from app.core.errors import Invalid, NotFound
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.records import seen_by_itself
from app.indicators.models import QUIZ_SETS, QuizAttempt


@dataclass(frozen=True)
class Question:
    """One question. `answer` is the place of the right choice, from 0; `number` its place in the file."""

    number: int
    text: str
    choices: tuple[str, ...]
    answer: int
    why: str


@lru_cache(maxsize=4)
def questions_of(quiz: str) -> tuple[Question, ...]:
    """Questions of a quiz in the order of its file. Raises NotFound."""
    if quiz not in QUIZ_SETS:
        raise NotFound("ไม่มีแบบทดสอบนี้")
    with (CONTENT / "quiz" / f"{quiz}.toml").open("rb") as file:
        listed = tomllib.load(file)["questions"]
    return tuple(
        Question(number, one["text"], tuple(one["choices"]), one["answer"], one["why"])
        for number, one in enumerate(listed)
    )


def in_random_order(quiz: str, seed: int) -> list[tuple[Question, list[tuple[int, str]]]]:
    """Questions and their choices (place in the file, text) shuffled; the same seed gives the same order."""
    chance = random.Random(seed)
    asked = list(questions_of(quiz))
    chance.shuffle(asked)
    shuffled = []
    for question in asked:
        choices = list(enumerate(question.choices))
        chance.shuffle(choices)
        shuffled.append((question, choices))
    return shuffled


def attempts_of(db: Session, staff_id: int, quiz: str, be_year: int) -> list[QuizAttempt]:
    """A person's tries in a fiscal year, newest first."""
    year = FiscalYear(be_year)
    query = select(QuizAttempt).where(
        QuizAttempt.staff_id == staff_id,
        QuizAttempt.quiz == quiz,
        QuizAttempt.on.between(year.first_day, year.last_day),
        QuizAttempt.status.in_(("submitted", "verified")),
    )
    return list(db.scalars(query.order_by(QuizAttempt.id.desc())))


def has_passed(attempt: QuizAttempt, pass_percent: int) -> bool:
    """Whether a try stands and reaches the mark, without rounding. Example: 6 of 10 at 60 % -> True; 5 of 9 -> False."""
    return attempt.status == "verified" and attempt.score * 100 >= attempt.max_score * pass_percent


def may_try(attempts: list[QuizAttempt], today: date, pass_percent: int) -> bool:
    """Once a day, until passed this year."""
    return not any(one.on == today or has_passed(one, pass_percent) for one in attempts)


def take_quiz(
    db: Session, staff_id: int, quiz: str, chosen: Mapping[int, int], pass_percent: int, today: date, now: datetime
) -> QuizAttempt:
    """Keep one try: question number -> place of the choice. Raises Invalid for unanswered ones or a second try that day."""
    questions = questions_of(quiz)
    missing = [q.number for q in questions if not 0 <= chosen.get(q.number, -1) < len(q.choices)]
    if missing:
        raise Invalid({f"q{number}": "ยังไม่ได้ตอบข้อนี้" for number in missing})
    with transaction(db):
        lock_for_transaction(db, f"quiz {staff_id} {quiz}")
        if not may_try(attempts_of(db, staff_id, quiz, be_fiscal_year(today)), today, pass_percent):
            raise Invalid({"quiz": "วันนี้ทำแบบทดสอบนี้แล้ว หรือปีนี้ผ่านแล้ว ทำใหม่ได้ในวันถัดไปถ้ายังไม่ผ่าน"})
        score = sum(chosen[question.number] == question.answer for question in questions)
        kept = QuizAttempt(
            staff_id=staff_id, quiz=quiz, on=today, score=score, max_score=len(questions),
            answers=[[number, choice] for number, choice in sorted(chosen.items())], **seen_by_itself(staff_id, now),
        )  # fmt: skip
        db.add(kept)
    return kept
