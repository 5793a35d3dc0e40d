"""Requests per second and latency of four pages against `khlang serve`: `python -m tests.bench.pages [DATA_FOLDER]`.

Clients are threads of one process with connections kept open, on the same machine as the server: read the figures as
ratios. Latency with one client is an upper bound of the server's time. The office is built once into DATA_FOLDER.
"""

from __future__ import annotations

import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from app.core.config import ROOT, load_config
from app.demo_office import PASSWORD, SECRETARY
from app.office import Office
from tests.bench.office import build

PORT = 8123
PAGES = {
    "article": "/articles/B-7",
    "home": "/",
    "search": "/search?q=" + urllib.parse.quote("จัดซื้อ ใบเสร็จ"),
    "plan": "/plan/2558",
}
CLIENTS = (1, 8, 32)
SECONDS = 6.0


class Client:
    """One signed-in browser."""

    def __init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        self.cookie = ""
        page = self.get("/sign-in")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token
        form = urllib.parse.urlencode({"csrf_token": token[1], "login": SECRETARY, "password": PASSWORD})
        self._send("POST", "/sign-in", form)

    def get(self, path: str) -> str:
        """Body of a page."""
        return self._send("GET", path)

    def _send(self, method: str, path: str, body: str | None = None) -> str:
        headers = {"Cookie": self.cookie, "User-Agent": "Mozilla/5.0 Chrome/126"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                self.cookie = value.split(";")[0]
        if answer.status in (301, 302) and method == "GET":
            return self._send("GET", answer.getheader("Location") or "/")
        assert answer.status in (200, 302), (path, answer.status)
        return text

    def final(self, path: str) -> str:
        """Address a path leads to."""
        self.connection.request("GET", path, None, {"Cookie": self.cookie})
        answer = self.connection.getresponse()
        answer.read()
        return answer.getheader("Location") or path


def measure(clients: list[Client], path: str) -> tuple[float, list[float]]:
    """Requests per second, and seconds of each request."""
    times: list[list[float]] = [[] for _ in clients]
    stop = time.perf_counter() + SECONDS

    def work(number: int) -> None:
        while time.perf_counter() < stop:
            began = time.perf_counter()
            clients[number].get(path)
            times[number].append(time.perf_counter() - began)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(clients))]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [one for some in times for one in some]
    return len(every) / (time.perf_counter() - began), every


def main() -> None:
    """Entry point."""
    data = Path(sys.argv[1] if len(sys.argv) > 1 else Path(tempfile.gettempdir()) / "khlang-bench")
    os.environ["KHLANG_DATA"] = str(data)
    if not (data / "khlang.db").exists():
        began = time.perf_counter()
        office = Office(load_config())
        build(office)
        office.close()
        print(f"built in {time.perf_counter() - began:.0f} s")
    command = [sys.executable, "-W", "ignore", "-m", "app.cli", "serve", "--port", str(PORT)]
    server = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    try:
        while True:
            try:
                clients = [Client()]
                break
            except OSError:
                time.sleep(0.2)
        clients += [Client() for _ in range(max(CLIENTS) - 1)]
        print(f"{'page':<8} {'clients':>7} {'req/s':>8} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
        for name, path in PAGES.items():
            final = clients[0].final(path)
            measure(clients[:1], final)
            for count in CLIENTS:
                rate, times = measure(clients[:count], final)
                cuts = statistics.quantiles(times, n=100)
                print(
                    f"{name:<8} {count:>7} {rate:>8.0f} {cuts[49] * 1e3:>8.1f} {cuts[94] * 1e3:>8.1f} {cuts[98] * 1e3:>8.1f}"
                )
    finally:
        os.killpg(server.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
