"""Makes a large office for the benchmarks: the demo, its articles repeated to 1,000, and 200,000 accesses."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from app.cli import load_content
from app.core.clock import BANGKOK
from app.core.migrating import migrate
from app.demo_office import PHONE, build_demo
from app.exchange.formats import check_line
from app.exchange.importing import import_records
from app.office import Office

ARTICLES, ACCESSES = 1_000, 200_000


def build(office: Office, articles: int = ARTICLES, accesses: int = ACCESSES) -> None:
    """Fill an empty office; chance is seeded."""
    migrate(office.database)
    load_content(office)
    build_demo(office, lambda _: None)
    chance = random.Random(7)
    with office.session() as db:
        from sqlalchemy import select

        from app.knowledge.models import Article, Revision

        rows = db.execute(
            select(Article.title, Revision.body)
            .join(Revision, (Revision.article_id == Article.id) & (Revision.number == Article.published_number))
            .where(Article.visibility == "public")
        ).all()
    records = []
    first = datetime(2014, 10, 1, 8, tzinfo=BANGKOK)
    for number in range(articles - 96):
        title, body = rows[number % len(rows)]
        on = (first + timedelta(days=chance.randrange(300))).date().isoformat()
        records.append(
            {
                "type": "article", "code": f"B-{number}", "title": f"{title} ({number})", "body": body + f"\n\nฉบับที่ {number}",
                "author": f"S{chance.randrange(1, 34):03d}", "category": "การจัดการความรู้", "visibility": "public",
                "state": "published", "first_published_on": on,
            }
        )  # fmt: skip
    for _ in range(accesses):
        at = first + timedelta(seconds=chance.randrange(365 * 86_400))
        who = (
            {"staff": f"S{chance.randrange(1, 34):03d}"}
            if chance.random() < 0.5
            else {"guest": f"p{chance.randrange(4000)}"}
        )
        code = f"B-{chance.randrange(articles - 96)}"
        records.append(
            {"type": "access", "article": code, "at": at.isoformat(), "channel": "web", "user_agent": PHONE, **who}
        )
    checked = [check_line(number, record) for number, record in enumerate(records, 1)]
    with office.session() as db:
        import_records(db, office.desk(db), checked, office.clock.now())
    office.indexer.catch_up()
