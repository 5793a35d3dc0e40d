"""The counting contract once more, by brute force over exchange records: no line of the product's code.

Written from the contract's text alone, slowly and plainly. `count_rows(records, year, as_of, today)` gives, for each row
of the plan of 2558, the set of what it counts and the denominator.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

BANGKOK = timezone(timedelta(hours=7))
ROBOTS = ("googlebot", "bingbot", "facebookexternalhit", "crawler", "spider")


def day_of(text: str) -> date:
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def bangkok(text: str) -> date:
    return instant(text).astimezone(BANGKOK).date()


def fiscal_year(day: date) -> int:
    return day.year + 543 + (day.month >= 10)


class Office:
    """Records by type, and the questions every row asks."""

    def __init__(self, records: list[dict], year: int, as_of: date, today: date) -> None:
        self.year = year
        self.first, last = date(year - 544, 10, 1), date(year - 543, 9, 30)
        self.as_of = min(as_of, last)
        self.known = max(today, last) if self.as_of == last else self.as_of
        unique = []
        for record in records:
            if record not in unique:
                unique.append(record)
        self.by_type: dict[str, list[dict]] = {}
        for record in unique:
            self.by_type.setdefault(record["type"], []).append(record)

    def all(self, kind: str) -> list[dict]:
        return self.by_type.get(kind, [])

    def one(self, kind: str, code: str) -> dict:
        return next(record for record in self.all(kind) if record["code"] == code)

    def within(self, day: str) -> bool:
        return self.first <= day_of(day) <= self.as_of

    def verified(self, kind: str) -> list[dict]:
        return [record for record in self.all(kind) if record.get("status") == "verified"]

    def roster(self) -> set[str]:
        return {
            one["code"]
            for one in self.all("staff")
            if day_of(one["start"]) <= self.as_of and (one.get("end") is None or day_of(one["end"]) >= self.as_of)
        }

    def appointed(self, code: str, kind: str, day: str) -> bool:
        team = self.one("team", code)
        until = team.get("valid_to")
        return team["kind"] == kind and team["valid_from"] <= day and (until is None or day <= until)

    def articles_out(self) -> list[dict]:
        return [one for one in self.all("article") if one["state"] != "draft"]

    # --- accesses ---------------------------------------------------------------------------------------------------

    def counted_accesses(self) -> list[dict]:
        """Accesses that stand, each with `day` and `person`."""
        left: dict[tuple[str, str], list[dict]] = {}
        for access in self.all("access"):
            if self.stands(access):
                day = bangkok(access["at"])
                # A guest is somebody else on another day: the key is renewed daily.
                person = access.get("staff") or f"guest {access['guest']} {day}"
                kept = {**access, "day": day, "person": person}
                left.setdefault((access["article"], person), []).append(kept)
        counted = []
        for openings in left.values():
            openings.sort(key=lambda one: instant(one["at"]))
            for number, one in enumerate(openings):
                following = openings[number + 1] if number + 1 < len(openings) else None
                if following is None or instant(following["at"]) - instant(one["at"]) > timedelta(seconds=30):
                    counted.append(one)
        return counted

    def stands(self, access: dict) -> bool:
        article = self.one("article", access["article"])
        agent = access.get("user_agent", "").lower()
        if access.get("status_code", 200) not in (200, 304) or any(robot in agent for robot in ROBOTS):
            return False
        if article["state"] == "draft" or bangkok(access["at"]) < day_of(article["first_published_on"]):
            return False
        if access.get("staff") is None and article["visibility"] != "public":
            return False
        if access.get("staff") == article["author"]:
            return False
        edits = [one for one in self.all("revision") if one["article"] == article["code"]]
        for edit in edits:
            gap = instant(access["at"]) - instant(edit["at"])
            if edit["editor"] == access.get("staff") and timedelta() <= gap <= timedelta(minutes=10):
                return False
        return True

    # --- rows -------------------------------------------------------------------------------------------------------

    def trained(self, kinds: tuple[str, ...] | None) -> set:
        found = set()
        for one in self.verified("training_attendance"):
            training = self.one("training", one["training"])
            done = one["result"] == "done" and self.within(training["end"]) and one["staff"] in self.roster()
            if done and (kinds is None or training["kind"] in kinds):
                found.add(one["staff"])
        return found

    def usable(self) -> set:
        found = set()
        for one in self.all("article"):
            if one["state"] != "published" or day_of(one["first_published_on"]) > self.as_of or not one.get("category"):
                continue
            if one.get("review_due_on") and day_of(one["review_due_on"]) < self.as_of:
                continue
            approved = bool(one.get("review_approved_on")) and self.within(one["review_approved_on"])
            applied = any(
                use["article"] == one["code"] and use["staff"] != one["author"] and self.within(use["on"])
                for use in self.verified("application")
            )
            if approved or applied:
                found.add(one["code"])
        return found

    def improved(self) -> set:
        found = set()
        for edit in self.all("revision"):
            article = self.one("article", edit["article"])
            day = bangkok(edit["at"])
            if article["state"] == "draft" or not edit["approved"] or edit["minor"]:
                continue
            later = day > day_of(article["first_published_on"])
            if self.first <= day <= self.as_of and (later or edit["editor"] != article["author"]):
                found.add(article["code"])
        return found

    def curated(self) -> set:
        found = set()
        for edit in self.all("revision"):
            article, day = self.one("article", edit["article"]), bangkok(edit["at"])
            if article["state"] == "draft" or not edit["approved"] or edit["minor"]:
                continue
            for team in self.all("team"):
                appointed = self.appointed(team["code"], "curate", day.isoformat())
                if edit["editor"] in team["members"] and appointed and self.first <= day <= self.as_of:
                    found.add(article["code"])
        return found

    def accesses(self) -> set:
        found: set = {
            (one["day"], one["person"], one["article"])
            for one in self.counted_accesses()
            if self.first <= one["day"] <= self.as_of
        }
        for visit in self.verified("visit"):
            if self.within(visit["on"]):
                found |= {("visit", visit["code"], n) for n in range(visit["persons"])}
        return found

    def meetings(self, purpose: str, people: int) -> set:
        return {
            ("meeting", one["code"])
            for one in self.verified("meeting")
            if one["purpose"] == purpose and self.within(one["on"]) and one.get("minutes", "").strip()
            and len(set(one["attendees"])) >= people
        }  # fmt: skip

    def shares(self) -> set:
        found = set()
        for share in self.all("share"):
            made = bangkok(share["at"])
            if share["channel"] not in ("group", "department") or not self.first <= made <= self.as_of:
                continue
            for one in self.counted_accesses():
                by_another = one.get("staff") != share["sharer"]
                same_year = fiscal_year(one["day"]) == fiscal_year(made)
                if one.get("share") == share["code"] and by_another and same_year and one["day"] <= self.as_of:
                    found.add(("share", share["article"], share.get("target", "")))
        return found

    def exchanged(self) -> set:
        found = self.meetings("exchange", 2) | self.shares()
        for report in self.verified("report"):
            if self.within(report["on"]):
                found.add((report["training"], report["author"]))
        for one in self.articles_out():
            if one.get("training") and self.within(one["first_published_on"]):
                found.add((one["training"], one["author"]))
        return found

    def learned(self) -> set:
        found: set = {
            one["code"]
            for one in self.articles_out()
            if self.within(one["first_published_on"]) and not one.get("thread") and not one.get("meeting")
        }
        return found | {
            (use["article"], use["staff"]) for use in self.verified("application") if self.within(use["on"])
        }

    def lessons(self) -> set:
        found = set()
        for one in self.verified("lesson"):
            if self.within(one["on"]):
                what = next(name for name in ("article", "thread", "meeting") if one.get(name))
                found.add((what, one[what]))
        return found

    def passed(self, quiz: str) -> set:
        return {
            one["staff"]
            for one in self.all("quiz_attempt")
            if one["set"] == quiz and self.within(one["on"]) and one["score"] * 100 >= one["max"] * 60
            and one["staff"] in self.roster()
        }  # fmt: skip

    def evaluations(self) -> set:
        last = date(self.year - 543, 9, 30) + timedelta(days=120)
        return {
            one["code"]
            for one in self.verified("evaluation")
            if one["year"] == self.year and self.first <= day_of(one["submitted_on"]) <= min(last, self.known)
        }

    def rows(self) -> dict[str, set]:
        within = self.within
        return {
            "A1": self.trained(None), "A2": self.trained(("อบรม", "สัมมนา", "ศึกษาดูงาน", "ศึกษาต่อ")), "A3": self.usable(),
            "A4": self.improved(), "A5": self.accesses(), "A6": self.exchanged(), "A7": self.learned(),
            "B1": {one["code"] for one in self.verified("activity") if one["kind"] == "climate" and within(one["on"])},
            "B2": self.meetings("climate", 3),
            "B3": {
                (one["team"], one["on"]) for one in self.verified("check_round")
                if within(one["on"]) and one["result"].strip() and self.appointed(one["team"], "data", one["on"])
            },
            "B4": self.curated(),
            "B5": {
                (one["on"], one["channel"]) for one in self.verified("care_log")
                if within(one["on"]) and self.appointed(one["team"], "channel", one["on"])
            },
            "B6": {
                one["edition"] for one in self.verified("compilation")
                if within(one["on"]) and self.appointed(one["team"], "compile", one["on"])
            },
            "B7": self.lessons(),
            "C1": {
                one["staff"] for one in self.all("acknowledgement")
                if one["year"] == self.year and within(one["on"]) and one["staff"] in self.roster()
            },
            "C2": self.passed("understand"),
            "C3": {(one["on"], one["channel"]) for one in self.verified("improvement") if within(one["on"])},
            "C4": self.passed("principles"), "C5": self.evaluations(), "C6": self.passed("understand"),
        }  # fmt: skip


def count_rows(records: list[dict], year: int, as_of: date, today: date) -> dict[str, tuple[int, int]]:
    """Row -> (how many it counts, how many people are on the roster)."""
    office = Office(records, year, as_of, today)
    return {row: (len(keys), len(office.roster())) for row, keys in office.rows().items()}


def accesses_of_department(records: list[dict], year: int, as_of: date, today: date, department: str) -> int:
    """Row A5 of one department: accesses by people who serve there on the day."""
    office = Office(records, year, as_of, today)
    serves = {one["code"]: one for one in office.all("staff")}
    found = 0
    for key in office.accesses():
        one = serves.get(key[1]) if isinstance(key[0], date) else None
        if one is None or one["department"] != department or day_of(one["start"]) > key[0]:
            continue
        found += one.get("end") is None or day_of(one["end"]) >= key[0]
    return found
