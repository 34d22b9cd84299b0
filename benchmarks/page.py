"""How soon the page moves: from opening it, and from Enter to the new figure, in Chromium under software rendering.

python benchmarks/page.py [--visits 3] [--prompts 20]

Enter is pressed at once after typing, and after a pause, in which the page makes what is typed ahead.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page  # noqa: E402
from served import chromium, within  # noqa: E402

EVERYDAY = Path(__file__).resolve().parent.parent / "configs/prompts/everyday.csv"
PAUSES = (0, 300)  # milliseconds between the last letter and Enter
# The time from the key to the first picture of the new figure.
WATCH = """
document.addEventListener("keydown", (event) => event.key === "Enter" && (window.pressed = performance.now()), true);
document.addEventListener("moves", () => (window.moved = performance.now()));
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=20)
    options = parser.parse_args()
    with within() as address, chromium() as browser:
        first = []
        for _ in range(options.visits + 1):
            page = browser.new_context(viewport={"width": 1440, "height": 1000}).new_page()
            page.add_init_script(WATCH)
            began = time.perf_counter()
            page.goto(address, wait_until="commit")
            page.wait_for_function("window.moved", polling=20, timeout=180_000)
            first.append(time.perf_counter() - began)
            if len(first) <= options.visits:
                page.close()
        print(f"first visit: {', '.join(f'{one:.2f}' for one in first)} s, the first with a cold browser")
        with EVERYDAY.open(encoding="utf-8", newline="") as file:
            prompts = (row["prompt"] for row in csv.DictReader(file))
            for pause in PAUSES:
                taken = [_entered(page, prompt, pause) for prompt in itertools.islice(prompts, options.prompts)]
                print(
                    f"Enter {pause} ms after typing to the new figure: p50 {statistics.median(taken):.0f} ms, "
                    f"most {max(taken):.0f} ms"
                )


def _entered(page: Page, prompt: str, pause: int) -> float:
    """Milliseconds from Enter to the first picture of the figure of a prompt that was not asked for before."""
    page.evaluate("window.moved = 0")
    page.locator("#prompt textarea").fill(prompt)
    page.wait_for_timeout(pause)
    page.keyboard.press("Enter")
    page.wait_for_function("window.moved", timeout=60_000)
    taken = float(page.evaluate("window.moved - window.pressed"))
    page.wait_for_timeout(600)
    return taken


if __name__ == "__main__":
    main()
