"""A real server in a process of its own, and a real browser."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.core.config import ROOT
from tests.e2e.screens import FLAGS

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


class Server:
    """`khlang serve` on a free port, with its own data folder."""

    def __init__(self, data: Path, today: str = "") -> None:
        self.data, self.today = data, today
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Settings of this office."""
        fixed = {"KHLANG_TESTING": "1", "KHLANG_TODAY": self.today} if self.today else {}
        return {**os.environ, "KHLANG_DATA": str(self.data), **fixed}

    def khlang(self, *arguments: str) -> None:
        """Run a command on the same office."""
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", *arguments]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True, timeout=300, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [sys.executable, "-W", "ignore", "-m", "app.cli", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + "/healthz", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, "server did not start"
                self.process.poll()
                select_wait(0.1)

    def kill(self) -> None:
        """kill -9 of the whole group: nothing gets to say goodbye."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def select_wait(seconds: float) -> None:
    """Wait for the operating system, not for luck: polls above check a real condition."""
    import threading

    threading.Event().wait(seconds)


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo office, served."""
    server = Server(tmp_path_factory.mktemp("served"))
    server.khlang("demo", "--build-only")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless Chromium of the distribution."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


# Headless Chromium names itself, and the robots list knows that name.
PERSON = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def sign_in(browser: Browser, server: Server, code: str, password: str, width: int = 1280) -> Page:
    """A person at a browser of their own."""
    page = browser.new_context(viewport={"width": width, "height": 900}, locale="th-TH", user_agent=PERSON).new_page()
    page.goto(server.url + "/sign-in")
    page.fill("#login", code)
    page.fill("#password", password)
    page.click("main button:has-text('เข้าสู่ระบบ')")
    page.wait_for_url(server.url + "/")
    return page
