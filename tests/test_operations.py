"""Migrations, backup, restore, doctor, and the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from app.community.models import PostFile
from app.core.config import ROOT, load_config
from app.core.database import Base
from app.core.errors import KhlangError
from app.office import Office
from app.operations import backup_office, examine, rehearse_restore, restore_office
from app.server import serve_office
from tests.conftest import config_for
from tests.indicators.reading import count
from tests.personas import WICHAI, article, group, load, opened, thread


def test_migrations_give_the_models_tables(office: Office):
    with office.database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_backup_restored_elsewhere_is_the_same_office(lite_office: Office, tmp_path: Path):
    load(lite_office, article("A"), opened("A", WICHAI, "2015-03-01T09:00:00+07:00"))
    file = tmp_path / "backup.zip"
    data = lite_office.config.data.parent
    lite_office.config = config_for(data, f"sqlite:///{data / 'khlang.db'}")
    backup_office(lite_office, file)
    assert "บุคลากร" in rehearse_restore(file)[0].text
    target = config_for(tmp_path / "new", f"sqlite:///{tmp_path / 'new' / 'khlang.db'}")
    restore_office(target, file)
    restored = Office(target)
    assert count(restored, "A5") == 1
    restored.close()
    with pytest.raises(KhlangError, match="มีฐานข้อมูลอยู่แล้ว"):
        restore_office(target, file)


def test_restore_beside_a_killed_servers_journal_is_the_backup(lite_office: Office, tmp_path: Path):
    data = lite_office.config.data.parent
    lite_office.config = config_for(data, f"sqlite:///{data / 'khlang.db'}")
    file = tmp_path / "backup.zip"
    backup_office(lite_office, file)
    load(lite_office, article("A"))
    target = tmp_path / "new"
    target.mkdir()
    for suffix in ("-wal", "-shm"):
        (target / f"khlang.db{suffix}").write_bytes((data / f"khlang.db{suffix}").read_bytes())
    config = config_for(target, f"sqlite:///{target / 'khlang.db'}")
    restore_office(config, file)
    restored = Office(config)
    with restored.session() as db:
        assert db.execute(text("select count(*) from article")).scalar() == 0
    restored.close()


def test_damaged_backup_is_refused(tmp_path: Path):
    file = tmp_path / "broken.zip"
    file.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(KhlangError, match="เปิดไฟล์สำรอง"):
        rehearse_restore(file)


def test_doctor_finds_a_missing_index_and_a_changed_ledger(lite_office: Office):
    load(lite_office, article("A"), opened("A", WICHAI, "2015-03-01T09:00:00+07:00"))
    assert any(not finding.good and "reindex" in finding.text for finding in examine(lite_office))
    lite_office.indexer.catch_up()
    assert all(finding.good for finding in examine(lite_office))
    with lite_office.session() as db:
        db.execute(text("update opened set recorded_on = '2015-01-01'"))
        db.commit()
    lite_office.chores()
    assert all(finding.good for finding in examine(lite_office))
    with lite_office.session() as db:
        db.execute(text("update opened set at = '2015-03-01 03:00:00'"))
        db.commit()
    assert next(f.text for f in examine(lite_office) if not f.good).startswith(
        "บัญชีการเปิดอ่านถูกแก้หลังปิดผนึก วันที่ 2015-01-01"
    )


def khlang(data: Path, *arguments: str, fails: bool = False, **environment: str) -> str:
    """Run the command line as a person would."""
    env = {**os.environ, "KHLANG_DATA": str(data), "KHLANG_TESTING": "1", "KHLANG_TODAY": "2015-09-30", **environment}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if fails else done.stdout


@pytest.mark.slow
def test_command_line_from_empty_folder_to_indicators(tmp_path: Path):
    data = tmp_path / "data"
    assert "khlang init" in khlang(data, "indicators", "--year", "2558", fails=True)
    assert "KHLANG_ADMIN_PASSWORD" in khlang(data, "init", fails=True)
    assert "สร้างผู้ดูแลระบบ" in khlang(data, "init", KHLANG_ADMIN_PASSWORD="ยาวพอสมควรแล้ว")
    assert "มีผู้ดูแลระบบอยู่แล้ว" in khlang(data, "init")
    lines = [
        {"type": "department", "code": "D1", "name": "กองคลัง"},
        {"type": "staff", "code": "S1", "name": "นายสมชาย ใจดี", "department": "D1", "start": "2010-01-01"},
        {"type": "staff", "code": "S2", "name": "นางมาลี แก้วใส", "department": "D1", "start": "2010-01-01"},
        article("A"),
        opened("A", "S2", "2015-03-01T09:00:00+07:00"),
    ]
    file = tmp_path / "office.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines), "utf-8")
    assert "access: เพิ่ม 1" in khlang(data, "import", str(file))
    assert "access: เพิ่ม 0 แก้ไข 0 ข้าม 1" in khlang(data, "import", str(file))
    shown = json.loads(khlang(data, "indicators", "--year", "2558", "--row", "A5", "--json"))
    assert (shown["year"], shown["as_of"], shown["rows"][0]["value"]) == (2558, "2015-09-30", 1)
    assert khlang(data, "indicators", "--year", "2558", "--csv").startswith("row,process,step")
    assert "ตรงกับบัญชี" in khlang(data, "recount", "--year", "2558")
    found = json.loads(khlang(data, "search", "เนื้อหา", "--json"))
    assert found["results"][0]["code"] == "A"
    assert khlang(data, "token", "create", "--staff", "S1", "--scope", "read").startswith("khl_")
    file.write_text('{"type": "staff", "code": "S9"}', "utf-8")
    assert "บรรทัด 1 ช่อง name" in khlang(data, "import", str(file), fails=True)
    khlang(data, "export", str(tmp_path / "out"))
    assert (tmp_path / "out" / "registers.jsonl").exists()
    khlang(data, "reindex")
    assert "ดี" in khlang(data, "doctor")
    khlang(data, "backup", str(tmp_path / "b.zip"))
    assert "คืนได้" in khlang(data, "rehearse-restore", str(tmp_path / "b.zip"))


def test_busy_port_is_said_in_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(KhlangError, match="พอร์ต"):
            serve_office("127.0.0.1", other.getsockname()[1], 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KHLANG_ROSTER_BASE", "some"),
        ("KHLANG_QUIZ_PASS_PERCENT", "0"),
        ("KHLANG_TRAFFIC_DAYS", "30"),
        ("KHLANG_MAX_UPLOAD_MB", "x"),
    ],
)
def test_settings_that_cannot_be_are_explained(name: str, value: str):
    with pytest.raises(KhlangError, match=name):
        load_config({name: value})


def test_today_is_fixed_only_for_tests():
    assert load_config({"KHLANG_TODAY": "2015-01-01"}).today == ""
    assert load_config({"KHLANG_TODAY": "2015-01-01", "KHLANG_TESTING": "1"}).today == "2015-01-01"


def test_doctor_misses_files_of_threads_and_meetings_too(lite_office: Office):
    load(lite_office, group(), thread())
    with lite_office.session() as db:
        db.add(PostFile(thread_id=1, post_id=0, name="แผนผัง.png", sha256="0" * 64, size=1, media_type="image/png"))
        db.commit()
    assert any("แผนผัง.png" in one.text for one in examine(lite_office) if not one.good)
