"""Draws the page: the gallery's living pictures into demo/static/gallery, screenshots of each tab into docs/page.

    python docs/pictures.py gallery
    python docs/pictures.py screenshots

Both start the demo and a Chromium (requirements-dev.txt has playwright; Debian's chromium is used).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from served import chromium, within  # noqa: E402

from demo import content  # noqa: E402
from demo.stage import STATIC  # noqa: E402

SIZE, PICTURES = 112, 20  # pixels, poses
SCREENS = {1440: 1000, 390: 844}
# What is done on each tab before its picture is taken.
TABS = {
    "Text": "",
    "Between": "document.querySelector('#interpolate').click()",
    "Style": "document.querySelector('#edit').click()",
    "Read": "document.querySelector('#recognize').click()",
    "Map": "",
}
FILLED = {
    "Between": {"from-words": "dance ballet", "to-words": "jogging"},
    "Style": {"style-base": "walk", "style-from": "walk", "style-to": "walk like an old person"},
    "Read": {"read-words": "walk, then wave, then sit down"},
}
STAGES = {
    "Text": "text-stage",
    "Between": "path-stage",
    "Style": "style-stage",
    "Read": "read-stage",
    "Map": "map-stage",
}


def gallery(page: Page, address: str) -> None:
    """An animated picture for each of `content.GALLERY`, light and dark."""
    folder = ROOT / "demo" / "static" / "gallery"
    folder.mkdir(exist_ok=True)
    page.set_viewport_size({"width": 640, "height": 640})  # a small stage is soon drawn
    for theme in ("light", "dark"):
        opened(page, f"{address}/?__theme={theme}")
        for name, (prompt, seed) in content.GALLERY.items():
            page.evaluate(
                "([prompt, seed, module]) => import(module).then((m) => m.askFor({prompt, seed, seconds: 0}))",
                [prompt, seed, f"{address}/gradio_api/file={STATIC.as_posix()}/page/fields.js"],
            )
            page.wait_for_function(
                "(prompt) => window.motionStage('text-stage').scene.request.prompt === prompt",
                arg=prompt,
                timeout=60_000,
            )
            page.wait_for_timeout(300)
            seconds = page.evaluate("window.motionStage('text-stage').timeline.duration")
            frames = page.evaluate(
                """async ([size, count]) => {
                  const stage = window.motionStage("text-stage"), found = [];
                  stage.timeline.playing = false;
                  for (let n = 0; n < count; n++) {
                    stage.seek((stage.timeline.duration * n) / (count - 1));
                    found.push(stage.thumbnail(size, size, "image/png"));
                  }
                  return found;
                }""",
                [SIZE, PICTURES],
            )
            pictures = [
                Image.open(io.BytesIO(base64.b64decode(frame.split(",")[1]))).convert("RGB") for frame in frames
            ]
            path = folder / (f"{name}.webp" if theme == "light" else f"{name}-dark.webp")
            pictures[0].save(
                path,
                save_all=True,
                append_images=pictures[1:],
                duration=round(1000 * seconds / PICTURES),
                loop=0,
                quality=60,
                method=4,
            )
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def screenshots(page: Page, address: str) -> None:
    """Each tab at 1440 and 390 pixels, light and dark."""
    folder = ROOT / "docs" / "page"
    folder.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        for width, height in SCREENS.items():
            page.set_viewport_size({"width": width, "height": height})
            opened(page, f"{address}/?__theme={theme}")
            for tab, script in TABS.items():
                page.get_by_role("tab", name=tab, exact=True).click()
                for box, words in FILLED.get(tab, {}).items():
                    page.locator(f".end:has(#{box}) .by label:has(input[value=words])").click()
                    page.locator(f"#{box} :is(textarea, input)").fill(words)
                if script:
                    page.evaluate(script)
                page.wait_for_function(
                    "(name) => !name || (window.motionStage(name)?.view && window.motionStage(name).parts)",
                    arg=STAGES[tab],
                    timeout=60_000,
                )
                page.wait_for_timeout(1500)
                picture = Image.open(io.BytesIO(page.screenshot()))
                path = folder / f"{tab.lower()}-{width}-{theme}.webp"
                picture.convert("RGB").save(path, quality=70, method=6)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


def opened(page: Page, address: str) -> None:
    """Open the page and wait until something moves."""
    page.goto(address)
    page.wait_for_function("window.motionStage?.('text-stage')?.latency > 0", timeout=90_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["gallery", "screenshots"])
    parser.add_argument("--address", help="of a demo that runs already")
    options = parser.parse_args()
    app = contextlib.nullcontext(options.address) if options.address else within()
    with app as address, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        (gallery if options.what == "gallery" else screenshots)(page, address)


if __name__ == "__main__":
    main()
