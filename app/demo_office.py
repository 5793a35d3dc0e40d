"""The demo office: invented people and a lived-in year, made as exchange records and imported like any office's own.

Content lies in `content/demo/` and `content/handbook/`; days are told within the plan year 2558 or the running year,
so the demo never grows old. The same numbers come out every time: chance is seeded.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.community import advice, meeting_commands, praise, talk
from app.community.queries import group_to_see
from app.core.config import CONTENT
from app.core.database import transaction
from app.core.fiscal_year import FiscalYear, be_fiscal_year
from app.core.thai import BANGKOK
from app.exchange.formats import check_line
from app.exchange.importing import import_records
from app.exchange.markdown_files import split_front_matter
from app.indicators.planning import load_plan
from app.knowledge import commands as knowledge
from app.knowledge import life
from app.knowledge.models import ArticleText, Category, Origin
from app.office import Office
from app.people import commands as people
from app.people.models import Role
from app.people.queries import staff_by_code
from app.people.rules import short_name
from app.viewing import load_viewer

DEMO = CONTENT / "demo"
PASSWORD = "khlang-demo-2558"
PLAN_YEAR = 2558
SECRETARY, RECORDER = "S002", "S003"
DEPARTMENTS = {
    "D01": "สำนักปลัดเทศบาล", "D02": "กองคลัง", "D03": "กองช่าง", "D04": "กองสาธารณสุขและสิ่งแวดล้อม", "D05": "กองการศึกษา",
}  # fmt: skip
EXTRA_ROLES: dict[str, list[str]] = {
    "S001": ["head", "executive"], "S013": ["head"], "S025": ["head"], "S037": ["head"], "S049": ["head"],
    "S002": ["secretary"], "S003": ["evaluator"], "S014": ["evaluator"], "S016": ["facilitator"],
    "S050": ["network"],
}  # fmt: skip
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126 Mobile Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

Record = dict[str, Any]


def demo_sign_ins() -> list[tuple[str, str, str]]:
    """(role, code, name) of one sign-in per role."""
    names = {one["code"]: one["name"] for one in _toml("staff-*.toml", "staff")}
    shown = [
        ("บุคลากร", "S007"), ("ผู้ดำเนินกลุ่ม (คุณอำนวย)", "S016"), ("หัวหน้าส่วนราชการ", "S025"),
        ("เลขานุการคณะทำงาน KM", SECRETARY), ("ผู้บริหาร (คุณเอื้อ)", "S001"), ("กรรมการติดตามและประเมินผล", "S014"),
        ("ผู้จัดการเครือข่าย (คุณประสาน)", "S050"),
    ]  # fmt: skip
    return [(role, code, names.get(code, "")) for role, code in shown] + [("ผู้ดูแลระบบ", "admin", "ผู้ดูแลระบบ")]


def _toml(pattern: str, table: str) -> list[Record]:
    found: list[Record] = []
    for path in sorted(DEMO.glob(pattern)):
        with path.open("rb") as file:
            found += tomllib.load(file)[table]
    return found


class Calendar:
    """Days of the plan year and of the running year up to today."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.plan = FiscalYear(PLAN_YEAR)
        self.current = FiscalYear(be_fiscal_year(today))
        self.elapsed = max((today - self.current.first_day).days, 1)

    def day(self, year: str, number: int) -> date:
        """Day `number` of a year; in the running year squeezed into the part gone by."""
        if year == "plan":
            return self.plan.day(min(number, 364))
        return self.current.day(min(number * self.elapsed // 365, self.elapsed - 1))


def _at(day: date, chance: random.Random) -> str:
    minutes = chance.choice((8, 9, 9, 10, 10, 11, 13, 13, 14, 15, 16, 19, 20)) * 60 + chance.randrange(60)
    instant = datetime.combine(day, time(minutes // 60, minutes % 60, chance.randrange(60)), BANGKOK)
    return instant.isoformat()


def _verified(day: date, recorder: str = RECORDER, verifier: str = SECRETARY) -> Record:
    at = datetime.combine(day + timedelta(days=2), time(15), BANGKOK).isoformat()
    return {
        "status": "verified",
        "recorded_by": recorder,
        "verified_by": verifier,
        "recorded_at": at,
        "verified_at": at,
    }


class Demo:
    """Makes all records of the demo office."""

    def __init__(self, today: date) -> None:
        self.calendar = Calendar(today)
        self.chance = random.Random(2558)
        self.records: list[Record] = []
        self.staff = _toml("staff-*.toml", "staff")
        self.names = {one["code"]: short_name(one["name"]) for one in self.staff}
        self.articles: list[Record] = []

    def add(self, kind: str, /, **fields: Any) -> None:
        """One record; fields that are None are left out."""
        kept = {name: value for name, value in fields.items() if value is not None}
        kept |= {name: value.isoformat() for name, value in kept.items() if isinstance(value, date)}
        self.records.append({"type": kind, **kept})

    def serving(self, day: date) -> list[str]:
        """Codes of staff who serve on a day."""
        iso = day.isoformat()
        return [s["code"] for s in self.staff if s["start"] <= iso and s.get("end", "9999") >= iso]

    def make(self) -> list[Record]:
        """Everything, in order of dependence."""
        self._people()
        self._trainings()
        self._talk()
        self._handbook()
        self._articles()
        self._human_records()
        self._shares_and_accesses()
        return self.records

    def _people(self) -> None:
        for code, name in DEPARTMENTS.items():
            self.add("department", code=code, name=name)
        facilitators = {code for group in _toml("groups.toml", "group") for code in group["facilitators"]}
        for one in self.staff:
            code = one["code"]
            roles = set(EXTRA_ROLES.get(code, [])) | ({"facilitator"} if code in facilitators else set())
            department = f"D{(int(code[1:]) - 1) // 12 + 1:02d}"
            self.add(
                "staff", code=code, name=one["name"], department=department, position=one["position"],
                employment=one["employment"], start=one["start"], end=one.get("end"), roles=sorted(roles),
                about=one.get("knows", ""),
            )  # fmt: skip
        teams = {
            "data": ["S003", "S015", "S027", "S039", "S051"], "curate": ["S002", "S014", "S026", "S038", "S050"],
            "channel": ["S010", "S011", "S022"], "compile": ["S006", "S018", "S030"], "evaluation": ["S003", "S014"],
        }  # fmt: skip
        for year in ("plan", "current"):
            span = self.calendar.plan if year == "plan" else self.calendar.current
            for number, (kind, members) in enumerate(teams.items(), 1):
                start = span.day(14 if year == "plan" else 0)
                present = [code for code in members if code in self.serving(start)]
                self.add(
                    "team", code=f"TM-{span.be_year}-{kind}", kind=kind, order_no=f"{20 + number}/{span.be_year}",
                    valid_from=start, valid_to=span.last_day, members=present,
                )  # fmt: skip

    def _trainings(self) -> None:
        for course in _toml("courses-*.toml", "training"):
            start = self.calendar.day(course["year"], course["start_day"])
            end = self.calendar.day(course["year"], course["start_day"] + course["days"] - 1)
            end = max(end, start)
            self.add(
                "training", code=course["code"], title=course["title"], kind=course["kind"],
                organizer=course["organizer"], place=course["place"], start=start, end=end, hours=course["hours"],
                inside=course["inside"], order_no=course["order_no"],
            )  # fmt: skip
            serving = set(self.serving(end))
            attendees = [code for code in course["attendees"] if code in serving]
            for number, code in enumerate(attendees):
                checked = {"status": "submitted", "recorded_by": RECORDER} if number == 6 else _verified(end)
                checked = _verified(end, "S006", RECORDER) if code == SECRETARY else checked
                checked = _verified(end, "S006", SECRETARY) if code == RECORDER else checked
                result = "not_done" if number == 9 else "done"
                self.add("training_attendance", training=course["code"], staff=code, result=result, **checked)
            if attendees and course["year"] == "plan" and int(course["code"][1:]) % 4 == 0:
                self.add(
                    "report", code=f"R-{course['code']}", training=course["code"], author=attendees[-1],
                    on=end + timedelta(days=9), **_verified(end, attendees[-1], "S014"),
                )  # fmt: skip

    def _talk(self) -> None:
        for group in _toml("groups.toml", "group"):
            founded = self.calendar.day(group["year"], group["day"])
            names = {name: group[name] for name in ("code", "name", "purpose", "visibility", "facilitators", "members")}
            self.add("group", **names, founded_on=founded)
        for thread in _toml("threads-*.toml", "thread"):
            day = self.calendar.day(thread["year"], thread["day"])
            self.add(
                "thread", code=thread["code"], group=thread["group"], author=thread["author"],
                title=thread["title"], body=self._named(thread["body"]), at=_at(day, self.chance),
            )  # fmt: skip
            last = day
            for post in thread.get("post", []):
                last = self._later(day, post["after_days"] or 1, last)
                self.add(
                    "post", thread=thread["code"], author=post["author"], body=self._named(post["body"]),
                    at=_at(last, self.chance),
                )  # fmt: skip
            if thread.get("summary"):
                self._lesson(thread, last)

    def _later(self, day: date, days: int, last: date) -> date:
        return min(max(day + timedelta(days=days), last + timedelta(days=1)), self.calendar.today - timedelta(days=1))

    def _named(self, text: str) -> str:
        return re.sub(r"@\{(S\d{3})\}", lambda found: "@" + self.names[found[1]], text).strip()

    def _lesson(self, thread: Record, last: date) -> None:
        on = last + timedelta(days=4)
        code = f"L-{thread['code']}"
        writers = sorted({thread["author"], *(post["author"] for post in thread.get("post", []))})
        secret = thread["group"] == "G06"
        group = thread["group"] if secret else None
        self._article(
            code=code, title="บทเรียนจากกลุ่ม: " + thread["title"], body=self._named(thread["summary"]),
            author=thread["author"], category="การจัดการความรู้", tags=["บทเรียนจากกลุ่ม"],
            visibility="group" if secret else "staff", group=group, on=on, thread=thread["code"],
            credited=[w for w in writers if w != thread["author"]],
        )  # fmt: skip
        checked = _verified(on, thread["author"], "S014" if thread["author"] != "S014" else SECRETARY)
        self.add("lesson", on=on, text=thread["title"], thread=thread["code"], article=code, **checked)

    def _article(self, on: date, **fields: Any) -> None:
        self.articles.append({**fields, "on": on})
        self.add("article", state="published", first_published_on=on, **fields)

    def _handbook(self) -> None:
        for number, path in enumerate(sorted((CONTENT / "handbook").glob("*.md"))):
            file = split_front_matter(path)
            self._article(
                code=file.front["code"], title=file.front["title"], body=file.body, author=SECRETARY,
                category=file.front["category"], tags=file.front["tags"], visibility="public",
                on=self.calendar.plan.day(15 + number * 3), review_approved_on=self.calendar.plan.day(40),
                review_approved_by="S014",
            )  # fmt: skip

    def _articles(self) -> None:
        for number, path in enumerate(sorted((DEMO / "articles").glob("*.md"))):
            file = split_front_matter(path)
            front = dict(file.front)
            on = self.calendar.day(front.pop("year"), front.pop("day"))
            approved = (
                on + timedelta(days=12) if number % 6 == 0 and on + timedelta(days=12) < self.calendar.today else None
            )
            reviewer = "S014" if front["author"] != "S014" else SECRETARY
            self._article(
                body=file.body, on=on, **front, review_approved_on=approved,
                review_approved_by=reviewer if approved else None,
            )  # fmt: skip
            if number % 11 == 3 and on.year < 2016:
                later = min(on + timedelta(days=40), self.calendar.plan.last_day)
                editor = "S026" if number % 2 else front["author"]
                self.add(
                    "revision", article=front["code"], editor=editor, at=_at(later, self.chance), minor=False,
                    approved=True, summary="ปรับถ้อยคำให้ตรงกับแบบฟอร์มที่ใช้อยู่",
                    body=file.body.rstrip() + "\n\n> ปรับปรุงตามที่ผู้ใช้แบบฟอร์มแจ้งมา ตรวจกับระเบียบฉบับล่าสุดก่อนใช้\n",
                )  # fmt: skip

    def _human_records(self) -> None:
        for year in ("plan", "current"):
            self._meetings(year)
            self._logs(year)
            self._quizzes(year)
        plan = self.calendar.plan
        self.add("evaluation", code="EV-2558", year=PLAN_YEAR, submitted_on=plan.last_day + timedelta(days=51))
        for number, article in enumerate(self.articles[10:60:8]):
            on = min(article["on"] + timedelta(days=30), self.calendar.today - timedelta(days=3))
            who = self.chance.choice([code for code in self.serving(on) if code != article["author"]])
            status = {"status": "submitted", "recorded_by": who} if number == 2 else _verified(on, who, "S014")
            if who == "S014":
                status = _verified(on, who, SECRETARY)
            note = "ใช้เป็นแนวทางสอนเพื่อนในงาน และปรับแบบฟอร์มของเราให้ตรงกัน ทำงานเร็วขึ้นและแก้น้อยลง"
            self.add("application", article=article["code"], staff=who, on=on, note=note, **status)
        self.add("award", staff="S016", on=plan.day(350), reason="ผู้ดำเนินกลุ่มที่ตอบคำถามเพื่อนครบทุกกระทู้ตลอดปี")
        self.add("award", staff="S038", on=plan.day(350), reason="บทความที่เพื่อนนำไปใช้มากที่สุดของปี", article="D04-03")

    def _meetings(self, year: str) -> None:
        minutes = (
            "วาระที่ ๑ เล่าเรื่องจากงาน วาระที่ ๒ ข้อสรุปที่นำไปใช้ได้\n\nที่ประชุมแลกเปลี่ยนวิธีทำงานจริง "
            "ตกลงให้ผู้ดำเนินกลุ่มสรุปเป็นบทความ และนัดติดตามผลในครั้งหน้า"
        )
        planned = [
            ("M1", "ประชุมแลกเปลี่ยนความรู้ ครั้งที่ ๑: ซื้อจ้างอย่างไรให้ถูกและทัน", "exchange", 60, "G01", "verified"),
            ("M2", "ประชุมแลกเปลี่ยนความรู้ ครั้งที่ ๒: บทเรียนน้ำท่วมซอยวัด", "exchange", 130, None, "verified"),
            ("M3", "ประชุมแลกเปลี่ยนความรู้ ครั้งที่ ๓: พูดกับประชาชนอย่างไรให้เข้าใจ", "exchange", 200, "G02", "submitted"),
            ("M4", "เปิดเวทีคุณเอื้อพบคุณกิจ", "climate", 45, None, "verified"),
            ("M5", "ประชุมเสริมสร้างบรรยากาศการจัดการความรู้", "climate", 180, None, "verified"),
        ]  # fmt: skip
        for code, title, purpose, number, group, status in planned:
            on = self.calendar.day(year, number)
            present = sorted(self.chance.sample(self.serving(on), 12))
            checked = (
                _verified(on, "S006", SECRETARY)
                if status == "verified"
                else {"status": "submitted", "recorded_by": "S006"}
            )
            be_year = be_fiscal_year(on)
            self.add(
                "meeting", code=f"{code}-{be_year}", title=title, purpose=purpose, group=group, on=on,
                minutes=minutes, attendees=present, **checked,
            )  # fmt: skip
        for number, title in ((50, "ตลาดนัดความรู้ ครั้งที่ ๑"), (190, "นายกเทศมนตรีร่วมวงเล่าเรื่องและให้กำลังใจ")):
            on = self.calendar.day(year, number)
            self.add(
                "activity",
                code=f"AC-{be_fiscal_year(on)}-{number}",
                kind="climate",
                on=on,
                title=title,
                **_verified(on),
            )

    def _logs(self, year: str) -> None:
        span = self.calendar.plan if year == "plan" else self.calendar.current
        for number, day in enumerate((70, 160, 250, 330)):
            on = self.calendar.day(year, day)
            if on < span.day(15) and year == "plan":
                continue
            team = f"TM-{span.be_year}-"
            self.add(
                "check_round", team=team + "data", on=on, **_verified(on),
                result="ตรวจข้อมูลหน้าเว็บและบอร์ดครบทุกส่วนราชการ พบข้อมูลเก่า ๓ รายการ แจ้งเจ้าของเรื่องแก้ไขแล้ว",
            )  # fmt: skip
            channel = ("web", "board", "info_center", "web")[number]
            self.add(
                "care_log", team=team + "channel", channel=channel, on=on, what="ปรับข้อมูลให้เป็นปัจจุบันและตอบคำถามที่ค้าง",
                **_verified(on),
            )  # fmt: skip
            if number < 2:
                self.add(
                    "improvement", channel=channel, on=on, before="ค้นเรื่องเก่าไม่พบ ต้องโทรถาม",
                    after="จัดหมวดหมู่ใหม่และมีช่องค้นหาหน้าแรก", why="ผู้มาติดต่อถามเรื่องเดิมซ้ำทุกสัปดาห์", **_verified(on),
                )  # fmt: skip
                self.add(
                    "compilation", team=team + "compile", edition=f"{number + 1}/{span.be_year}",
                    title="รวมบทความน่ารู้จากทุกกอง", on=on, **_verified(on),
                )  # fmt: skip
            self.add(
                "visit", code=f"V-{span.be_year}-{number + 1}", channel=("info_center", "board")[number % 2], on=on,
                persons=(4, 7, 3, 9)[number], **_verified(on, "S010", SECRETARY),
            )  # fmt: skip

    def _quizzes(self, year: str) -> None:
        span = self.calendar.plan if year == "plan" else self.calendar.current
        share = 0.62 if year == "plan" else 0.22
        for code in self.serving(self.calendar.day(year, 60)):
            if self.chance.random() < share:
                on = self.calendar.day(year, self.chance.randrange(20, 200))
                self.add("acknowledgement", staff=code, year=span.be_year, on=on)
            if self.chance.random() < share - 0.18:
                on = self.calendar.day(year, self.chance.randrange(60, 300))
                self.add(
                    "quiz_attempt", staff=code, set="understand", on=on, score=self.chance.randrange(4, 11), max=10
                )
            if self.chance.random() < share - 0.3:
                on = self.calendar.day(year, self.chance.randrange(60, 300))
                self.add(
                    "quiz_attempt", staff=code, set="principles", on=on, score=self.chance.randrange(4, 11), max=10
                )

    def _shares_and_accesses(self) -> None:
        targets = [
            ("group", "G01"),
            ("group", "G02"),
            ("department", "D03"),
            ("department", "D05"),
            ("line", ""),
            ("link", ""),
        ]
        for number, article in enumerate(self.articles):
            if article["visibility"] == "group":
                continue
            share = None
            if number % 7 == 2:
                channel, target = targets[number // 7 % len(targets)]
                share = f"SH-{number}"
                self.add(
                    "share", code=share, article=article["code"], sharer=article["author"], channel=channel,
                    target=target, at=_at(article["on"], self.chance),
                )  # fmt: skip
            self._readings(article, share)

    def _readings(self, article: Record, share: str | None) -> None:
        until = self.calendar.plan.last_day if article["on"] <= self.calendar.plan.last_day else self.calendar.today
        days = max((until - article["on"]).days, 1)
        for _ in range(self.chance.randrange(12, 46)):
            day = min(article["on"] + timedelta(days=int(days * self.chance.random() ** 2)), until)
            self._read(article, day, share)
        if article["on"] < self.calendar.plan.last_day:
            for _ in range(self.chance.randrange(0, 9)):
                self._read(article, self.calendar.day("current", self.chance.randrange(365)), None)

    def _read(self, article: Record, day: date, share: str | None) -> None:
        at = _at(day, self.chance)
        kind = self.chance.random()
        fields: Record = {"article": article["code"], "at": at, "channel": "web", "user_agent": PHONE}
        if kind < 0.08:
            fields |= {"guest": f"crawler-{self.chance.randrange(9)}", "user_agent": CRAWLER}
        elif kind < 0.42 and article["visibility"] == "public":
            fields["guest"] = f"phone-{self.chance.randrange(400)}"
        else:
            fields["staff"] = self.chance.choice(self.serving(day))
            if share and kind > 0.8:
                fields |= {"share": share, "channel": "share"}
        self.add("access", **fields)


def build_demo(office: Office, progress: Callable[[int], None]) -> None:
    """Fill an empty office. One import, then passwords of the sign-ins shown."""
    demo = Demo(office.clock.today())
    records = [check_line(number, record) for number, record in enumerate(demo.make(), 1)]
    with office.session() as db, transaction(db):
        import_records(db, office.desk(db), records, office.clock.now(), progress=progress)
        load_plan(db, CONTENT / "plans" / f"{PLAN_YEAR}.toml", be_fiscal_year(office.clock.today()))
        people.add_account(db, "admin", "ผู้ดูแลระบบ", (Role.ADMIN,), PASSWORD)
        for _, code, _ in demo_sign_ins():
            people.set_password(db, staff_by_code(db, code), PASSWORD, must_change=False)
        _live_acts(office, db)


def _live_acts(office: Office, db: Session) -> None:
    """What is under way today: two checked categories, a text in review, comments, and a request to read."""
    now, desk = office.clock.now(), office.desk(db)
    for name, policy in (("กฎหมายและระเบียบ", "two"), ("การเงินการคลังและพัสดุ", "one")):
        db.execute(update(Category).where(Category.name == name).values(policy=policy))
    writer, reader, head, secretary = (
        load_viewer(db, staff_by_code(db, code), office.clock.today()) for code in ("S007", "S016", "S025", SECRETARY)
    )
    text = ArticleText(
        title="สรุปขั้นตอนเบิกค่าใช้จ่ายเดินทางไปราชการ ฉบับถือไปอบรม", category="การเงินการคลังและพัสดุ",
        body=(
            "## ใช้เมื่อใด\n\nเมื่อได้รับอนุมัติให้เดินทางไปอบรมหรือประชุมนอกสถานที่\n\n## ขั้นตอน\n\n"
            "1. ขออนุมัติเดินทางก่อนวันไป แนบหนังสือเชิญ\n2. เก็บใบเสร็จค่าที่พักทุกใบ\n3. ส่งเอกสารภายในเวลาที่งานการเงินกำหนด\n\n"
            "## จุดที่มักผิดพลาด\n\nลืมเขียนเวลาออกและเวลากลับ ทำให้คิดเบี้ยเลี้ยงไม่ได้"
        ),
        tags=("การเดินทาง", "เบิกจ่าย"), template="procedure",
    )  # fmt: skip
    knowledge.create_article(db, desk, writer, text, Origin(), now, publish=True)
    life.comment(db, desk, reader, "D01-02", "ลองใช้กับงานของกองแล้วครับ ขอแบบฟอร์มที่แก้ไขได้ด้วยครับ", now)
    life.comment(db, desk, secretary, "D01-02", "แนบแบบฟอร์มไว้ท้ายเรื่องแล้วค่ะ ", now)
    chosen = {number for number, _ in life.people_to_ask(db, head, office.clock.today())[:4]}
    life.ask_to_read(db, head, "D01-02", chosen, office.clock.today() + timedelta(days=7), None, now)
    _people_at_work(office, db)


def _people_at_work(office: Office, db: Session) -> None:
    """A meeting of today, a poll, a question that waits, thanks, a nomination and a request for advice."""
    now, today, desk = office.clock.now(), office.clock.today(), office.desk(db)
    facilitator, member, head = (load_viewer(db, staff_by_code(db, code), today) for code in ("S016", "S007", "S025"))
    group = group_to_see(db, facilitator, "G01")
    meeting_commands.plan_meeting(
        db, facilitator,
        meeting_commands.NewMeeting(
            title="แลกเปลี่ยนหลังอบรม: อะไรใช้ได้จริงในงานของเรา", purpose="exchange", kind="dialogue", on=today,
            group_id=group.id, place="ห้องประชุมเล็ก ชั้น ๒", starts_at=datetime.combine(today, time(13, 30), BANGKOK),
            agenda="เล่าคนละห้านาที ไม่ขัดกัน\nเลือกหนึ่งเรื่องที่อยากลองทำพร้อมกัน\nใครรับอะไรไปทำ",
        ),
        now,
    )  # fmt: skip
    poll = talk.Opening(
        "นัดคุยครั้งหน้าวันไหนดี", "ขอเสียงส่วนใหญ่ ใครติดเวรบอกได้เลย", options=("บ่ายวันพุธ", "เช้าวันศุกร์", "เที่ยงวันพฤหัส กินข้าวไปคุยไป"),
        closes_on=today + timedelta(days=7),
    )  # fmt: skip
    talk.start_thread(db, desk, facilitator, group, poll, now)
    to = staff_by_code(db, "S016")
    praise.praise(db, member, "thanks", to.code, "อยู่ช่วยดูเอกสารตรวจรับจนเสร็จ ทั้งที่ไม่ใช่งานของตัวเอง", "", now)
    praise.praise(db, head, "nomination", "S007", "เขียนบทความหลังอบรมภายในสามวัน และเพื่อนสองกองนำไปใช้แล้ว", "", now)
    advice.ask_advice(db, member, to, "ใบตรวจรับงานจ้างแบบใหม่", "ช่องผู้ควบคุมงานต้องลงชื่อทุกแผ่นหรือเฉพาะแผ่นสุดท้ายครับ", now)
