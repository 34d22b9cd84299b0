"""The page in a real browser: what a visitor sees and does on every tab."""

import os
import re
import shutil
import time
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import pygltflib
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import synthetic_motion
from playwright.sync_api import Page, expect, sync_playwright

from motionclip import Motion

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

TABS = ["Text to motion", "Interpolation", "Style editing", "Recognition"]

if BROWSER is None and os.environ.get("CI"):
    raise RuntimeError("these tests need chromium: apt-get install chromium")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, app_url):
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # Without a GPU Babylon, the 3D viewer, says so and goes on with WebGL.
    page.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and "BJS" not in message.text and "WebGPU" not in message.text
            else None
        ),
    )
    page.goto(app_url)
    yield page
    assert not problems
    page.close()


def canvas_moves(page: Page, selector: str) -> bool:
    pictures = []
    for _ in range(4):
        pictures.append(page.locator(selector).first.screenshot())
        time.sleep(0.4)
    return len(set(pictures)) > 2


def test_something_moves_when_the_page_opens_and_a_prompt_changes_it(page):
    expect(page.get_by_text("Known:")).to_be_visible(timeout=60_000)
    expect(page.get_by_label("What should the body do?")).to_have_value("a person walks like a zombie")
    page.wait_for_timeout(3000)
    assert canvas_moves(page, ".model3D canvas, canvas")
    prompt = page.get_by_label("What should the body do?")
    prompt.fill("Spiderman in action!")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("A guess:")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Another sample").click()
    expect(page.get_by_label("Seed").first).to_have_value("1", timeout=30_000)


def taken_home(page: Page, suffix: str, folder: Path) -> Path:
    """Click the download of a file on the tab that is open, and keep what the browser gets."""
    link = page.locator(f"a[download$='{suffix}']:visible").first
    expect(link).to_be_visible(timeout=90_000)
    with page.expect_download() as download:
        link.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_files_can_be_taken_home(page, tmp_path):
    npz, bvh, model, mp4, gif = (taken_home(page, f".{kind}", tmp_path) for kind in ("npz", "bvh", "glb", "mp4", "gif"))
    motion = Motion.load(npz)
    assert len(motion) == 60 and np.abs(Motion.load(bvh).joints() - motion.joints()).max() < 0.001
    assert len(pygltflib.GLTF2().load(str(model)).animations[0].channels) == 25
    for film in (mp4, gif):
        pictures = np.stack(list(frames_of(film)))
        assert len(pictures) >= 59 and np.abs(np.diff(pictures.astype(int), axis=0)).max() > 50
    expect(page.locator("video").first).to_be_visible()


def frames_of(path: Path):
    """The (height, width, 3) pictures of a video."""
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    for picture in reader:
        yield np.frombuffer(picture, np.uint8).reshape(height, width, 3)


def test_the_figure_turns_when_it_is_dragged(page):
    expect(page.get_by_text("Known:")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(3000)
    canvas = page.locator("canvas").first
    box = canvas.bounding_box()
    assert box is not None

    def floor() -> np.ndarray:
        """Where the floor's colour is: it moves with the view, not with the body."""
        picture = cv2.imdecode(np.frombuffer(canvas.screenshot(), np.uint8), cv2.IMREAD_COLOR).astype(int)
        return picture[..., 0] - picture[..., 2] > 10

    still = [floor(), floor()]
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1500)
    turned = floor()
    assert still[0].sum() > 5000
    assert (turned != still[1]).sum() > 3 * (still[0] != still[1]).sum() + 1000


def test_the_slider_moves_the_figure_without_asking_the_server(page, tmp_path):
    page.get_by_role("tab", name="Interpolation").click()
    page.get_by_text("walk → dance salsa").click()
    expect(page.get_by_label("From", exact=True)).to_have_value("walk", timeout=30_000)
    page.locator("#interpolate").click()
    expect(page.get_by_role("img", name="A skeleton that moves").first).to_be_visible()
    slider = page.locator("#path input[type=range]")
    page.wait_for_function("document.querySelector('#path canvas').width > 0")
    expect(page.locator(".picture img").first).to_be_visible(timeout=90_000)
    expect(page.locator("video:visible").first).to_be_visible(timeout=90_000)  # the blended clip is there: all is quiet
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "queue/join" in request.url else None)
    before = page.locator("#path canvas").screenshot()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    page.wait_for_timeout(150)
    assert float(slider.input_value()) > 80
    assert page.locator("#path canvas").screenshot() != before
    assert canvas_moves(page, "#path canvas")
    assert not asked
    assert len(Motion.load(taken_home(page, ".bvh", tmp_path))) == 240


def test_a_style_is_moved_onto_a_motion(page):
    page.get_by_role("tab", name="Style editing").click()
    page.get_by_role("button", name="like an old person", exact=True).click()
    expect(page.get_by_label("To", exact=True).locator("visible=true")).to_have_value(
        "walk like an old person", timeout=30_000
    )
    page.locator("#edit").click()
    expect(page.locator("video:visible").first).to_be_visible(timeout=60_000)
    assert canvas_moves(page, "#pair canvas")


def test_a_motion_of_ones_own_is_edited_as_strongly_as_the_slider_says(page, tmp_path):
    clip = Path(synthetic_motion(frames=90).save(tmp_path / "mine.bvh"))
    page.get_by_role("tab", name="Style editing").click()
    page.get_by_role("button", name="… or a file, or a known motion").locator("visible=true").click()
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(clip)
    expect(page.get_by_role("cell", name="mine.bvh").locator("visible=true").first).to_be_visible(timeout=30_000)
    page.get_by_label("From", exact=True).locator("visible=true").fill("walk")
    page.get_by_label("To", exact=True).locator("visible=true").fill("walk proudly")
    slider = page.get_by_label("range slider for Strength").locator("visible=true")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2, steps=5)  # of −2 to 3: 0
    page.mouse.up()
    assert abs(float(slider.input_value())) < 0.35
    page.locator("#edit").click()
    little = Motion.load(taken_home(page, ".npz", tmp_path))
    before = Motion.load(clip)
    assert len(little) == 90 and np.abs(little.joints() - before.joints()).mean() < 0.05


def test_a_motion_capture_file_is_read(page, tmp_path):
    clip = synthetic_motion(frames=120).save(tmp_path / "clip.bvh")
    page.get_by_role("tab", name="Recognition").click()
    page.locator("input[type=file]").last.set_input_files(clip)
    expect(page.get_by_role("cell", name="clip.bvh").first).to_be_visible(timeout=30_000)
    page.locator("#recognize").click()
    expect(page.get_by_text("What, from when to when").first).to_be_visible(timeout=90_000)
    model = pygltflib.GLTF2().load(str(taken_home(page, ".glb", tmp_path)))
    assert model.accessors[model.animations[0].samplers[0].input].count == 120


def test_a_bad_file_is_told_and_the_page_lives_on(page, tmp_path):
    bad = tmp_path / "dog.bvh"
    bad.write_text("HIERARCHY\nwoof")
    page.get_by_role("tab", name="Recognition").click()
    page.locator("input[type=file]").last.set_input_files(bad)
    expect(page.get_by_role("cell", name="dog.bvh").first).to_be_visible(timeout=30_000)
    page.locator("#recognize").click()
    expect(page.get_by_text("MOTION: is missing").first).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Text to motion").click()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_text("Known:")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tab_fits_the_window_and_can_be_read_by_all(page, app_url, width, theme):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app_url}/?__theme={theme}")
    expect(page.get_by_role("button", name="Generate")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Known:")).to_be_visible(timeout=60_000)
    page.wait_for_function("document.querySelectorAll('a.download-link').length >= 5", timeout=90_000)
    for tab in TABS:
        open_tab(page, tab)
        page.wait_for_timeout(700)
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found] == []


def open_tab(page, name):
    """By its button, or in a narrow window from the menu that holds those that don't fit."""
    tab = page.get_by_role("tab", name=name)
    if not tab.locator("visible=true").count():
        page.locator(".overflow-menu > button").first.click()
        page.locator(".overflow-dropdown button", has_text=name).click()
    else:
        tab.locator("visible=true").first.click()


def test_the_keyboard_suffices(page):
    prompt = page.get_by_label("What should the body do?")
    expect(page.get_by_text("Known:")).to_be_visible(timeout=60_000)
    prompt.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("quantum chromodynamics")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "generate"
    page.keyboard.press("Enter")
    expect(page.get_by_text("A guess:")).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Text to motion").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("From", exact=True).locator("visible=true")).to_be_visible(timeout=30_000)


def test_the_last_generated_motion_is_read(page):
    expect(page.locator("a[download]", has_text=re.compile(r"KB|MB")).first).to_be_visible(timeout=90_000)
    page.get_by_role("tab", name="Recognition").click()
    page.get_by_role("button", name="Use the last generated motion").click()
    expect(page.get_by_role("tabpanel").get_by_text("motion").locator("visible=true").first).to_be_visible()
    page.wait_for_timeout(2000)
    page.locator("#recognize").click()
    expect(page.get_by_role("heading", name="zombie walk").locator("visible=true").first).to_be_visible(timeout=60_000)
