"""Backup, restore and the doctor: simple and honest."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import func, select, text, union_all

from app.activity.queries import broken_seals
from app.community.models import MeetingPicture, PostFile
from app.core.config import Config, load_config
from app.core.errors import KhlangError
from app.core.guard import attempt
from app.core.migrating import newest_revision, revision_of
from app.core.outbox import count_waiting
from app.core.signing import ACTS_FILE, KEY_FILE
from app.indicators import closing
from app.knowledge.models import Attachment
from app.office import Office
from app.people.models import Staff
from app.search.documents import OUTBOX_KIND

LOW_DISK_MB = 500


@dataclass(frozen=True)
class Finding:
    """One result of an examination, with what to do when it is not good."""

    good: bool
    text: str


def _is_sqlite(config: Config) -> bool:
    return config.database_url.startswith("sqlite")


def _database_path(config: Config) -> Path:
    return Path(config.database_url.removeprefix("sqlite:///"))


def backup_office(office: Office, file: Path) -> None:
    """One zip with a consistent copy of the database, the attachments and a manifest of checksums.

    Holds no cookie key, but the key that signs results: without it closed years could not be proved. Raises KhlangError for PostgreSQL, whose own tools do this better.
    """
    if not _is_sqlite(office.config):
        raise KhlangError("ฐานข้อมูล PostgreSQL โปรดสำรองด้วย pg_dump และสำรองโฟลเดอร์ attachments แยกต่างหาก")
    with tempfile.TemporaryDirectory(dir=office.config.data) as temporary:
        copy = Path(temporary) / "khlang.db"
        source = sqlite3.connect(_database_path(office.config))
        target = sqlite3.connect(copy)
        with source, target:
            source.backup(target)
        source.close()
        target.execute("pragma journal_mode=delete")
        target.close()
        files = {"khlang.db": copy}
        attachments = office.config.data / "attachments"
        files |= {
            f"attachments/{p.parent.name}/{p.name}": p for p in sorted(attachments.glob("??/*")) if len(p.name) == 64
        }
        signing = (KEY_FILE, ACTS_FILE)
        files |= {name: office.config.data / name for name in signing if (office.config.data / name).exists()}
        manifest = {
            "revision": revision_of(office.database),
            "sha256": {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()},
        }
        partial = file.with_name(file.name + ".partial")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("manifest.json", json.dumps(manifest, indent=1))
            for name, path in files.items():
                archive.write(path, name)
        partial.replace(file)


def restore_office(config: Config, file: Path) -> None:
    """Put a backup into an empty data folder. Raises KhlangError when it is damaged, newer, or the folder is in use."""
    if not _is_sqlite(config):
        raise KhlangError("คืนข้อมูลลง PostgreSQL โปรดใช้ pg_restore")
    if _database_path(config).exists():
        raise KhlangError(f"โฟลเดอร์ {config.data} มีฐานข้อมูลอยู่แล้ว ย้ายออกก่อน หรือกำหนด KHLANG_DATA เป็นโฟลเดอร์ใหม่")
    config.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=config.data) as temporary:
        folder = Path(temporary)
        _unpack(file, folder)
        if (folder / "attachments").exists():
            shutil.copytree(folder / "attachments", config.data / "attachments", dirs_exist_ok=True)
        for name in (KEY_FILE, ACTS_FILE):
            if (folder / name).exists():
                shutil.copyfile(folder / name, config.data / name)
                (config.data / name).chmod(0o600)
        # A journal left by a server that was killed would be replayed into the restored file.
        for leftover in ("-wal", "-shm"):
            Path(f"{_database_path(config)}{leftover}").unlink(missing_ok=True)
        (folder / "khlang.db").replace(_database_path(config))
    if config.index.exists():
        (config.index / "CURRENT").unlink(missing_ok=True)


def _unpack(file: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = json.loads(archive.read("manifest.json"))
            for name, digest in manifest["sha256"].items():
                target = (folder / name).resolve()
                if not target.is_relative_to(folder.resolve()):
                    raise KhlangError("ไฟล์สำรองนี้มีที่อยู่ไฟล์ผิดปกติ จึงไม่คืนข้อมูล")
                content = archive.read(name)
                if hashlib.sha256(content).hexdigest() != digest:
                    raise KhlangError(f"ไฟล์สำรองเสียหาย: {name} ไม่ตรงกับลายนิ้วมือที่บันทึกไว้")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise KhlangError(f"เปิดไฟล์สำรอง {file} ไม่ได้ หรือไม่ใช่ไฟล์สำรองของคลังความรู้") from error
    if manifest["revision"] > newest_revision():
        raise KhlangError("ไฟล์สำรองนี้มาจากโปรแกรมรุ่นใหม่กว่า โปรดปรับรุ่นโปรแกรมก่อนคืนข้อมูล")


def rehearse_restore(file: Path) -> list[Finding]:
    """Restore into a temporary folder and examine the result. Raises KhlangError when it would fail."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "data"
        url = f"sqlite:///{data / 'khlang.db'}"
        config = load_config({"KHLANG_DATA": str(data), "KHLANG_DATABASE_URL": url, "KHLANG_SECRET_KEY": "rehearsal"})
        restore_office(config, file)
        office = Office(replace(config))
        try:
            with office.session() as db:
                check = db.execute(text("pragma integrity_check")).scalar()
                people = db.scalar(select(func.count()).select_from(Staff)) or 0
            if check != "ok":
                raise KhlangError("ฐานข้อมูลในไฟล์สำรองเสียหาย")
        finally:
            office.close()
    return [Finding(True, f"ฐานข้อมูลสมบูรณ์ บุคลากรและบัญชี {people:,} รายการ")]


def examine(office: Office) -> list[Finding]:
    """Everything the doctor looks at. Reads the whole sealed ledger."""
    at, wanted = revision_of(office.database), newest_revision()
    if at != wanted:
        return [Finding(False, "ฐานข้อมูลยังไม่ใช่รุ่นนี้: รัน khlang init")]
    findings = [Finding(True, f"ฐานข้อมูลเป็นรุ่น {at}")]
    free = shutil.disk_usage(office.config.data).free // 1024 // 1024
    findings.append(
        Finding(free >= LOW_DISK_MB, f"ที่ว่างบนดิสก์ {free:,} MB" + ("" if free >= LOW_DISK_MB else ": ล้างหรือเพิ่มดิสก์"))
    )
    findings += [
        _index(office),
        _ledger(office),
        *_closed_years(office),
        _attachments(office),
        _first_passwords(office),
    ]
    return findings


def _index(office: Office) -> Finding:
    if office.engine.build_name() is None:
        return Finding(False, "ไม่มีดัชนีค้นหา: รัน khlang reindex หรือเริ่มให้บริการแล้วรอสักครู่")
    with office.session() as db:
        waiting = count_waiting(db, OUTBOX_KIND)
    wrong = attempt("index check", lambda: len(office.indexer.missing_keys()), lambda: -1)
    if wrong > waiting or wrong < 0:
        return Finding(False, f"ดัชนีค้นหาไม่ตรงกับฐานข้อมูล {max(wrong, 0):,} เรื่อง: รัน khlang reindex")
    return Finding(True, f"ดัชนีค้นหาตรงกับฐานข้อมูล รอทำดัชนี {waiting:,} รายการ")


def _ledger(office: Office) -> Finding:
    with office.session() as db:
        broken = [day.isoformat() for day in broken_seals(db)]
    if broken:
        return Finding(False, f"บัญชีการเปิดอ่านถูกแก้หลังปิดผนึก วันที่ {', '.join(broken[:10])}: เทียบกับไฟล์สำรอง")
    return Finding(True, "บัญชีการเปิดอ่านตรงกับผนึกรายวันทุกวัน")


def _closed_years(office: Office) -> list[Finding]:
    """Every closed year read again and compared with what was signed."""
    findings = []
    with office.session() as db:
        signed = {int(line.split(" ")[0]) for line in office.signer.noted()}
        for year in sorted(signed.union(closing.closed_years(db))):
            problems = closing.problems_of(db, office.config, office.signer, year, office.clock.today())
            told = f"ปี {year} ที่ปิดแล้วไม่ตรงกับภาพนิ่ง {len(problems)} แห่ง ดูหน้าปิดปีหรือเทียบไฟล์สำรอง:"
            findings.append(
                Finding(False, "\n  ".join([told, *problems[:20]]))
                if problems
                else Finding(True, f"ปี {year} ที่ปิดแล้วตรงกับภาพนิ่งที่ลงนาม")
            )
    return findings


def _attachments(office: Office) -> Finding:
    with office.session() as db:
        kept = union_all(
            select(Attachment.name, Attachment.sha256), select(PostFile.name, PostFile.sha256),
            select(MeetingPicture.caption, MeetingPicture.sha256),
        )  # fmt: skip
        missing = [name or digest for name, digest in db.execute(kept) if not office.files.path(digest).exists()]
    if missing:
        return Finding(False, f"ไฟล์แนบหาย {len(missing)} ไฟล์ เช่น {missing[0]}: คืนจากไฟล์สำรอง")
    return Finding(True, "ไฟล์แนบอยู่ครบ")


def _first_passwords(office: Office) -> Finding:
    with office.session() as db:
        query = select(func.count()).select_from(Staff).where(Staff.password_hash != "", Staff.must_change_password)
        waiting = db.scalar(query.where(Staff.active)) or 0
    return Finding(True, f"บัญชีที่ยังไม่ตั้งรหัสผ่านของตนเอง {waiting:,} บัญชี")
