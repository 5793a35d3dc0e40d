"""Work on other people's files in a child process with limits of time and memory. A hostile file costs that child only."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

from app.core.config import ROOT
from app.core.errors import Invalid

SECONDS = 40
MEMORY_BYTES = 2 * 1024**3
log = logging.getLogger("khlang")


@dataclass(frozen=True)
class Job:
    """What a child is to do: the name of a task, its options, and files by name."""

    task: str
    options: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What a child answered."""

    values: dict[str, Any]
    files: dict[str, bytes]


def run(job: Job, seconds: float = SECONDS) -> Done:
    """The answer of a child. Raises Invalid({"file": …}) with one Thai sentence when the file cannot be worked on."""
    sent = pack({"task": job.task, "options": job.options}, job.files)
    try:
        child = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", "from app.documents.child import main; main()"],
            input=sent, capture_output=True, cwd=ROOT, timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Invalid({"file": "เรื่องนี้ซับซ้อนหรือยาวเกินกว่าจะทำได้ในเวลาที่กำหนด โปรดแบ่งให้เล็กลง"}) from error
    if child.returncode != 0 or not child.stdout:
        why = child.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
        log.error("task %s failed with %s: %s", job.task, child.returncode, why)
        raise Invalid({"file": "ทำไม่สำเร็จ ไฟล์อาจเสียหายหรือใหญ่ผิดปกติ โปรดเปิดแล้วบันทึกใหม่ จากนั้นลองอีกครั้ง"})
    values, files = unpack(child.stdout)
    if "wrong" in values:
        raise Invalid({"file": str(values["wrong"])})
    return Done(values, files)


def pack(values: dict[str, Any], files: dict[str, bytes]) -> bytes:
    """One message between parent and child."""
    coded = {name: base64.b64encode(content).decode("ascii") for name, content in files.items()}
    return json.dumps({"values": values, "files": coded}).encode()


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Values and files of a message."""
    read = json.loads(data)
    return read["values"], {name: base64.b64decode(content) for name, content in read["files"].items()}
