"""Eight processes record at once and no count is lost."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.activity import recounting
from app.activity.models import AccessCount, AccessDay, AccessMonth, Opened
from app.core.config import ROOT
from app.office import Office
from tests.personas import article, load, staff

PROCESSES, OPENS = 8, 200

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from app.activity.commands import Opening
from app.activity.models import OpenedFacts
from app.activity.recorder import PATIENCE_MS, Recorder
from app.core.database import make_engine
from pathlib import Path
url, spool, first, many = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
recorder = Recorder(make_engine(url, PATIENCE_MS), spool)
start = datetime(2015, 3, 1, 1, tzinfo=UTC)
for number in range(many):
    guest = "g%024x" % (first * 1000 + number)
    facts = OpenedFacts(at=start + timedelta(seconds=number))
    recorder.record(Opening(1, None, guest, "web", facts, "", "10.0.0.1", "Chrome"), start.date())
    if number % 10 == 0:
        recorder.record(Opening(1, 3, "", "web", facts), start.date())
"""


@pytest.mark.slow
def test_eight_processes_of_two_hundred_readers_lose_none(office: Office, database_url: str, tmp_path: Path):
    load(office, article("A"), staff("X", "นายอื่น ไกล"))
    spool = tmp_path / "spool.jsonl"
    office.recorder.spool = spool
    command = [sys.executable, "-c", WRITER, database_url, str(spool)]
    writers = [subprocess.Popen([*command, str(n), str(OPENS)], cwd=ROOT) for n in range(PROCESSES)]
    assert [writer.wait(timeout=180) for writer in writers] == [0] * PROCESSES
    office.recorder.drain_spool(office.clock.today)
    with office.session() as db:
        # 1,600 guests once each; one person 160 times, never more than ten seconds after the last: one of them stands.
        assert db.scalar(select(func.count()).select_from(Opened)) == 1760
        assert db.scalar(select(func.count()).select_from(AccessDay)) == 1601
        for sums in (AccessCount, AccessMonth):
            assert db.execute(select(func.sum(sums.accesses), func.sum(sums.excluded))).one() == (1601, 159)
        assert recounting.differences(db, date(2014, 10, 1), date(2015, 9, 30)) == []
