"""One door for newcomers: `python3 manage.py demo` and `python3 manage.py test`. Standard library only.

Makes `.venv` from the hashed requirements (uv when it is there, else venv and pip), then runs the command.
Any other command of khlang works too: `python3 manage.py indicators --year 2558`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
OLDEST = (3, 11)
USAGE = """ใช้อย่างไร:
  python3 manage.py demo     ติดตั้ง สร้างสำนักงานตัวอย่าง และเปิดที่ http://127.0.0.1:8000
  python3 manage.py test     ติดตั้งเครื่องมือทดสอบ แล้วตรวจทั้งหมด
  python3 manage.py COMMAND  คำสั่งอื่นของ khlang เช่น init, serve, import, indicators, doctor"""


def say(text: str) -> None:
    """Tell what is being done, at once."""
    print(text, flush=True)


def fail(text: str) -> None:
    """End with one clear sentence."""
    print(text, file=sys.stderr, flush=True)
    raise SystemExit(1)


def python_of_venv() -> Path:
    """The interpreter inside .venv."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(command: list[str]) -> int:
    """Run a step, its output shown as it comes."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def make_venv(uv: str | None) -> None:
    """Make .venv unless it is there."""
    if python_of_venv().exists():
        return
    say("กำลังสร้าง .venv")
    command = (
        [uv, "venv", "-q", "--python", sys.executable, str(VENV)] if uv else [sys.executable, "-m", "venv", str(VENV)]
    )
    if run(command) != 0:
        shutil.rmtree(VENV, ignore_errors=True)  # Half a venv would be taken for a whole one next time.
        fail("สร้าง .venv ไม่ได้ บน Debian หรือ Ubuntu ให้ติดตั้งก่อนด้วย: sudo apt install python3-venv แล้วลองใหม่")


def install(requirements: str) -> None:
    """Install from a hashed list when it changed since last time; needs the network only then."""
    wanted = hashlib.sha256((ROOT / requirements).read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f".installed-{requirements}"
    if python_of_venv().exists() and stamp.exists() and stamp.read_text("ascii") == wanted:
        return
    uv = shutil.which("uv")
    make_venv(uv)
    python = str(python_of_venv())
    say(f"กำลังติดตั้งจาก {requirements} (ครั้งแรกใช้เวลาหนึ่งถึงสามนาที)")
    pip = (
        [uv, "pip", "install", "-q", "--python", python]
        if uv
        else [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    )
    if run([*pip, "--require-hashes", "-r", requirements]) != 0:
        fail("ติดตั้งไม่สำเร็จ ตรวจการเชื่อมต่ออินเทอร์เน็ตแล้วลองใหม่ ถ้าเคยค้างกลางทางให้ลบโฟลเดอร์ .venv ก่อน")
    if run([*pip, "--no-deps", "--no-build-isolation", "-e", "."]) != 0:
        fail("ติดตั้งคำสั่ง khlang ไม่สำเร็จ ให้ลบโฟลเดอร์ .venv แล้วลองใหม่")
    say("กำลังเตรียมไฟล์ให้เปิดเร็ว")
    run([python, "-W", "ignore", "-m", "compileall", "-q", "-j", "0", str(VENV), "app"])
    stamp.write_text(wanted, "ascii")


def test(arguments: list[str]) -> int:
    """ruff, mypy and pytest as named steps, one line at the end."""
    install("requirements-test.txt")
    python = str(python_of_venv())
    steps = [
        ("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        ("ruff check", [python, "-m", "ruff", "check", "."]),
        ("mypy", [python, "-m", "mypy"]),
        ("pytest", [python, "-m", "pytest", "-n", "auto", "--dist", "worksteal", *arguments]),
    ]
    times, failed = [], []
    for name, command in steps:
        say(f"== {name}")
        began = time.monotonic()
        if run(command) != 0:
            failed.append(name)
        times.append(f"{name} {time.monotonic() - began:.0f} s")
    say(("FAIL: " + ", ".join(failed) if failed else "PASS") + " · " + " · ".join(times))
    return 1 if failed else 0


def main() -> int:
    """Entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8")
    if sys.version_info < OLDEST:
        fail(f"ต้องใช้ Python {OLDEST[0]}.{OLDEST[1]} ขึ้นไป เครื่องนี้เป็น {sys.version.split()[0]} โปรดติดตั้งรุ่นใหม่แล้วลองอีกครั้ง")
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        say(USAGE)
        return 0
    if sys.argv[1] == "test":
        return test(sys.argv[2:])
    install("requirements.txt")
    try:
        return run([str(python_of_venv()), "-m", "app.cli", *sys.argv[1:]])
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
