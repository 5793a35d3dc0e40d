"""The command line: names of the exchange contract."""

from __future__ import annotations

import csv
import getpass
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.activity import recounting
from app.activity.queries import broken_seals
from app.core.config import CONTENT, load_config
from app.core.database import transaction
from app.core.errors import Invalid, KhlangError
from app.core.fiscal_year import FiscalYear
from app.core.migrating import migrate, newest_revision, revision_of
from app.core.signing import fingerprint
from app.core.thai import parse_date
from app.demo_office import PASSWORD, build_demo, demo_sign_ins
from app.exchange.api import plan_as_json
from app.exchange.exporting import export_office
from app.exchange.importing import Imported, import_records, read_records
from app.exchange.markdown_files import import_folder
from app.indicators import closing, results, scoring
from app.indicators import queries as indicators
from app.indicators.models import STATE_NAMES, UNIT_NAMES, Reading, RowState
from app.indicators.planning import load_plan
from app.indicators.scopes import scope_for
from app.knowledge.life import load_categories
from app.office import Office
from app.operations import backup_office, examine, rehearse_restore, restore_office
from app.people import commands as people
from app.people.models import Role, Staff, StaffRole
from app.people.queries import staff_by_code
from app.server import serve_office

DEMO_DATA = "demo"


class House(click.Group):
    """Says what went wrong in one sentence, never with a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; our own errors end it with status 1."""
        try:
            return super().invoke(ctx)
        except KhlangError as error:
            click.echo(f"ไม่สำเร็จ: {error.message}", err=True)
            ctx.exit(1)
        except SQLAlchemyError as error:
            click.echo(
                f"ไม่สำเร็จ: ฐานข้อมูลไม่ตอบตามที่ควร ({type(error).__name__}) ลอง khlang init แล้ว khlang doctor", err=True
            )
            ctx.exit(1)


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """คลังความรู้ (Khlang)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")


@contextmanager
def the_office(*, needs_database: bool = True) -> Iterator[Office]:
    """The office of the environment. Raises KhlangError when its database is not at this version."""
    office = Office(load_config())
    try:
        if needs_database and revision_of(office.database) != newest_revision():
            raise KhlangError("ฐานข้อมูลยังไม่พร้อมสำหรับรุ่นนี้ โปรดรัน khlang init")
        yield office
    finally:
        office.close()


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error."""
    with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
        yield bar.update


def load_content(office: Office) -> None:
    """Plans and first categories of `content/`; what is there already stays. Handbook articles are an author's act."""
    with office.session() as db:
        for path in sorted((CONTENT / "plans").glob("*.toml")):
            load_plan(db, path)
        load_categories(db, CONTENT / "categories.toml")


@main.command()
@click.option("--code", default="admin", help="รหัสของผู้ดูแลคนแรก")
def init(code: str) -> None:
    """ย้ายฐานข้อมูลให้ทันรุ่น โหลดเนื้อหาตั้งต้น และสร้างผู้ดูแลคนแรก ทำซ้ำได้."""
    with the_office(needs_database=False) as office:
        migrate(office.database)
        load_content(office)
        with office.session() as db:
            query = select(Staff.id).join(StaffRole, StaffRole.staff_id == Staff.id)
            if db.scalar(query.where(StaffRole.role == Role.ADMIN.value).limit(1)) is not None:
                click.echo("พร้อมใช้งาน มีผู้ดูแลระบบอยู่แล้ว")
                return
            password = os.environ.get("KHLANG_ADMIN_PASSWORD") or _ask_password()
            people.add_account(db, code, "ผู้ดูแลระบบ", (Role.ADMIN,), password)
        click.echo(f"พร้อมใช้งาน สร้างผู้ดูแลระบบรหัส {code} แล้ว")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise KhlangError("ตั้ง KHLANG_ADMIN_PASSWORD หรือรันคำสั่งนี้ในหน้าจอที่พิมพ์รหัสผ่านได้")
    return getpass.getpass("รหัสผ่านของผู้ดูแลคนแรก (อย่างน้อย 10 ตัวอักษร): ")


@main.command()
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8000)
@click.option("--workers", default=1)
def serve(host: str, port: int, workers: int) -> None:
    """ให้บริการจริง."""
    with the_office() as office:
        office.secret_key()
    serve_office(host, port, workers)


@main.command()
@click.option("--port", default=8000)
@click.option("--build-only", is_flag=True, help="สร้างสำนักงานตัวอย่างแล้วจบ ไม่ให้บริการ")
def demo(port: int, build_only: bool) -> None:
    """สร้างสำนักงานตัวอย่างและให้บริการบนเครื่องนี้ ครั้งต่อไปใช้ของเดิม."""
    if os.environ.get("KHLANG_DATABASE_URL"):
        raise KhlangError("สำนักงานตัวอย่างใช้ฐานข้อมูลของตนเอง โปรดเลิกตั้ง KHLANG_DATABASE_URL ก่อน ข้อมูลจริงจะได้ไม่ปนกัน")
    if not os.environ.get("KHLANG_DATA"):
        os.environ["KHLANG_DATA"] = str(load_config().data / DEMO_DATA)
    with the_office(needs_database=False) as office:
        migrate(office.database)
        load_content(office)
        with office.session() as db:
            fresh = db.scalar(select(Staff.id).limit(1)) is None
        if fresh:
            click.echo("กำลังสร้างสำนักงานตัวอย่าง ใช้เวลาประมาณหนึ่งนาที")
            with progress("นำเข้า", 12_000) as step:
                build_demo(office, step)
        if office.engine.build_name() is None:
            with progress("ทำดัชนีค้นหา", office.indexer.count_documents()) as step:
                office.indexer.catch_up(step)
    click.echo(f"\nสำนักงานตัวอย่าง เปิด http://127.0.0.1:{port}\n")
    for role, code, name in demo_sign_ins():
        click.echo(f"  {role:<42} รหัส {code:<6} รหัสผ่าน {PASSWORD}   ({name})")
    click.echo("\nกด Ctrl+C เพื่อหยุด\n")
    if not build_only:
        serve_office("127.0.0.1", port, 1)


def _report(done: Imported) -> None:
    for name in sorted({*done.added, *done.updated, *done.skipped}):
        click.echo(f"{name}: เพิ่ม {done.added[name]:,} แก้ไข {done.updated[name]:,} ข้าม {done.skipped[name]:,} (มีอยู่แล้ว)")


@main.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--update", is_flag=True, help="แก้ไขรายการที่มีรหัสเดียวกันแต่เนื้อหาต่างกัน")
def import_(file: Path, update: bool) -> None:
    """นำเข้าทะเบียน .jsonl ทั้งหมดหรือไม่นำเข้าเลย."""
    file = file / "registers.jsonl" if file.is_dir() else file
    try:
        with file.open(encoding="utf-8") as lines:
            records = read_records(lines)
    except FileNotFoundError as error:
        raise KhlangError(f"ไม่พบไฟล์ {file}") from error
    except UnicodeDecodeError as error:
        raise KhlangError(f"ไฟล์ {file} ไม่ใช่ข้อความ UTF-8") from error
    with the_office() as office, office.session() as db, progress("นำเข้า", len(records)) as step:
        done = import_records(
            db, office.desk(db), records, office.clock.now(), folder=file.parent, update=update, progress=step
        )
    _report(done)


@main.command("import-articles")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--author", help="รหัสผู้เขียนเมื่อไฟล์ไม่ได้บอก")
@click.option("--publish", is_flag=True, help="เผยแพร่เลย ถ้าไม่ใส่จะเป็นร่าง")
def import_articles(folder: Path, author: str | None, publish: bool) -> None:
    """นำเข้าบทความ Markdown ทั้งโฟลเดอร์."""
    count = len(list(folder.rglob("*.md"))) if folder.is_dir() else 0
    with the_office() as office, office.session() as db, progress("นำเข้า", count) as step:
        done = import_folder(db, office.desk(db), folder, author, publish, office.clock.now(), step)
    _report(done)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def export(folder: Path) -> None:
    """ส่งออกทั้งหมดเป็น Markdown ไฟล์แนบ และ registers.jsonl."""
    with the_office() as office, office.session() as db, progress("ส่งออก", 10_000) as step:
        count = export_office(db, office.files, folder, step)
    click.echo(f"ส่งออก {count:,} รายการไปที่ {folder}")


def _day(text: str | None) -> date | None:
    day = parse_date(text) if text else None
    if text and day is None:
        raise Invalid({"as_of": f"{text} ไม่ใช่วันที่ เขียนแบบ 2015-09-30"})
    return day


@main.command("indicators")
@click.option("--year", required=True, type=int, help="ปีงบประมาณ พ.ศ.")
@click.option("--row")
@click.option("--department")
@click.option("--as-of", "as_of")
@click.option("--json", "as_json", is_flag=True)
@click.option("--csv", "as_csv", is_flag=True)
@click.option("--as-rule", "as_rule", help="แสดงผลตามกติการุ่นนี้ เทียบกับกติกาของปี")
def indicators_(
    year: int, row: str | None, department: str | None, as_of: str | None, as_json: bool, as_csv: bool, as_rule: str | None
) -> None:  # fmt: skip
    """แถวของแผน."""
    with the_office() as office, office.session() as db:
        found = indicators.department_named(db, department)
        today = office.clock.today()
        scope = scope_for(db, office.config, year, today, _day(as_of), found.id if found else None)
        reading = indicators.read_plan(db, scope, only=row)
        shown = plan_as_json(reading)
        beside: dict[str, Reading] = {}
        if as_rule:
            other = scope_for(db, office.config, year, today, _day(as_of), found.id if found else None, as_rule)
            beside = {one.row.row: one for one in indicators.read_plan(db, other, only=row).readings}
            for one in shown["rows"]:
                told = beside[one["row"]]
                one |= {"as_rule": as_rule, "value_as_rule": told.value, "state_as_rule": told.state.value}
        if as_json:
            click.echo(json.dumps(shown, ensure_ascii=False, indent=1))
        elif as_csv:
            writer = csv.DictWriter(sys.stdout, list(shown["rows"][0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(shown["rows"])
        else:
            click.echo(
                f"ปีงบประมาณ {year} ณ วันที่ {reading.as_of} ฐานบุคลากร {reading.roster_size} คน กติการุ่น {reading.rule}"
                + (f" เทียบกับรุ่น {as_rule}" if as_rule else "")
            )
            for one in reading.readings:
                target = "–" if one.target is None else str(one.target)
                value = f"{scoring.value_text(one)} {UNIT_NAMES[one.row.unit]}"
                line = f"{one.row.row:<3} {value:>18}  เป้า {target:>4}  {STATE_NAMES[one.state]}"
                if one.row.row in beside:
                    told = beside[one.row.row]
                    line += f"  |  {scoring.value_text(told)} {STATE_NAMES[told.state]}"
                click.echo(f"{line}  {one.row.name}")


@main.command()
@click.option("--year", required=True, type=int)
@click.option("--rebuild", is_flag=True, help="สร้างยอดรายวันใหม่จากบัญชีการเปิดอ่านทั้งหมด แล้วตรวจอีกครั้ง")
def recount(year: int, rebuild: bool) -> None:
    """คำนวณใหม่จากบัญชีการเปิดอ่านและหลักฐาน เทียบกับตัวเลขที่เก็บไว้และภาพนิ่งของปีที่ปิดแล้ว."""
    span = FiscalYear(year)
    with the_office() as office, office.session() as db:
        with progress("นับใหม่", recounting.PARTS) as step:
            if rebuild:
                with transaction(db):
                    recounting.rebuild(db, None)
            found = recounting.differences(db, span.first_day, span.last_day, step)
        closed = closing.is_closed(db, year)
        if closed:
            broken = [day.isoformat() for day in broken_seals(db)]
            found += [f"บัญชีการเปิดอ่านที่บันทึกวันที่ {day} ถูกแก้หลังปิดผนึก" for day in broken]
        told = closing.problems_of(db, office.config, office.signer, year, office.clock.today(), totals=False)
        found += [sentence for sentence in told if sentence not in found]
    for sentence in found:
        click.echo(sentence)
    if found:
        click.echo(f"ปีงบประมาณ {year}: ไม่ตรง {len(found)} รายการ", err=True)
        sys.exit(1)
    click.echo(f"ปีงบประมาณ {year}: ตัวเลขที่เก็บไว้ตรงกับบัญชีการเปิดอ่าน" + (" และภาพนิ่งวันปิดปี" if closed else ""))


@main.command("results")
@click.option("--year", required=True, type=int, help="ปีงบประมาณ พ.ศ.")
@click.argument("file", type=click.Path(path_type=Path))
def results_(year: int, file: Path) -> None:
    """เขียนไฟล์ผลของปีพร้อมลายเซ็นของหน่วยงาน."""
    with the_office() as office, office.session() as db:
        scope = scope_for(db, office.config, year, office.clock.today())
        file.write_text(results.result_file(db, office.config, scope, office.signer, office.clock.now()), "utf-8")
        click.echo(f"เขียนผลปี {year} ที่ {file} กุญแจของหน่วยงาน {fingerprint(office.signer.public_key())}")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify(file: Path) -> None:
    """ตรวจลายเซ็นของไฟล์ผล ไม่ต้องมีฐานข้อมูล จบด้วยสถานะ 1 เมื่อไฟล์ถูกแก้."""
    try:
        found = results.read_result(file.read_text("utf-8"))
    except UnicodeDecodeError as error:
        raise Invalid({"file": "ไม่ใช่ไฟล์ผลของปี"}) from error
    closed = "ปิดปีแล้ว" if found.content.get("closed_at") else "ยังไม่ปิดปี"
    click.echo(f"ลายเซ็นถูกต้อง: {found.office} ปี {found.year} {closed} ทำเมื่อ {found.made_at} กุญแจ {found.fingerprint}")
    for one in found.rows:
        unit = UNIT_NAMES.get(one["unit"], one["unit"])
        click.echo(f"{one['row']:<3} {scoring.figure_text(one)} {unit}  {STATE_NAMES[RowState(one['state'])]}")


@main.command()
@click.argument("query", required=False)
@click.option("--limit", default=10)
@click.option("--json", "as_json", is_flag=True)
@click.option("--queries", type=click.Path(exists=True, path_type=Path), help="ไฟล์คำค้น บรรทัดละคำค้น")
def search(query: str | None, limit: int, as_json: bool, queries: Path | None) -> None:
    """ค้นหาอย่างที่ผู้ดูแลระบบเห็น."""
    wanted = queries.read_text("utf-8").splitlines() if queries else [query or ""]
    with the_office() as office, office.session() as db:
        with progress("ทำดัชนี", office.indexer.count_documents()) as step:
            office.indexer.catch_up(step)
        for text in wanted:
            answer = office.search.find_all(db, text, limit=limit)
            results = [
                {
                    "kind": hit.kind, "code": hit.code, "title": "".join(t for t, _ in hit.title), "url": hit.url,
                    "snippet": "".join(t for t, _ in hit.snippet), "score": hit.score,
                }
                for hit in answer.hits
            ]  # fmt: skip
            if as_json:
                click.echo(json.dumps({"query": text, "total": answer.total, "results": results}, ensure_ascii=False))
            else:
                click.echo(f"{text}: พบ {answer.total:,}")
                for number, one in enumerate(results, 1):
                    click.echo(f"{number:>3}. {one['title']}  ({one['kind']} {one['code']}, {one['score']})")


@main.command()
def reindex() -> None:
    """สร้างดัชนีค้นหาใหม่ทั้งหมด."""
    with the_office() as office:
        count = office.indexer.count_documents()
        with progress("ทำดัชนี", count) as step:
            done = office.indexer.reindex(step, processes=os.cpu_count() or 1 if count > 500 else 1)
    if not done:
        raise KhlangError("มีโปรแกรมอื่นกำลังเขียนดัชนีอยู่ โปรดลองใหม่อีกครั้ง")
    click.echo(f"ทำดัชนี {count:,} เรื่องเสร็จแล้ว")


@main.command()
def doctor() -> None:
    """ตรวจสุขภาพ จบด้วยสถานะ 1 และบอกว่าต้องทำอะไรเมื่อพบปัญหา."""
    with the_office(needs_database=False) as office:
        findings = examine(office)
    for finding in findings:
        click.echo(("ดี    " if finding.good else "ปัญหา ") + finding.text)
    if not all(finding.good for finding in findings):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """สำรองทั้งหมดเป็นไฟล์เดียว ทำระหว่างใช้งานได้."""
    with the_office() as office:
        backup_office(office, file)
    click.echo(f"สำรองไว้ที่ {file}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """คืนข้อมูลจากไฟล์สำรองลงในโฟลเดอร์ข้อมูลที่ยังว่าง."""
    restore_office(load_config(), file)
    click.echo("คืนข้อมูลแล้ว ดัชนีค้นหาจะสร้างใหม่เองเมื่อเริ่มให้บริการ")


@main.command("rehearse-restore")
@click.argument("file", type=click.Path(path_type=Path))
def rehearse(file: Path) -> None:
    """ซ้อมคืนข้อมูลในที่ชั่วคราว ไม่แตะข้อมูลจริง."""
    for finding in rehearse_restore(file):
        click.echo(finding.text)
    click.echo("ไฟล์สำรองนี้คืนได้")


@main.group()
def token() -> None:
    """API token."""


@token.command("create")
@click.option("--staff", "code", required=True)
@click.option("--scope", default="read")
def token_create(code: str, scope: str) -> None:
    """สร้าง token แสดงครั้งเดียว."""
    with the_office() as office, office.session() as db:
        click.echo(people.create_token(db, staff_by_code(db, code), scope, office.clock.now()))


if __name__ == "__main__":
    main()
