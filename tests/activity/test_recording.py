"""Openings of the real page become counted accesses, or excluded ones with their reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from app.activity import recounting, rules
from app.activity.commands import Opening, record_opened, seal_ledger
from app.activity.models import AccessDay, Opened, OpenedFacts, Reason, Share, Traffic
from app.activity.queries import access_figures, broken_seals
from app.core.database import transaction
from app.knowledge.models import Article
from app.office import Office
from tests.conftest import Browser, app_of
from tests.indicators.reading import count
from tests.personas import ADMIN, MALEE, SOMCHAI, WICHAI, article, group, load, opened

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Safari/537.36"


def facts_of(office: Office) -> list[str | None]:
    """Reasons of the ledger in order of recording."""
    with office.session() as db:
        return list(db.scalars(select(Opened.reason).order_by(Opened.id)))


def test_opening_the_page_counts_once_a_day(office: Office):
    load(office, article("A"))
    malee = Browser(app_of(office), MALEE)
    for _ in range(3):
        assert "เนื้อหาของบทความ" in malee.get("/articles/A").text
    assert facts_of(office) == ["dup30", "dup30", None]
    assert count(office, "A5") == 1


@pytest.mark.parametrize("who", [SOMCHAI, ADMIN])
def test_author_and_administrator_are_excluded_with_reason(office: Office, who: str):
    load(office, article("A"))
    assert Browser(app_of(office), who).get("/articles/A").status_code == 200
    assert facts_of(office) == [{SOMCHAI: "author", ADMIN: "admin"}[who]]
    assert count(office, "A5") == 0


def test_guests_differ_by_device_and_are_not_named(office: Office):
    load(office, article("A"))
    app = app_of(office)
    for agent in (CHROME, CHROME.replace("126", "127")):
        app.test_client().get("/articles/A", headers={"User-Agent": agent}, follow_redirects=True)
    assert count(office, "A5") == 2
    with office.session() as db:
        people = set(db.scalars(select(Opened.person)))
        assert len(people) == 2
        assert all(person.startswith("g") and "127" not in person for person in people)
        assert db.scalar(select(func.count()).select_from(Traffic)) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Sec-Fetch-Dest": "image"},
    ],
)
def test_prefetch_and_embedding_are_no_events(office: Office, headers: dict[str, str]):
    load(office, article("A"))
    client = app_of(office).test_client()
    assert (
        client.get("/articles/A", headers={"User-Agent": CHROME, **headers}, follow_redirects=True).status_code == 200
    )
    assert facts_of(office) == []


def test_head_previews_history_and_revisions_are_no_events(office: Office):
    load(office, article("A"))
    malee = Browser(app_of(office), MALEE)
    malee.client.head("/articles/A", follow_redirects=True)
    for path in ("/articles/A/history", "/articles/A/revisions/1", "/articles/A/diff?from=1&to=1", "/articles/A/share"):
        assert malee.get(path).status_code == 200
    assert facts_of(office) == []


def test_robot_is_stored_with_its_reason(office: Office):
    load(office, article("A"))
    app_of(office).test_client().get("/articles/A", headers={"User-Agent": "curl/8.0"}, follow_redirects=True)
    assert facts_of(office) == ["robot"]


def test_page_opened_within_ten_minutes_of_own_edit_is_editing(office: Office):
    load(
        office,
        article("A"),
        {
            "type": "team",
            "code": "C",
            "kind": "curate",
            "order_no": "1",
            "valid_from": "2015-01-01",
            "members": [MALEE],
        },
    )
    malee = Browser(app_of(office), MALEE)
    form = {
        "title": "เรื่อง A",
        "body": "แก้แล้ว",
        "visibility": "public",
        "group_id": "0",
        "version": "1",
        "act": "publish",
    }
    assert malee.post("/articles/A/edit", form).status_code == 302
    malee.get("/articles/A")
    assert facts_of(office) == ["editing"]


def test_a_thousand_openings_by_one_person_count_once_a_day(office: Office):
    load(office, article("A"))
    with office.session() as db:
        article_id = db.scalars(select(Article.id)).one()
        reader = 3
        start = datetime(2015, 3, 1, 1, tzinfo=UTC)
        for number in range(1000):
            facts = OpenedFacts(at=start + timedelta(seconds=40 * number))
            with transaction(db):
                record_opened(db, Opening(article_id, reader, "", "web", facts), start.date())
        # 1,000 openings 40 s apart last 11 h 6 min from 08:00 Bangkok: one day, one count.
        assert db.scalar(select(func.count()).select_from(AccessDay)) == 1
        figures = access_figures(db, article_id)
    # 39,960 s from 08:00:00 to 19:06:00 touch the hours 8 to 19: twelve sessions.
    assert (figures.requests, figures.per_hour, figures.per_day, figures.readers) == (1000, 12, 1, 1)


def test_double_across_midnight_counts_on_the_later_day(office: Office):
    load(office, article("A"))
    with office.session() as db:
        article_id = db.scalars(select(Article.id)).one()
        for at in (datetime(2015, 3, 1, 16, 59, 50, tzinfo=UTC), datetime(2015, 3, 1, 17, 0, 10, tzinfo=UTC)):
            record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=at)), at.date())
        assert [day.isoformat() for day in db.scalars(select(AccessDay.on))] == ["2015-03-02"]


def test_live_and_imported_ledgers_judge_alike(office: Office):
    """The same openings through the page's path and through an import give the same rollup and reasons."""
    load(office, article("LIVE"), article("FILE"), group())
    seconds = [0, 20, 45, 90, 86_390, 86_415, 100_000]
    start = datetime(2015, 3, 1, 1, tzinfo=UTC)
    with office.session() as db:
        article_id = db.scalars(select(Article.id).where(Article.code == "LIVE")).one()
        reader = db.execute(text("select id from staff where code = 'S3'")).scalar_one()
        for second in seconds:
            facts = OpenedFacts(at=start + timedelta(seconds=second))
            record_opened(db, Opening(article_id, reader, "", "web", facts), start.date())
    load(
        office,
        *(opened("FILE", WICHAI, (start + timedelta(seconds=second)).isoformat()) for second in reversed(seconds)),
    )
    with office.session() as db:
        told = {}
        for code in ("LIVE", "FILE"):
            number = db.scalars(select(Article.id).where(Article.code == code)).one()
            reasons = list(db.scalars(select(Opened.reason).where(Opened.article_id == number).order_by(Opened.at)))
            days = list(db.scalars(select(AccessDay.on).where(AccessDay.article_id == number).order_by(AccessDay.on)))
            told[code] = (reasons, days)
    assert told["LIVE"] == told["FILE"]
    # 0 is replaced by 20 and 20 by 45; 90 stands; 86,390 by 86,415; the last stands.
    assert told["FILE"][0] == ["dup30", "dup30", None, None, "dup30", None, None]


def test_shared_link_is_verified_by_another_and_only_once(office: Office):
    load(office, article("A"), group())
    app = app_of(office)
    malee = Browser(app, MALEE)
    answer = malee.post("/articles/A/share", {"channel": "group", "target": "G1"})
    assert "แชร์แล้ว ผู้รับได้รับแจ้ง" in answer.text
    with office.session() as db:
        token = db.scalars(select(Share.token)).one()
    malee.get(f"/s/{token}")
    assert count(office, "A6") == 0
    Browser(app, WICHAI).get(f"/s/{token}")
    assert count(office, "A6") == 1
    with office.session() as db:
        assert [line.channel for line in db.scalars(select(Opened).order_by(Opened.id))] == ["share", "share"]


def test_token_of_another_article_verifies_nothing(office: Office):
    load(office, article("A"), article("B"), group())
    load(
        office,
        {
            "type": "share",
            "code": "X",
            "article": "A",
            "sharer": MALEE,
            "channel": "group",
            "target": "G1",
            "at": "2015-03-01T09:00:00+07:00",
        },
    )
    with office.session() as db:
        token = db.scalars(select(Share.token)).one()
    Browser(app_of(office), WICHAI).get(f"/articles/B?s={token}")
    with office.session() as db:
        assert db.scalars(select(Share.verified_on)).one() is None
        assert db.scalars(select(Opened.share_id)).one() is None


def test_page_survives_a_broken_ledger_and_a_broken_spool(lite_office: Office):
    load(lite_office, article("A"))
    app = app_of(lite_office)
    malee = Browser(app, MALEE)
    with lite_office.session() as db:
        db.execute(text("drop table traffic"))
        db.commit()
    assert "เนื้อหาของบทความ" in malee.get("/articles/A").text
    assert lite_office.recorder.spool.exists()
    lite_office.recorder.spool.unlink()
    lite_office.recorder.spool.mkdir()
    assert "เนื้อหาของบทความ" in malee.get("/articles/A").text


def test_busy_database_delays_nothing_and_loses_nothing(lite_office: Office):
    load(lite_office, article("A"))
    malee = Browser(app_of(lite_office), MALEE)
    with lite_office.session() as writer, transaction(writer):
        writer.execute(update(Article).values(version=9))
        assert malee.get("/articles/A").status_code == 200
    assert facts_of(lite_office) == []
    assert lite_office.recorder.drain_spool(lite_office.clock.today) == 1
    assert facts_of(lite_office) == [None]
    assert count(lite_office, "A5") == 1


def test_seals_find_the_day_that_was_changed(office: Office):
    load(office, article("A"), opened("A", WICHAI, "2015-03-01T09:00:00+07:00"))
    with office.session() as db:
        db.execute(update(Opened).values(recorded_on=datetime(2015, 9, 1).date()))
        db.commit()
        assert seal_ledger(db, office.clock.today()) == 1
        assert list(broken_seals(db)) == []
        db.execute(update(Opened).values(channel="board"))
        db.commit()
        assert [day.isoformat() for day in broken_seals(db)] == ["2015-09-01"]


def test_recount_names_what_was_changed_behind_its_back(office: Office):
    load(office, article("A"), opened("A", WICHAI, "2015-03-01T09:00:00+07:00"))
    first, last = datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()
    with office.session() as db:
        assert recounting.differences(db, first, last) == []
        db.execute(text("delete from access_day"))
        db.commit()
        assert len(recounting.differences(db, first, last)) == 2  # The day is missing, and the sum of the day is wrong.
        with transaction(db):
            recounting.rebuild(db, None)
        assert recounting.differences(db, first, last) == []
        db.execute(update(Opened).values(reason="dup30"))
        db.commit()
        # The line, the day and the sum of the day.
        assert len(recounting.differences(db, first, last)) == 3
        with transaction(db):
            recounting.rebuild(db, None)
        for column in ("accesses", "excluded"):
            db.execute(text(f"update access_month set {column} = {column} + 1"))
            db.commit()
            wrong = "ยอดรวมเดือนที่เริ่ม 2015-03-01 ของบุคคล 3 ไม่ตรงกับยอดรายวัน"
            assert recounting.differences(db, first, last) == [wrong]
            db.execute(text(f"update access_month set {column} = {column} - 1"))
            db.commit()


@pytest.mark.parametrize(
    ("agent", "robot"),
    [
        (CHROME, False), ("Googlebot/2.1", True), ("GOOGLEBOT/2.1", True), ("curl/8.0", True), ("python-requests/2.3", True),
        ("facebookexternalhit/1.1;line-poker/1.0", True), ("Mozilla/5.0 (iPhone) Safari Line/13.2.0", False),
    ],
)  # fmt: skip
def test_robots_list(agent: str, robot: bool):
    assert rules.is_robot(agent) is robot


def test_reasons_come_in_a_stated_order():
    at = datetime(2015, 3, 1, tzinfo=UTC)
    everything = OpenedFacts(
        at=at, status_code=500, robot=True, permitted=False, published=False, is_author=True, is_admin=True
    )
    assert rules.reason_against(everything) is Reason.NOT_SUCCESSFUL
    assert rules.reason_against(OpenedFacts(at=at, status_code=304)) is None
    assert rules.reason_against(OpenedFacts(at=at, last_edit_at=at - timedelta(minutes=10))) is Reason.EDITING
    assert rules.reason_against(OpenedFacts(at=at, last_edit_at=at - timedelta(minutes=10, seconds=1))) is None


def test_an_opening_that_comes_late_from_the_spool_is_still_a_double(office: Office):
    load(office, article("A"))
    with office.session() as db:
        article_id = db.scalars(select(Article.id)).one()
        for at in (datetime(2015, 3, 1, 17, 0, 10, tzinfo=UTC), datetime(2015, 3, 1, 16, 59, 50, tzinfo=UTC)):
            record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=at)), at.date())
        assert [day.isoformat() for day in db.scalars(select(AccessDay.on))] == ["2015-03-02"]
        assert recounting.differences(db, datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()) == []


def test_an_opening_that_comes_late_is_a_double_even_when_the_next_one_is_too(office: Office):
    """09:00:20 was replaced by 09:00:40 before 09:00:00 came in: 09:00:00 is followed within 30 s all the same."""
    load(office, article("A"))
    with office.session() as db:
        article_id = db.scalars(select(Article.id)).one()
        for second in (20, 40, 0):
            at = datetime(2015, 3, 1, 2, 0, second, tzinfo=UTC)
            record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=at)), at.date())
        assert list(db.scalars(select(Opened.reason).order_by(Opened.at))) == ["dup30", "dup30", None]
        assert recounting.differences(db, datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()) == []


def test_a_late_double_takes_the_day_it_empties_with_it(office: Office):
    """23:59:40 and 00:00:20 counted a day each until 23:59:55 came in late: it replaces the one, the other replaces it."""
    load(office, article("A"))
    with office.session() as db:
        article_id = db.scalars(select(Article.id)).one()
        for hour, minute, second in ((16, 59, 40), (17, 0, 20), (16, 59, 55)):
            at = datetime(2015, 3, 1, hour, minute, second, tzinfo=UTC)
            record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=at)), at.date())
        assert [day.isoformat() for day in db.scalars(select(AccessDay.on))] == ["2015-03-02"]
        assert recounting.differences(db, datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()) == []


def test_an_earlier_reading_that_comes_late_is_the_first(office: Office):
    share = {"type": "share", "code": "X", "article": "A", "sharer": SOMCHAI, "channel": "group", "target": "G1"}
    load(office, article("A", author=MALEE), group(), share | {"at": "2015-03-01T09:00:00+07:00"})
    with office.session() as db:
        article_id, token = db.execute(select(Share.article_id, Share.token)).one()
        for day in (20, 10):
            at = datetime(2015, 3, day, 3, tzinfo=UTC)
            record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=at), token), at.date())
        assert db.scalars(select(Share.verified_on)).one().isoformat() == "2015-03-10"
        assert recounting.differences(db, datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()) == []


def test_a_share_loses_its_verification_with_the_opening_that_gave_it(office: Office):
    load(office, article("A", author=MALEE), group())
    load(
        office,
        {
            "type": "share",
            "code": "X",
            "article": "A",
            "sharer": SOMCHAI,
            "channel": "group",
            "target": "G1",
            "at": "2015-03-01T09:00:00+07:00",
        },
    )
    with office.session() as db:
        article_id, token = db.execute(select(Share.article_id, Share.token)).one()
        start = datetime(2015, 3, 2, 3, tzinfo=UTC)
        record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=start), token), start.date())
        assert db.scalars(select(Share.verified_on)).one() is not None
        later = start + timedelta(seconds=20)
        record_opened(db, Opening(article_id, 3, "", "web", OpenedFacts(at=later)), start.date())
        db.expire_all()
        assert db.scalars(select(Share.verified_on)).one() is None
    assert count(office, "A6") == 0


def test_a_torn_line_of_the_spool_is_set_aside(lite_office: Office):
    load(lite_office, article("A"))
    malee = Browser(app_of(lite_office), MALEE)
    with lite_office.session() as writer, transaction(writer):
        writer.execute(update(Article).values(version=9))
        malee.get("/articles/A")
    with lite_office.recorder.spool.open("a", encoding="utf-8") as spool:
        spool.write('{"article_id": 1, "staff')
    assert lite_office.recorder.drain_spool(lite_office.clock.today) == 1
    assert lite_office.recorder.spool.with_suffix(".bad").read_text("utf-8").startswith('{"article_id"')
    assert lite_office.recorder.drain_spool(lite_office.clock.today) == 0


def test_recount_judges_doubles_to_the_very_second(office: Office):
    load(office, article("A"))
    for seconds in ("00.000", "30.000", "31.500"):  # 30 s after the first: a double; 1.5 s later: another.
        load(office, opened("A", MALEE, f"2015-03-01T09:00:{seconds}+07:00"))
    load(office, opened("A", MALEE, "2015-03-01T09:01:01.501+07:00"))  # 30.001 s after: stands on its own.
    first, last = datetime(2014, 10, 1).date(), datetime(2015, 9, 30).date()
    with office.session() as db:
        assert recounting.differences(db, first, last) == []
        reasons = list(db.scalars(select(Opened.reason).order_by(Opened.at)))
        assert reasons == ["dup30", "dup30", None, None]
        db.execute(update(Opened).where(Opened.reason.is_not(None)).values(reason=None))
        db.commit()
        told = [sentence for sentence in recounting.differences(db, first, last) if "รายการเปิดอ่าน" in sentence]
        assert len(told) == 2
