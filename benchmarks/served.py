"""The app and a browser, for the benchmarks, the pictures and the tests: a process of its own, or within this one."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# It draws as Chromium does where no GPU is: the page on the CPU, WebGL by SwiftShader. It fetches nothing of its own.
FLAGS = [
    "--no-sandbox", "--enable-unsafe-swiftshader",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip


def free_port() -> int:
    """A port of this machine that nothing uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def within() -> Iterator[str]:
    """The app in this process, by its address."""
    import demo

    port = free_port()
    page = demo.launch(port=port, block=False)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        page.close()


@contextlib.contextmanager
def chromium() -> Iterator:
    """Playwright's browser: Chromium, as the system has it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


def megabytes(status: str, which: str) -> float:
    """A line of /proc/PID/status, in megabytes."""
    return int(re.search(rf"{which}:\s+(\d+)", status)[1]) / 1024


class App:
    """`python app.py` on a free port."""

    def __init__(self, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(self.port)],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.DEVNULL,
        )

    def wait(self) -> None:
        """Until the first page is served."""
        import httpx

        while self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.url, timeout=5).status_code == 200:
                    return
            time.sleep(0.02)
        raise SystemExit("app.py ended before it served a page")

    async def ask(self, client, endpoint: str, prompt: str, seed: int, fetch: str = "") -> list:
        """The answer of an endpoint; `fetch` also downloads the answer's file with this suffix."""
        address = f"{self.url}/gradio_api/call/{endpoint}"
        answer = await client.post(address, json={"data": [prompt, 2.0, seed, 1.0]})
        answer.raise_for_status()
        told = await client.get(f"{address}/{answer.json()['event_id']}")
        if "event: complete" not in told.text:
            raise RuntimeError(f"{endpoint}: {told.text}")
        result = json.loads(re.search(r"data: (.*)", told.text[told.text.index("event: complete") :])[1])
        if fetch:
            url = next(file for file in re.findall(r'"url": ?"([^"]+)"', told.text) if file.endswith(fetch))
            downloaded = await client.get(url)
            downloaded.raise_for_status()
        return result

    async def script(self, client, function: str) -> Callable[[list], Awaitable[dict]]:
        """What the page's own scripts call by this name: data → answer, without Gradio's queue."""
        parts = (await client.get(f"{self.url}/config")).json()["components"]
        number = next(part["id"] for part in parts if function in (part["props"].get("server_fns") or ()))

        async def call(data: list) -> dict:
            asked = {"component_id": number, "fn_name": function, "data": data, "session_hash": "benchmark"}
            answer = await client.post(f"{self.url}/gradio_api/component_server/", json=asked)
            answer.raise_for_status()
            return answer.json()

        return call

    def memory(self, which: str) -> float:
        """Megabytes that the process holds now ("VmRSS") or held at most ("VmHWM")."""
        return megabytes(Path(f"/proc/{self.process.pid}/status").read_text(), which)

    def stop(self) -> None:
        """As Ctrl-C."""
        self.process.terminate()
        self.process.wait(10)

    def __enter__(self) -> "App":
        self.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
