"""The child process: reads one job, limits itself, does it, answers, ends."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from typing import Any

from app.core.errors import Invalid
from app.documents import limited

Task = Callable[[dict[str, Any], dict[str, bytes]], tuple[dict[str, Any], dict[str, bytes]]]

# task -> (module, function): only the one that is wanted is loaded, for the person waits.
TASKS: dict[str, tuple[str, str]] = {
    "read_docx": ("docx_reader", "read"),
    "read_pdf": ("pdf_reader", "read"),
    "read_pages": ("text_reader", "read"),
    "read_html": ("imported", "read_html"),
    "clean_picture": ("pictures", "clean"),
    "write_docx": ("docx_writer", "write"),
    "write_pdf": ("pdf_writer", "write"),
}


def main() -> None:
    """Do the one job on standard input; a file that cannot be worked on is answered with its sentence."""
    _limit()
    values, files = limited.unpack(sys.stdin.buffer.read())
    module, function = TASKS[values["task"]]
    task: Task = getattr(importlib.import_module(f"app.documents.{module}"), function)
    try:
        answer, made = task(values["options"], files)
    except Invalid as error:
        answer, made = {"wrong": " ".join(error.fields.values())}, {}
    except MemoryError:
        answer, made = {"wrong": "ไฟล์นี้ใช้หน่วยความจำมากเกินไป โปรดแบ่งเป็นไฟล์เล็กลง"}, {}
    sys.stdout.buffer.write(limited.pack(answer, made))
    sys.stdout.buffer.flush()


def _limit() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Windows has no such module

        resource.setrlimit(resource.RLIMIT_AS, (limited.MEMORY_BYTES, limited.MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (limited.SECONDS, limited.SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
