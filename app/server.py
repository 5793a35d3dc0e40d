"""The production server: granian, with the background worker in each process (one of them writes the index)."""

from __future__ import annotations

import atexit
import gc
import os
import socket

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from app import create_app
from app.core.config import load_config
from app.core.errors import KhlangError
from app.core.guard import attempt
from app.office import Office

THREADS = max(2, min(8, 2 * (os.cpu_count() or 1)))


def served_app() -> Flask:
    """Application of one server process; warms what the first person would otherwise wait for."""
    config = load_config()
    office = Office(config)
    app = create_app(config, office)
    attempt("warming the renderer", office.renderer.warm, lambda: None)
    office.engine.words.tokens("อบรม")
    office.worker.start()
    gc.collect()
    gc.freeze()  # Dictionaries live as long as the process: looking through them again and again cost 250 ms each time.
    atexit.register(office.close)
    return app


def serve_office(host: str, port: int, workers: int) -> None:
    """Serve until stopped. Raises KhlangError when another program has the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise KhlangError(f"เปิดที่ {host}:{port} ไม่ได้ อาจมีโปรแกรมอื่นใช้พอร์ตนี้อยู่ ลองเลือกพอร์ตอื่นด้วย --port") from error
    Granian(
        "app.server:served_app", factory=True, address=host, port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=THREADS, respawn_failed_workers=True, log_level=LogLevels.warning,
    ).serve()  # fmt: skip
