"""The page in a real browser: what a visitor sees and does on every tab."""

import json
import os
import sys
import time
from pathlib import Path

import characters
import httpx
import imageio_ffmpeg
import numpy as np
import pygltflib
import pytest
import roma
import smpl_bodies
import torch
from axe_playwright_python.sync_playwright import Axe
from conftest import synthetic_motion
from playwright.sync_api import Page, expect

from demo import character_store as store
from demo.stage import STATIC
from motionclip import Motion, links
from motionclip.errors import LinkError
from motionclip.files import gltf
from motionclip.viz.bodies import SMPLBody, wooden_figure

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from served import BROWSER, chromium  # noqa: E402

TABS = {
    "Text": "text-stage", "Between": "path-stage", "Style": "style-stage", "Read": "read-stage", "Map": "map-stage",
}  # fmt: skip
LONG = 180_000  # milliseconds that anything may take on a busy machine without a GPU
expect.set_options(timeout=30_000)

if BROWSER is None and os.environ.get("CI"):
    raise RuntimeError("these tests need chromium: apt-get install chromium")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser, app_url):
    page = browser.new_page(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    page.set_default_timeout(LONG)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(app_url)
    moving(page)
    yield page
    assert not problems
    page.close()


NO_WEBGL = """
  const get = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
    return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
  };
"""


@pytest.fixture
def flat(browser, app_url):
    """Opens the page without WebGL, which is sooner drawn where no GPU is."""
    opened = []

    def show(width: int = 1440, height: int = 900, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        opened.append(context)
        page = context.new_page()
        page.set_default_timeout(LONG)
        page.add_init_script(NO_WEBGL)
        page.goto(app_url)
        moving(page)
        return page

    yield show
    for context in opened:
        context.close()


def moving(page: Page, stage: str = "text-stage", name: str = "") -> None:
    """Wait until a stage shows a scene, of that name, and has drawn it."""
    page.wait_for_function(
        "([stage, name]) => { const s = window.motionStage?.(stage); "
        "return s?.latency > 0 && !s.began && (!name || s.scene.name === name); }",
        arg=[stage, name],
        timeout=LONG,
    )


def of_stage(page: Page, expression: str, stage: str = "text-stage"):
    """What JavaScript says of a stage, called `s`."""
    return page.evaluate(f"(name) => {{ const s = window.motionStage(name); return {expression}; }}", stage)


def ask(page: Page, prompt: str) -> None:
    """Type a prompt, press Enter, and wait for the figure."""
    page.locator("#prompt textarea").fill(prompt)
    page.keyboard.press("Enter")
    moving(page, name=prompt)


def give(page: Page, end: str, by: str) -> None:
    """Switch an end, by the elem_id of its words, to "words", "file" or "map"."""
    page.locator(f".end:has(#{end}) .by label", has_text=by).click()


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).locator("visible=true").first.click()


def test_something_moves_when_the_page_opens_and_enter_changes_it(page):
    expect(page.get_by_text("Known: zombie walk.")).to_be_visible()
    before = of_stage(page, "s.timeline.time")
    page.wait_for_function("(before) => window.motionStage('text-stage').timeline.time !== before", arg=before)
    ask(page, "Spiderman in action!")
    expect(page.get_by_text("A guess:")).to_be_visible()
    page.get_by_role("button", name="Another take").click()
    page.wait_for_function("window.motionStage('text-stage').scene.request.seed === 1")


@pytest.mark.parametrize(("width", "height"), [(1440, 1000), (768, 1024), (390, 844)])
def test_the_first_figure_moves_before_gradio_is_there_and_stays_in_its_place(browser, app_url, width, height):
    page, held = browser.new_page(viewport={"width": width, "height": height}), []
    page.set_default_timeout(LONG)
    page.route("**/assets/index-*.js", lambda route: held.append(route))
    page.goto(app_url, wait_until="commit")
    page.wait_for_function("window.openingStage?.moving")
    picture, frame = page.locator("#text-stage .picture"), page.locator("#opening .picture").bounding_box()
    (first,) = held
    first.continue_()
    moving(page)
    expect(page.locator("#opening")).to_have_count(0)
    expect(page.locator(".strip:not(.gallery) .tile")).to_have_count(1)
    assert picture.bounding_box() == frame
    page.close()


def test_after_a_mistake_the_stage_keeps_what_it_had(page):
    page.locator("#prompt textarea").fill("   ")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .words")).to_contain_text("The box is empty")
    page.wait_for_function("!document.querySelector('#text-stage .stage').classList.contains('busy')")
    assert of_stage(page, "s.scene.name") == "a person walks like a zombie"
    ask(page, "kick")
    expect(page.get_by_text("Known:")).to_be_visible()


def test_the_last_request_counts_and_a_lost_one_is_told(flat):
    page, held = flat(), []

    def hold(route):
        content = route.request.post_data or ""
        if "walk slowly" in content and "play" in content:
            held.append(route)
        elif "kick" in content and "play" in content:
            route.abort()
        else:
            route.continue_()

    page.route("**/component_server/", hold)
    with page.expect_request(lambda request: "walk slowly" in (request.post_data or "")):
        page.locator("#prompt textarea").fill("walk slowly")
        page.keyboard.press("Enter")
    expect(page.get_by_text("making “walk slowly” …")).to_be_visible()
    ask(page, "jump")
    (late,) = held
    with page.expect_response(lambda response: "walk slowly" in (response.request.post_data or "")):
        late.continue_()
    page.wait_for_timeout(300)
    assert of_stage(page, "s.scene.name") == "jump"
    page.locator("#prompt textarea").fill("kick")
    page.keyboard.press("Enter")
    expect(page.locator(".answer .words")).to_contain_text("That didn't work")
    page.wait_for_function("!document.querySelector('#text-stage .stage').classList.contains('busy')")
    assert of_stage(page, "s.scene.name") == "jump"


@pytest.mark.parametrize(("late", "by"), [("answer.js", "Enter"), ("mount.js", "button")])
def test_what_is_asked_before_the_pages_scripts_are_there_is_made_when_they_are(browser, app_url, late, by):
    page, held = browser.new_page(), []
    page.set_default_timeout(LONG)
    page.add_init_script(NO_WEBGL)
    page.route(f"**/{late}", lambda route: held.append(route))
    page.goto(app_url, wait_until="domcontentloaded")
    box, button = page.locator("#prompt textarea"), page.locator("#generate")
    box.wait_for()
    page.wait_for_timeout(1500)
    box.fill("kick")
    button.click() if by == "button" else box.press("Enter")
    if late == "answer.js":
        expect(button).to_have_attribute("aria-busy", "true")
    for route in held:
        route.continue_()
    moving(page, name="kick")
    assert button.get_attribute("aria-busy") is None
    page.close()


def test_a_part_of_the_page_that_does_not_arrive_says_so_and_a_click_loads_it(browser, app_url):
    page = browser.new_page()
    page.set_default_timeout(LONG)
    page.add_init_script(NO_WEBGL)
    page.route("**/takes.js", lambda route: route.abort())
    page.goto(app_url)
    expect(page.get_by_text("This part of the page didn’t arrive.")).to_be_visible(timeout=LONG)
    page.unroute("**/takes.js")
    page.get_by_role("link", name="Reload the page").click()
    page.get_by_role("button", name="Four takes").wait_for()
    page.close()


def test_a_pause_in_typing_makes_the_motion_ahead_and_enter_shows_it(flat):
    page, asked = flat(), []
    page.on("request", lambda request: asked.append(request) if '"play"' in (request.post_data or "") else None)
    box = page.locator("#prompt textarea")

    def type_and_pause(prompt):
        with page.expect_response(lambda response: '"play"' in (response.request.post_data or "")):
            box.fill(prompt)

    page.locator("#completions").wait_for(state="attached")  # what is typed before is not made ahead
    type_and_pause("kick")
    page.wait_for_timeout(300)
    assert of_stage(page, "s.scene.name") == "a person walks like a zombie"
    box.press("Enter")
    moving(page, name="kick")
    assert len(asked) == 1
    type_and_pause("jump")
    page.locator("#seconds input[type=number]").fill("3")
    box.press("Enter")
    moving(page, name="jump")
    assert of_stage(page, "s.timeline.frames") == 90 and len(asked) == 3


def test_what_is_typed_is_completed_and_what_was_meant_is_offered(page):
    box = page.locator("#prompt textarea")
    box.fill("")
    box.press_sequentially("walk, then back", delay=20)
    first = page.locator("#completions li").first
    expect(first).to_contain_text("walk, then back")
    page.keyboard.press("ArrowDown")
    words = first.inner_text()
    page.keyboard.press("Enter")
    moving(page, name=words)
    ask(page, "quantum chromodynamics")
    other = page.locator(".meant button").first
    words = other.inner_text()
    other.click()
    moving(page, name=words)
    expect(page.locator("#prompt textarea")).to_have_value(words)


def taken_home(page: Page, kind: str, folder: Path) -> Path:
    """Click the button for a kind of file on the tab that is open, and keep what the browser gets."""
    button = page.locator(f"[data-kind={kind}]:visible").first
    with page.expect_download() as download:
        button.click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_what_moves_when_the_page_opens_can_be_taken_home(page, tmp_path):
    assert len(Motion.load(taken_home(page, "npz", tmp_path))) == of_stage(page, "s.timeline.frames") > 60


def test_the_files_can_be_taken_home_and_the_video_plays(page, tmp_path):
    ask(page, "jump")
    npz, bvh, model, gif = (taken_home(page, kind, tmp_path) for kind in ("npz", "bvh", "glb", "gif"))
    motion = Motion.load(npz)
    assert len(motion) == of_stage(page, "s.timeline.frames")
    assert np.abs(Motion.load(bvh).joints() - motion.joints()).max() < 0.001
    assert len(pygltflib.GLTF2().load(str(model)).animations[0].channels) == 25
    page.locator("[data-kind=mp4]:visible").click()
    expect(page.locator("video:visible")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the video").click()
    film = tmp_path / "film.mp4"
    download.value.save_as(film)
    for path in (film, gif):
        pictures = np.stack(list(frames_of(path)))
        assert len(pictures) >= 59 and np.abs(np.diff(pictures.astype(int), axis=0)).max() > 50


def frames_of(path: Path):
    """The (height, width, 3) pictures of a video."""
    reader = imageio_ffmpeg.read_frames(str(path))
    width, height = next(reader)["size"]
    for picture in reader:
        yield np.frombuffer(picture, np.uint8).reshape(height, width, 3)


def test_the_keyboard_plays(page):
    stage = page.locator("#text-stage .stage")
    stage.focus()
    page.keyboard.press("Space")
    assert not of_stage(page, "s.timeline.playing")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert round(of_stage(page, "s.timeline.frame"), 3) == 2
    page.keyboard.press("ArrowLeft")
    said = f"0.03 seconds, frame 2 of {of_stage(page, 's.timeline.frames')}"
    expect(page.locator("#text-stage .scrub")).to_have_attribute("aria-valuetext", said)
    page.keyboard.press("f")
    assert not of_stage(page, "s.follow")
    page.keyboard.press("Space")
    assert of_stage(page, "s.timeline.playing")
    page.locator("#text-stage select").select_option("0.25")
    assert of_stage(page, "s.timeline.speed") == 0.25


@pytest.mark.parametrize("tab", ["Text", "Between", "Read"])
def test_what_has_the_keyboard_is_seen(flat, tab):
    page = flat()
    open_tab(page, tab)
    page.locator(f"#{TABS[tab]} .stage").wait_for()
    page.wait_for_timeout(500)
    page.evaluate("document.activeElement.blur()")
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        what, style, width = page.evaluate("""() => {
          const e = document.activeElement, shows = getComputedStyle(e).opacity === "0" ? e.closest("label") : e;
          const { outlineStyle, outlineWidth } = getComputedStyle(shows);
          return [e === document.body ? "" : e.outerHTML.slice(0, 300), outlineStyle, parseFloat(outlineWidth)];
        }""")
        if not what:
            break
        assert style == "solid" and width >= 2, what
        seen.add(what)
    assert len(seen) > 20


def test_what_else_to_show_follows_its_button_and_escape_gives_it_back(page):
    more = page.get_by_role("button", name="What else to show")
    more.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#text-stage").get_by_label("Path on the floor")).to_be_focused()
    page.keyboard.press("Space")
    assert of_stage(page, "s.options.path")
    page.keyboard.press("Escape")
    expect(page.locator("#text-stage .menu")).to_be_hidden()
    expect(more).to_be_focused()


def test_keys_zoom_and_turn_the_view(flat):
    page = flat()
    stage = page.locator("#text-stage .stage")
    yaw = of_stage(page, "s.view.yaw")
    for key in ("+", "+", "-", "t"):
        stage.press(key)
    assert of_stage(page, "s.view.zoom") == pytest.approx(0.8)
    assert of_stage(page, "s.view.yaw") == pytest.approx(yaw + np.pi / 12)
    stage.press("Shift+T")
    assert of_stage(page, "s.view.yaw") == pytest.approx(yaw)


def test_full_screen_fits_and_is_left_with_its_button(page):
    full = page.locator("#text-stage").get_by_role("button", name="Full screen")
    full.press("Enter")
    page.wait_for_function("document.fullscreenElement?.matches('.stage')")
    page.wait_for_timeout(500)
    picture, bar = (page.locator(f"#text-stage {part}").bounding_box() for part in (".picture", ".bar"))
    assert picture["y"] == 0 and picture["width"] == page.evaluate("innerWidth")
    assert bar["y"] + bar["height"] == pytest.approx(page.evaluate("innerHeight"), abs=1)
    ((top, bottom),) = of_stage(page, "(s.draw(), s.spans())")
    assert 0.3 < bottom - top < 0.7
    page.get_by_role("button", name="Leave full screen (Esc)").press("Enter")
    page.wait_for_function("!document.fullscreenElement")
    expect(full).to_be_visible()


def test_where_there_is_no_full_screen_there_is_no_button(browser, app_url):
    page = browser.new_page()
    page.add_init_script(NO_WEBGL + "Object.defineProperty(document, 'fullscreenEnabled', { value: false });")
    page.goto(app_url)
    moving(page)
    expect(page.locator("#text-stage .bar")).to_be_visible()
    expect(page.locator("#text-stage [title='Full screen']")).to_be_hidden()
    page.close()


def test_the_view_is_turned_by_dragging_and_the_picture_shows_it(page):
    page.locator("#text-stage .stage").focus()
    page.keyboard.press("Space")
    canvas = page.locator("#text-stage canvas")
    box = canvas.bounding_box()
    still = canvas.screenshot()
    yaw = of_stage(page, "s.view.yaw")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    assert abs(of_stage(page, "s.view.yaw") - yaw) > 0.5
    page.wait_for_timeout(500)
    assert canvas.screenshot() != still
    page.get_by_role("button", name="Front", exact=True).click()
    page.wait_for_function("Math.abs(Math.sin(window.motionStage('text-stage').view.yaw)) < 0.01")


def test_a_runner_stays_large_in_every_frame(page, app_url):
    page.goto(f"{app_url}/?prompt=run&seconds=6.5")
    moving(page, name="run")
    shares = of_stage(
        page,
        "Array.from({length: s.timeline.frames}, (_, n) => "
        "{ s.seek(n / 30); s.draw(); const [[top, bottom]] = s.spans(); "
        "return [top, bottom, Math.hypot(...s.poses[0].root)]; })",
    )
    assert len(shares) == 195
    assert all(0.3 < bottom - top < 0.7 and top > 0 and bottom < 1 for top, bottom, _ in shares)
    assert shares[-1][2] > 5  # it does run away


def test_options_change_the_picture(page):
    page.locator("#text-stage .stage").focus()
    page.keyboard.press("Space")
    page.keyboard.press("End")
    canvas = page.locator("#text-stage canvas")
    seen = [canvas.screenshot()]
    page.get_by_role("button", name="What else to show").click()
    for option in ("Path on the floor", "Footprints", "Poses before and after", "Skeleton"):
        page.locator("#text-stage").get_by_label(option, exact=True).check()
        page.wait_for_timeout(400)
        seen.append(canvas.screenshot())
    assert len(set(seen)) == 5
    with page.expect_download() as download:
        page.get_by_role("button", name="Still picture (PNG)").click()
    assert download.value.suggested_filename.endswith(".png")


def test_the_slider_mixes_rotations_without_asking_the_server(page, tmp_path):
    open_tab(page, "Between")
    page.get_by_role("button", name="walk → dance salsa").click()
    moving(page, "path-stage")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "gradio_api" in request.url else None)
    slider = page.locator("#path-stage .slider input")
    lengths = []
    for value in ("0", "0.33", "0.77", "1"):
        slider.fill(value)
        page.wait_for_function(
            "(value) => { const s = window.motionStage('path-stage'); return s.mixed === value && !s.dirty; }",
            arg=float(value),
        )
        lengths.append(
            of_stage(
                page,
                "[[1, 4], [4, 7], [16, 18], [18, 20], [12, 15]].map(([a, b]) => { const p = s.view.figures[1].points; "
                "return Math.hypot(...[0, 1, 2].map((n) => p[3 * a + n] - p[3 * b + n])); })",
                "path-stage",
            )
        )
    assert not asked
    assert np.ptp(lengths, axis=0).max() < 0.01 * np.min(lengths)
    assert len(Motion.load(taken_home(page, "bvh", tmp_path))) == 60
    page.locator("[data-kind=bvh]:visible").nth(1).scroll_into_view_if_needed()
    with page.expect_download() as download:
        page.locator("[data-kind=bvh]:visible").nth(1).click()
    download.value.save_as(tmp_path / "blend.bvh")
    assert len(Motion.load(tmp_path / "blend.bvh")) == 240


def test_a_style_is_moved_onto_a_motion_of_ones_own_as_strongly_as_the_slider_says(page, tmp_path):
    clip = Path(synthetic_motion(frames=90).save(tmp_path / "mine.bvh"))
    open_tab(page, "Style")
    give(page, "style-base", "file")
    page.locator("[role=tabpanel]:visible input[type=file]:not([hidden])").first.set_input_files(clip)
    expect(page.get_by_role("cell", name="mine.bvh").locator("visible=true").first).to_be_visible()
    page.locator("#style-from textarea").fill("walk")
    page.locator("#style-to textarea").fill("walk proudly")
    page.locator("#edit").click()
    moving(page, "style-stage")
    assert of_stage(page, "s.parts.length", "style-stage") == 2
    page.locator("#style-stage .slider input").fill("0")
    before, little = Motion.load(clip), Motion.load(taken_home(page, "npz", tmp_path))
    assert len(little) == 90 and np.abs(little.joints() - before.joints()).max() < 0.01
    page.locator("#style-stage .slider input").fill("1")
    much = Motion.load(taken_home(page, "npz", tmp_path))
    assert np.abs(much.joints() - before.joints()).mean() > 0.01


def test_a_long_file_is_read_in_stretches_and_a_click_goes_there(page, tmp_path):
    walk, squat = synthetic_motion(frames=120), synthetic_motion("squat", 120)
    both = Motion(np.concatenate([walk.poses, squat.poses]), np.concatenate([walk.translation, squat.translation]))
    clip = both.save(tmp_path / "clip.bvh")
    open_tab(page, "Read")
    page.locator("[role=tabpanel]:visible input[type=file]:not([hidden])").first.set_input_files(clip)
    expect(page.get_by_role("cell", name="clip.bvh").locator("visible=true").first).to_be_visible()
    page.locator("#recognize").click()
    moving(page, "read-stage")
    assert of_stage(page, "s.timeline.frames", "read-stage") == 240
    stretches = page.locator("#read-stage .segments button")
    assert stretches.count() >= 2
    page.evaluate("window.motionStage('read-stage').toggle()")
    stretches.last.click()
    assert of_stage(page, "s.timeline.time", "read-stage") > 1
    assert page.locator(".bars li").count() == 5


def test_a_prompts_steps_are_coloured_and_a_click_or_a_key_goes_there(flat):
    page = flat()
    ask(page, "walk, then sit down, then wave")
    stretches = page.locator("#text-stage .segments button")
    expect(stretches).to_have_text(["walk", "sit down", "wave"])
    page.evaluate("window.motionStage('text-stage').toggle()")
    start = of_stage(page, "s.scene.segments[1].start")
    stretches.nth(1).click()
    assert of_stage(page, "s.timeline.time") == start >= 2
    stretches.nth(2).press("Enter")
    assert of_stage(page, "s.timeline.time") == of_stage(page, "s.scene.segments[2].start") > start
    ask(page, "walk")
    expect(stretches).to_have_count(0)


def test_a_bad_file_is_told_and_the_page_lives_on(page, tmp_path):
    bad = tmp_path / "dog.bvh"
    bad.write_text("HIERARCHY\nwoof")
    open_tab(page, "Read")
    page.locator("[role=tabpanel]:visible input[type=file]:not([hidden])").first.set_input_files(bad)
    expect(page.get_by_role("cell", name="dog.bvh").locator("visible=true").first).to_be_visible()
    page.locator("#recognize").click()
    expect(page.get_by_text("MOTION: is missing").first).to_be_visible()
    open_tab(page, "Text")
    ask(page, "bow")
    expect(page.get_by_text("Known:")).to_be_visible()


def test_the_first_tabs_motion_is_read(page, tmp_path):
    open_tab(page, "Read")
    page.get_by_role("button", name="Use the motion of the first tab").click()
    expect(page.get_by_role("cell", name="motion.npz").locator("visible=true").first).to_be_visible()
    page.locator("#recognize").click()
    moving(page, "read-stage")
    expect(page.locator(".bars li").first).to_contain_text("zombie walk")
    assert len(Motion.load(taken_home(page, "bvh", tmp_path))) == of_stage(page, "s.timeline.frames", "text-stage")


def test_own_labels_stay_in_the_browser(page):
    open_tab(page, "Read")
    page.get_by_label("my own list").check()
    box = page.locator("#own-labels textarea")
    box.press_sequentially("sleepwalking")
    page.reload()  # the tab stays
    page.get_by_label("my own list").check()
    expect(page.locator("#own-labels textarea")).to_have_value("sleepwalking")


# The share of a small picture's height in which some pixel has a figure's colour: floor and sky are nearly grey.
HEIGHT = """(canvas) => {
  const { width, height } = canvas, rows = new Set();
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  for (let n = 0; n < data.length; n += 4) {
    const colour = [data[n], data[n + 1], data[n + 2]];
    if (Math.max(...colour) - Math.min(...colour) > 70) rows.add(Math.floor(n / 4 / width));
  }
  return rows.size / height;
}"""


@pytest.mark.parametrize("webgl", [True, False])
def test_small_pictures_show_the_figure(browser, app_url, webgl):
    page = browser.new_page()
    page.set_default_timeout(LONG)
    page.add_init_script("" if webgl else NO_WEBGL)
    page.goto(app_url)
    moving(page)
    page.locator("#four-takes").click()
    expect(page.locator(".tiles canvas")).to_have_count(4)
    open_tab(page, "Map")
    moving(page, "map-stage")
    box = page.locator("#map .chart").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2 - 5)
    for step in range(60):
        page.mouse.move(box["x"] + box["width"] / 2 + 3 * step, box["y"] + box["height"] / 2)
        if page.locator("#map .tip").is_visible():
            break
    page.locator("#map .tip canvas").wait_for()
    page.wait_for_timeout(500)
    small = [*page.locator(".tiles canvas").all(), page.locator("#map .tip canvas")]
    assert all(0.4 < picture.evaluate(HEIGHT) < 0.95 for picture in small)
    page.close()


def test_four_takes_and_the_strip_of_this_visit(page):
    made = page.locator(".strip:not(.gallery) .tile")
    ask(page, "kick")
    # What is replaced before the eye has seen it, as while one types, does not come onto the strip.
    expect(made.first).to_contain_text("kick")
    before = made.count()
    page.locator("#four-takes").click()
    tiles = page.locator(".tiles .tile")
    expect(tiles.nth(3)).to_be_visible()
    tiles.nth(1).click()
    page.wait_for_function("window.motionStage('text-stage').scene.request.seed === 2")
    expect(made).to_have_count(before + 1)
    expect(made.first).to_have_attribute("title", "kick, take 2")
    page.reload()
    moving(page)
    expect(made.nth(before)).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
def test_four_takes_come_onto_the_stage_in_step_beside_or_in_one_place(flat, width):
    page = flat(width)
    page.locator("#four-takes").click()
    tiles = page.locator(".tiles .tile")
    expect(tiles).to_have_count(4)
    page.get_by_role("button", name="All side by side").press("Enter")
    name = "Four takes of “a person walks like a zombie”"
    moving(page, name=name)
    expect(page.locator(".answer .words")).to_have_text(f"{name}.")
    expect(page.locator("#text-stage .names span")).to_have_text([f"Take {seed}" for seed in range(1, 5)])
    feet = of_stage(page, "(s.draw(), s.view.feet.map(([x]) => x))")
    assert feet == sorted(feet) and min(feet) > 0 and max(feet) < 1
    assert np.diff(feet).min() * of_stage(page, "s.picture.clientWidth") > 30
    page.locator("[data-kind=npz]:visible").click()
    expect(page.get_by_text("These are four motions: click the take that you want.")).to_be_visible()
    page.locator("#copy-link").click()
    expect(page.get_by_text("A link gives one motion: show one.")).to_be_visible()
    page.get_by_role("button", name="All in one place").click()
    page.wait_for_function("window.motionStage('text-stage').scene.layout === 'together'")
    assert of_stage(page, "s.places") == [[0, 0]] * 4
    expect(tiles).to_have_count(4)
    tiles.nth(2).click()
    moving(page, name="a person walks like a zombie")
    assert of_stage(page, "s.scene.request.seed") == 3
    expect(page.get_by_text("Known: zombie walk.")).to_be_visible()


def test_back_returns_to_the_tab_before_and_a_reload_stays(flat, app_url):
    page = flat()
    length = page.evaluate("history.length")
    selected = page.locator("[role=tab][aria-selected=true]").locator("visible=true")
    for tab, more in (("Between", 1), ("Map", 2), ("Map", 2)):
        open_tab(page, tab)
        expect(selected).to_have_text(tab)
        page.wait_for_function("(length) => history.length === length", arg=length + more)
    page.reload()
    expect(selected).to_have_text("Map")
    for step, tab in (("back", "Between"), ("back", "Text"), ("forward", "Between")):
        page.evaluate(f"history.{step}()")
        expect(selected).to_have_text(tab)
    expect(page.locator("#path-stage .stage")).to_be_visible()
    page.get_by_role("button", name="walk → dance salsa").click()
    moving(page, "path-stage")
    assert "#" not in copied(page, "copy-between-link")
    # A link's tab is where a visit begins.
    page.goto(f"{app_url}/?tab=style&base=bow&from=walk&to=walk+proudly")
    moving(page, "style-stage", "bow: walk to walk proudly")
    length = page.evaluate("history.length")
    open_tab(page, "Text")
    page.wait_for_function("(length) => history.length === length", arg=length + 1)
    page.go_back()
    expect(selected).to_have_text("Style")
    open_tab(page, "Read")
    expect(selected).to_have_text("Read")
    page.wait_for_function("location.hash === '#tab=read'")
    page.reload()
    expect(selected).to_have_text("Read")
    page.goto(f"{app_url}/?prompt=bow#tab=none")
    moving(page, name="bow")
    expect(selected).to_have_text("Text")


def test_a_link_stays_in_the_address_when_another_tab_is_opened(flat, app_url):
    page = flat()
    page.goto(f"{app_url}/?prompt=bow&seed=5")
    moving(page, name="bow")
    open_tab(page, "Map")
    expect(page.locator("#map .chart")).to_be_visible()
    page.reload()
    page.wait_for_function("window.motionStage?.('text-stage')?.scene?.request?.seed === 5")
    expect(page.locator("#map .chart")).to_be_visible()


@pytest.mark.parametrize("width", [360, 768])
def test_a_box_for_a_file_shows_its_words_and_the_files_name(flat, width):
    page = flat(width, 844)
    open_tab(page, "Between")
    give(page, "to-words", "file")
    within = """(part) => {
      const words = document.createRange(), box = part.closest(".by-file").getBoundingClientRect();
      words.selectNodeContents(part);
      const inside = (r) => r.top >= box.top && r.bottom <= box.bottom && r.right <= box.right;
      return [...words.getClientRects()].every(inside);
    }"""
    end = page.locator(".end:has(#to-words) .by-file")
    label, words = end.locator("label"), end.locator("[data-testid=upload-text]")
    assert label.evaluate(within) and words.evaluate(within)
    heading, below = label.bounding_box(), words.bounding_box()
    assert heading["y"] + heading["height"] <= below["y"] + 25  # that far down its words begin
    end.locator("input[type=file]").set_input_files({"name": "a.bvh", "mimeType": "text/plain", "buffer": b"x"})
    assert end.locator(".filename").evaluate(within)


def test_a_link_gives_the_motion_again_or_says_what_is_wrong(page, app_url):
    page.goto(f"{app_url}/?prompt=bow&seed=5&seconds=3&model=default")
    moving(page, name="bow")
    assert of_stage(page, "[s.scene.request.seed, s.timeline.frames]") == [5, 90]
    page.goto(f"{app_url}/?prompt=bow&seed=-7&model=other")
    moving(page, name="bow")
    expect(page.get_by_text("seed must be a whole number")).to_be_visible()
    expect(page.get_by_text("not “other”")).to_be_visible()


def test_what_is_wrong_with_a_link_stands_under_the_prompt(flat, app_url):
    page = flat(390, 844)
    page.goto(f"{app_url}/?prompt=bow&seed=abc")
    moving(page, name="bow")
    expect(page.get_by_text("seed must be a whole number")).to_be_in_viewport()
    page.locator("#prompt textarea").press("x")
    expect(page.get_by_text("seed must be a whole number")).to_have_count(0)


def copied(page: Page, button: str) -> str:
    """The address that a button for links gives where there is no clipboard."""
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})")
    page.locator(f"#{button}").click()
    return page.get_by_role("link", name="here").locator("visible=true").get_attribute("href")


@pytest.mark.parametrize(
    ("query", "stage", "name", "value", "button"),
    [
        ("tab=between&from=kick&to=bow&seconds=3&seed=2&amount=0.25", "path-stage", "kick to bow", 0.25, "between"),
        ("tab=style&base=bow&from=walk&to=walk+proudly&strength=-0.5", "style-stage", "bow: walk to walk proudly",
         -0.5, "style"),
    ],
)  # fmt: skip
def test_a_link_opens_a_tab_with_what_was_seen_there(flat, app_url, query, stage, name, value, button):
    page = flat()
    page.goto(f"{app_url}/?{query}")
    moving(page, stage, name)
    page.wait_for_function(f"window.motionStage('{stage}').mixed === {value}")
    expect(page.locator(f"#{stage} .slider input")).to_have_value(str(value))
    assert of_stage(page, "s.timeline.frames", stage) == (90 if button == "between" else 60)
    address = copied(page, f"copy-{button}-link")
    assert set(query.split("&")) | {"model=default"} == set(address.split("?")[1].split("&"))


def test_a_link_gives_ends_of_the_map_again_and_a_file_has_none(flat, app_url, tmp_path):
    page = flat()
    open_tab(page, "Between")
    give(page, "from-words", "map")
    page.locator("#from-words-known textarea").fill("bow #7777777")
    page.locator("#interpolate").click()
    expect(page.locator("#path-stage .word")).to_contain_text("From: there is no known motion")
    page.locator("#from-words-known textarea").fill("kick")
    page.locator("#interpolate").click()
    moving(page, "path-stage", "kick to dance salsa")
    address = copied(page, "copy-between-link")
    assert "from_known=kick" in address and "&to=dance+salsa" in address
    before = of_stage(page, "s.scene.figures[0].motions", "path-stage")
    page.goto("about:blank")
    page.goto(address)
    moving(page, "path-stage", "kick to dance salsa")
    assert of_stage(page, "s.scene.figures[0].motions", "path-stage") == before
    expect(page.locator(".end:has(#from-words) .by-map")).to_be_visible()
    synthetic_motion(frames=40).save(tmp_path / "mine.npz")
    give(page, "to-words", "file")
    page.locator(".end:has(#to-words) input[type=file]").set_input_files(tmp_path / "mine.npz")
    page.locator("#interpolate").click()
    moving(page, "path-stage", "kick to mine")
    page.locator("#copy-between-link").click()
    expect(page.get_by_text("An end from a file has no link.")).to_be_visible()


def test_a_bad_link_of_a_tab_is_told_there(flat, app_url):
    page = flat(390, 844)
    page.goto(f"{app_url}/?tab=between&from=kick&to=bow&amount=7")
    expect(page.get_by_text("The link: amount must be from 0 to 1, not “7”.")).to_be_visible()
    moving(page, "path-stage", "kick to bow")
    page.goto(f"{app_url}/?tab=map")
    expect(page.get_by_text("The link: tab must be one of between, style, not “map”.")).to_be_visible()


def test_a_storyboard_has_a_link_and_a_bad_one_is_told(flat, app_url):
    page = flat()
    page.get_by_text("Storyboard: several things").click()
    page.locator("#tell").click()
    moving(page, name="walk, then sit down, then wave")
    address = copied(page, "copy-link")
    page.goto(address)
    moving(page, name="walk, then sit down, then wave")
    assert page.locator(".blocks li").count() == 3
    page.goto(f"{app_url}/?storyboard=" + '{"blocks":[{"text":"walk"}]}')
    expect(page.get_by_text("block 1: seconds: is missing")).to_be_visible()
    page.goto(f"{app_url}/?storyboard=woof")
    expect(page.get_by_text("The link's storyboard: is not JSON")).to_be_visible()


def test_without_webgl_the_camera_follows_who_runs_away(flat, app_url):
    page = flat(1440, 1000)
    page.goto(f"{app_url}/?prompt=run&seconds=6.5")
    moving(page, name="run")
    seen = of_stage(
        page,
        "Array.from({length: s.timeline.frames}, (_, n) => "
        "{ s.seek(n / 30); s.draw(); return [...s.spans()[0], ...s.view.feet[0]]; })",
    )
    assert len(seen) == 195 and of_stage(page, "Math.hypot(...s.poses[0].root)") > 5
    assert all(0 < value < 1 for values in seen for value in values)


def test_a_mistake_in_an_end_is_said_on_the_stage_which_keeps_what_it_had(flat):
    page = flat(1440, 1000)
    open_tab(page, "Between")
    words = page.locator("#from-words textarea")
    expect(words).to_have_value("walk")  # before, the tab is not there yet
    page.locator("#interpolate").click()
    moving(page, "path-stage", "walk to dance salsa")
    for wrong, reason in (("", "From: say a motion in words"), ("don't walk", "says what not to do")):
        words.fill(wrong)
        page.locator("#interpolate").click()
        expect(page.locator("#path-stage .word")).to_contain_text(reason)
        page.wait_for_function("!window.motionStage('path-stage').root.classList.contains('busy')")
        assert of_stage(page, "s.scene.name", "path-stage") == "walk to dance salsa"
    words.fill("run")
    page.locator("#interpolate").click()
    moving(page, "path-stage", "run to dance salsa")
    open_tab(page, "Read")
    page.locator("#recognize").click()
    expect(page.locator("#read-stage .word")).to_contain_text("Motion: say a motion")


def test_without_a_connection_the_page_says_so_and_goes_on_when_it_is_back(flat):
    page = flat(1440, 1000)
    page.context.set_offline(True)
    box = page.locator("#prompt textarea")
    box.fill("kick")
    box.press("Enter")
    expect(page.locator(".answer .words")).to_contain_text("the server can't be reached")
    expect(page.locator("#text-stage .word")).to_contain_text("no connection")
    page.context.set_offline(False)
    ask(page, "kick")
    expect(page.locator(".answer .words")).to_have_text("Known: kick.")
    expect(page.locator("#text-stage .word")).not_to_contain_text("connection")


def test_a_storyboard_can_be_changed_by_the_keyboard(flat):
    page = flat(1440, 1000)
    page.get_by_text("Storyboard: several things").click()
    seconds = page.get_by_label("Seconds of block 1")
    seconds.focus()
    for _ in range(2):
        page.keyboard.press("ArrowUp")
    expect(seconds).to_have_value("3")
    expect(seconds).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Later: block 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Later: block 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Words of block 3")).to_be_focused()  # there is no later place
    expect(page.get_by_label("Words of block 3")).to_have_value("walk")
    page.get_by_role("button", name="Remove: block 3").press("Enter")
    expect(page.get_by_role("button", name="Remove: block 2")).to_be_focused()


def test_a_storyboard_is_told_changed_and_kept_as_a_file(page, tmp_path):
    page.get_by_text("Storyboard: several things").click()
    page.locator("#prompt textarea").fill("walk for 1 second, then bow for 2 seconds")
    page.locator("#fill-blocks").click()
    expect(page.locator(".blocks li")).to_have_count(2)
    page.locator("#tell").click()
    page.wait_for_function("window.motionStage('text-stage').timeline.frames === 90")
    assert page.locator("#text-stage .segments button").count() == 2
    page.get_by_role("button", name="Later: block 1").click()
    expect(page.get_by_label("Words of block 1")).to_have_value("bow")
    with page.expect_download() as download:
        page.locator("#save-blocks").click()
    path = tmp_path / "story.json"
    download.value.save_as(path)
    assert [block["text"] for block in json.loads(path.read_text())["blocks"]] == ["bow", "walk"]
    path.write_text('{"blocks": [{"text": "walk", "seconds": 99}]}')
    page.locator(".storyboard input[type=file]").set_input_files(path)
    expect(page.get_by_text("seconds: must be a number from 0.5 to 60")).to_be_visible()
    expect(page.locator(".blocks li")).to_have_count(2)


def put_on(page: Page, path: Path, stage: str = "text-stage") -> None:
    """Choose a character on the tab that is open, and wait until it is on the stage."""
    page.locator("[role=tabpanel]:visible input[aria-label='Your own character']").set_input_files(path)
    page.wait_for_function("(name) => window.motionStage(name).characters.length", arg=stage)


# Where the nodes of a stage's character are at a frame: number in the file → [x, y, z], in the figure's metres.
PLACES = """([stage, figure, frame]) => {
  const s = window.motionStage(stage), found = {};
  s.seek(frame / 30);
  s.draw();
  const { group } = s.characters[figure];
  group.updateMatrixWorld(true);
  group.traverse((part) => {
    const { elements } = part.matrixWorld;
    if (part.isBone) found[part.userData.numberInFile] = [elements[12], elements[13], elements[14]];
  });
  return found;
}"""


def bones_at(page: Page, frame: int, figure: int = 0, stage: str = "text-stage") -> dict[int, np.ndarray]:
    found = page.evaluate(PLACES, [stage, figure, frame])
    return {int(number): np.array(place) for number, place in found.items()}


@pytest.mark.parametrize("kind", ["VRM", "Unreal"])
def test_ones_own_character_moves_on_the_stage_and_goes_home(page, app_url, tmp_path, kind):
    source = characters.write(characters.KINDS[kind], tmp_path)
    ask(page, "jump")
    page.locator("#text-stage .stage").focus()
    page.keyboard.press("Space")
    put_on(page, source)
    expect(page.locator("#text-stage").get_by_label("Your own character", exact=True)).to_be_checked()
    with page.expect_download() as download:
        page.get_by_role("button", name="On your character").locator("visible=true").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.name == f"motion-on-my-character{source.suffix}"
    played, scale = characters.play(path), page.evaluate("window.motionStage('text-stage').characters[0].group.scale.x")
    before = bones_at(page, 0)
    for frame in (0, 20, 59):
        for number, place in bones_at(page, frame).items():
            assert np.abs(scale * played.worlds[frame, number, :3, 3] - place).max() < 0.01
    assert max(np.linalg.norm(place - before[number]) for number, place in bones_at(page, 59).items()) > 0.3
    assert not page.evaluate("window.motionStage('text-stage').view.figures[0].mesh.visible")
    page.locator("#text-stage").get_by_role("button", name="What else to show").click()
    page.locator("#text-stage").get_by_label("Wooden figure").check()
    page.wait_for_function("window.motionStage('text-stage').view.figures[0].mesh.visible")
    assert of_stage(page, "s.characters.length") == 0
    page.locator("#text-stage").get_by_label("Your own character", exact=True).check()
    page.wait_for_function("window.motionStage('text-stage').characters.length")
    ask(page, "kick")
    assert of_stage(page, "s.characters.length") == 1
    assert httpx.get(download.value.url).status_code == 200
    page.reload()
    moving(page)
    assert of_stage(page, "s.characters.length") == 0
    expect(page.get_by_role("button", name="Your own character: GLB or VRM").locator("visible=true")).to_be_visible()
    expect(page.get_by_role("button", name="On your character")).to_have_count(0)
    deadline = time.time() + 120
    while httpx.get(download.value.url).status_code == 200 and time.time() < deadline:
        time.sleep(0.5)
    assert httpx.get(download.value.url).status_code in (403, 404)


def test_every_figure_of_a_scene_is_the_character_and_the_slider_mixes_it(page, tmp_path):
    source = characters.write(characters.MIXAMO, tmp_path)
    put_on(page, source)
    open_tab(page, "Between")
    page.get_by_role("button", name="walk → dance salsa").click()
    moving(page, "path-stage")
    assert of_stage(page, "s.characters.length", "path-stage") == 3
    page.evaluate("window.motionStage('path-stage').toggle()")
    seen, ends = [], [bones_at(page, 30, figure, "path-stage") for figure in (0, 2)]
    for value in ("0", "0.45", "1"):
        page.locator("#path-stage .slider input").fill(value)
        seen.append(bones_at(page, 30, 1, "path-stage"))
    apart = [max(np.linalg.norm(a[n] - b[n]) for n in a) for a, b in ((seen[0], seen[1]), (seen[1], seen[2]))]
    assert min(apart) > 0.02
    for end, found in ((ends[0], seen[0]), (ends[1], seen[2])):
        across = next(iter(found))
        aside = found[across] - end[across]
        assert max(np.linalg.norm(found[n] - end[n] - aside) for n in found) < 0.02
    page.get_by_role("button", name="Remove it").locator("visible=true").click()
    page.wait_for_function("window.motionStage('path-stage').characters.length === 0")
    assert of_stage(page, "s.view.figures.every(({ mesh }) => mesh.visible)", "path-stage")


# The highest and the lowest bone of a stage's character in the picture, from -1 at the bottom to 1 at the top.
IN_PICTURE = """(() => {
  s.draw();
  const heights = [];
  s.characters[0].group.traverse((part) => {
    if (part.isBone) heights.push(part.getWorldPosition(s.view.camera.position.clone()).project(s.view.camera).y);
  });
  return [Math.min(...heights), Math.max(...heights)];
})()"""


@pytest.mark.parametrize("share", [0.1, 3.0])
def test_a_character_of_any_proportions_fills_the_picture(page, tmp_path, share):
    put_on(page, characters.write(characters.on_legs(characters.UNREAL, share), tmp_path))
    low, high = of_stage(page, IN_PICTURE)
    assert low > -0.95 and high < 0.95 and high - low > 0.6


def test_a_character_with_packed_textures_goes_home_unseen_with_the_reason(page, tmp_path):
    document, arrays = characters.character(characters.MIXAMO)
    packed = "KHR_texture_basisu"
    document |= {"extensionsUsed": [packed], "extensionsRequired": [packed],
                 "textures": [{"extensions": {packed: {"source": 0}}}]}  # fmt: skip
    (tmp_path / "me.glb").write_bytes(gltf.packed(document, arrays))
    tab = page.locator("[role=tabpanel]:visible")
    tab.locator("input[type=file][aria-label='Your own character']").set_input_files(tmp_path / "me.glb")
    expect(tab.get_by_text(f"its textures are packed as {packed}: save them as PNG, JPEG or WebP")).to_be_visible()
    expect(tab.get_by_role("button", name="On your character")).to_be_visible()
    assert of_stage(page, "s.view.figures[0].mesh.visible")


def test_a_bad_character_is_told_and_names_that_say_nothing_are_asked_for(page, tmp_path):
    names = {part: f"bone{number}" for number, part in enumerate(characters.UNREAL.names)}
    strange = characters.write(characters.changed(characters.UNREAL, names=names, extra={}), tmp_path, "strange")
    bad = tmp_path / "bad.glb"
    bad.write_bytes(b"glTF")
    (tmp_path / "walk.fbx").write_bytes(b"Kaydara")
    put_on(page, characters.write(characters.VRM, tmp_path))
    tab = page.locator("[role=tabpanel]:visible")
    choose = tab.locator("input[type=file][aria-label='Your own character']")
    for path, words in (
        (bad, "bad.glb: file: is cut off"),
        (tmp_path / "walk.fbx", "walk.fbx: suffix: a character is a .glb or .vrm"),
    ):
        choose.set_input_files(path)
        expect(tab.get_by_text(words)).to_be_visible()
        assert of_stage(page, "s.characters.length") == 1
        expect(tab.get_by_role("button", name="Your own character: me.vrm")).to_be_visible()
    choose.set_input_files(strange)
    box = tab.get_by_label("Map: part = name of its bone")
    expect(box).to_be_visible()
    expect(tab.get_by_text("these could not be placed: pelvis")).to_be_visible()
    form = box.input_value()
    box.fill(form.replace("left_knee =", "left_knee = Knie"))
    tab.get_by_role("button", name="Use these names").click()
    expect(tab.get_by_text("left_knee: there is no joint 'Knie'")).to_be_visible()
    parts = [line.partition("=")[0].strip() for line in form.splitlines() if not line.startswith("#")]
    box.fill("\n".join(f"{part} = {names[part]}" for part in parts))
    tab.get_by_role("button", name="Use these names").click()
    expect(tab.get_by_role("button", name="Your own character: strange.glb")).to_be_visible()
    expect(box).to_be_hidden()
    page.wait_for_function("window.motionStage('text-stage').characters.length === 1")
    # Where the server lost it, the page gives it again.
    store.own_characters.clear()
    ask(page, "jump")
    assert of_stage(page, "s.characters.length") == 1 and not of_stage(page, "s.complaint")


# Some of a figure's vertices as they are drawn, in the figure's metres, at frames; and the lowest of all.
DRAWN = """([frames, some]) => frames.map((frame) => {
  const s = window.motionStage("text-stage");
  s.seek(frame / 30);
  s.draw();
  const { mesh } = s.view.figures[0], place = s.view.target.clone();
  const { count: length } = mesh.geometry.attributes.position;
  const all = Array.from({ length }, (_, n) => mesh.getVertexPosition(n, place).toArray());
  return { some: some.map((n) => all[n]), low: Math.min(...all.map(([, y]) => y)) };
})"""


def test_smpls_body_moves_on_its_own_joints_and_stands(browser, smpl_url, smpl_folder, tmp_path):
    page = browser.new_page(viewport={"width": 1000, "height": 900}, accept_downloads=True)
    page.set_default_timeout(LONG)
    page.goto(smpl_url)
    moving(page)
    ask(page, "sit down")
    page.locator("#text-stage .stage").focus()
    page.keyboard.press("Space")
    motion = Motion.load(taken_home(page, "npz", tmp_path))
    body, wood = SMPLBody(smpl_folder), wooden_figure()
    frames, some = [0, 30, len(motion) - 1], [*range(0, len(wood.vertices), 97)]
    stood = [of["low"] for of in page.evaluate(DRAWN, [frames, some])]
    page.get_by_role("button", name="What else to show").locator("visible=true").click()
    page.locator("#text-stage").get_by_label("SMPL body", exact=True).check()
    page.wait_for_function("window.motionStage('text-stage').surface")
    drawn = page.evaluate(DRAWN, [frames, some])
    # The same as smplx says, at the size whose legs are the wooden figure's.
    scale = 1 / smpl_bodies.WIDER[1]
    turns = roma.rotvec_to_rotmat(torch.from_numpy(motion.poses[frames])).float()
    right = body.vertices(turns, torch.zeros(3, 3)).numpy() * scale + motion.translation[frames][:, None]
    for of, wanted, low in zip(drawn, right, stood, strict=True):
        assert np.abs(np.array(of["some"]) - wanted[some]).max() < 0.004
        assert abs(of["low"] - low) < 0.03
    # Thumbnails outlive the visit: they are of wood.
    small = "s.thumbnail(96, 96, 'image/png')"
    seen = of_stage(page, small)
    page.evaluate("window.motionStage('text-stage').setBody('wood')")
    page.wait_for_function("!window.motionStage('text-stage').surface")
    assert of_stage(page, small) == seen
    page.evaluate("window.motionStage('text-stage').setBody('smpl')")
    page.wait_for_function("window.motionStage('text-stage').surface")
    # It stays for the next motion, and goes with the choice.
    ask(page, "jump")
    assert of_stage(page, "s.view.figures[0].body === s.surface")
    page.get_by_role("button", name="What else to show").locator("visible=true").click()
    page.locator("#text-stage").get_by_label("Wooden figure", exact=True).check()
    page.wait_for_function("!window.motionStage('text-stage').surface")
    assert of_stage(page, "s.view.figures[0].body === s.view.wooden")
    page.close()


def test_smpl_that_is_gone_is_told_and_the_wooden_figure_goes_on(browser, smpl_url):
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.set_default_timeout(LONG)
    page.route("**/smpl.bin", lambda route: route.fulfill(status=404))
    page.goto(smpl_url)
    moving(page)
    page.get_by_role("button", name="What else to show").locator("visible=true").click()
    page.locator("#text-stage").get_by_label("SMPL body", exact=True).check(force=True)
    expect(page.get_by_text("SMPL can't be shown: the figure could not be loaded (404)")).to_be_visible()
    expect(page.locator("#text-stage").get_by_label("Wooden figure", exact=True)).to_be_checked()
    assert of_stage(page, "s.body") == "wood"
    page.close()


def test_smpl_is_no_choice_where_its_files_are_not(page):
    page.get_by_role("button", name="What else to show").locator("visible=true").click()
    expect(page.locator("#text-stage").get_by_label("Skeleton", exact=True)).to_be_visible()
    expect(page.locator("#text-stage").get_by_label("SMPL body", exact=True)).to_be_hidden()


def test_without_webgl_there_is_a_skeleton_and_a_word_why(browser, app_url):
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    page.add_init_script(
        NO_WEBGL
        + """
      Object.defineProperty(window, "localStorage", { get() { throw new Error("none"); } });
    """
    )
    page.goto(app_url)
    moving(page)
    expect(page.get_by_text("WebGL is off")).to_be_visible()
    (top, bottom) = of_stage(page, "s.view.spans[0]")
    assert 0.3 < bottom - top < 0.75
    canvas = page.locator("#text-stage canvas")
    assert canvas.screenshot() != (page.wait_for_timeout(600) or canvas.screenshot())
    # Two figures have their names below each, one next to the other.
    # Seen from the front, by a camera that has caught up with the body: it follows with a lag.
    draw = """(
      s.view.look('front'),
      s.view.target = [s.poses[0].root[0], 0.95, s.poses[0].root[2]],
      s.view.draw([s.poses[0], s.poses[0]], [[-0.5, 0], [0.5, 0]]),
      s.view.feet)"""
    (left, low), (right, deep) = of_stage(page, draw)
    assert left + right == pytest.approx(1) and right - left > 0.1
    assert low == pytest.approx(deep) and 0.5 < low < 1
    page.close()


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_tab_fits_the_window_and_can_be_read_by_all(page, app_url, width, theme):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{app_url}/?__theme={theme}")
    moving(page)
    for tab in TABS:
        open_tab(page, tab)
        page.wait_for_timeout(700)
        assert page.evaluate("document.documentElement.scrollWidth") <= width + 1
        found = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
        assert [(v["id"], [node["html"][:200] for node in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_phone_prompt_button_and_stage_are_on_one_screen(page, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.reload()
    moving(page)
    for place in ("#prompt", "#generate", "#text-stage .picture"):
        box = page.locator(place).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 844 and box["x"] + box["width"] <= width, place
    for tab in TABS:
        assert page.get_by_role("tab", name=tab, exact=True).locator("visible=true").count() == 1
    assert page.locator("#text-stage canvas").evaluate("(e) => getComputedStyle(e).touchAction") == "pan-y"


def test_on_a_phone_the_figures_of_a_way_are_large_and_in_the_picture(flat, app_url):
    page = flat(390, 844)
    page.goto(f"{app_url}?tab=between&from=walk&to=dance+salsa")
    moving(page, "path-stage")
    script = """() => { const stage = window.motionStage("path-stage"); stage.timeline.playing = false;
    return Array.from({length: 21}, (_, n) => {
      stage.seek((stage.timeline.duration * n) / 20); stage.draw(); return [stage.view.spans, stage.view.feet]; }); }"""
    spans, feet = map(np.array, zip(*page.evaluate(script), strict=True))
    tall = spans[..., 1] - spans[..., 0]
    assert tall.min() > 0.36 and tall.mean() > 0.4
    assert spans.min() > 0 and spans.max() < 1 and feet[..., 0].min() > 0.08 and feet[..., 0].max() < 0.92


@pytest.mark.parametrize("width", [360, 390])
def test_on_a_phone_the_ends_their_button_and_the_stage_are_on_one_screen(flat, width):
    page = flat(width, 844)
    for tab, button in (("Between", "#interpolate"), ("Style", "#edit"), ("Read", "#recognize")):
        open_tab(page, tab)
        tops = []
        for place in (".ends", button, f"#{TABS[tab]} .picture"):
            page.locator(f"{place}:visible").first.wait_for()
            box = page.locator(f"{place}:visible").first.bounding_box()
            assert box["y"] >= 0 and box["y"] + box["height"] <= 844 and box["x"] + box["width"] <= width, (tab, place)
            tops.append(box["y"])
        assert tops == sorted(tops), tab


@pytest.mark.parametrize("width", [768, 1024, 1440])
def test_every_tab_is_as_wide_as_the_window_lets_it_and_the_answer_is_beside_the_stage(flat, width):
    page = flat(width, 1000)
    for tab in TABS:
        open_tab(page, tab)
        page.wait_for_timeout(400)
        scene = page.locator(".scene:visible").bounding_box()
        assert width - 80 < scene["width"] <= width, tab
    open_tab(page, "Read")
    give(page, "read-words", "words")
    page.locator("#read-words textarea").fill("kick")
    page.locator("#recognize").click()
    expect(page.locator(".bars li").first).to_contain_text("kick", timeout=LONG)
    sure = page.locator(".bars b").first.inner_text()
    assert sure in ("surely", "probably")
    expect(page.get_by_text(f"{sure.capitalize()}: kick.")).to_be_visible()
    figure, answer = (page.locator(of).bounding_box() for of in ("#read-stage .picture", ".bars"))
    assert answer["x"] > figure["x"] + figure["width"] and answer["width"] > 0.25 * width
    assert answer["y"] + answer["height"] < figure["y"] + figure["height"]


def test_an_end_is_chosen_from_the_map(flat):
    page = flat()
    for tab, end in (("Between", "from-words"), ("Style", "style-to")):
        open_tab(page, tab)
        give(page, end, "map")
        page.locator(f".end:has(#{end}) .plain").click()
        chart = page.locator("dialog[open] .chart")
        expect(chart).to_be_visible()
        page.locator("dialog[open] input[type=search]").fill("zombie walk")
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open] .meant button").first).to_have_text("zombie walk")
        page.wait_for_timeout(300)
        box = chart.bounding_box()
        # The words' own place, around which its dots lie: the first that is met is taken.
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for away in range(0, 60, 3):
            page.mouse.move(middle[0] + away, middle[1])
            if page.locator("dialog[open] .tip").is_visible():
                break
        name = page.locator("dialog[open] .tip span").inner_text()
        page.mouse.click(middle[0] + away, middle[1])
        expect(page.locator("dialog[open]")).to_have_count(0)
        chosen = page.locator(f"#{end}-known textarea")
        assert chosen.input_value().startswith(f"{name} #")
    open_tab(page, "Between")
    page.locator("#to-words textarea").fill("bow")
    page.locator("#interpolate").click()
    moving(page, "path-stage")
    assert of_stage(page, "s.scene.name", "path-stage") == f"{name} to bow"


def test_what_is_in_sight_of_an_end_is_what_counts(flat, tmp_path):
    page = flat()
    open_tab(page, "Between")
    page.locator("#from-words textarea").fill("kick")
    page.locator("#to-words textarea").fill("bow")
    give(page, "from-words", "map")
    page.locator("#from-words-known textarea").fill("no such motion")
    page.locator("#interpolate").click()
    expect(page.get_by_text("there is no known motion 'no such motion'")).to_be_visible()
    give(page, "from-words", "words")
    expect(page.locator("#from-words-known")).not_to_be_visible()
    page.locator("#interpolate").click()
    moving(page, "path-stage", "kick to bow")
    page.get_by_role("button", name="walk → dance salsa").click()
    moving(page, "path-stage", "walk to dance salsa")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_a_way_is_drawn_on_the_map_and_what_it_passes_comes_onto_the_stage(flat, width):
    page, asked = flat(width), []
    page.on("request", lambda request: asked.append(1) if '"atlas"' in (request.post_data or "") else None)
    open_tab(page, "Between")
    page.locator(".way .chart").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.way .chart').dataset.view")
    assert asked == [1]  # not when the page opens
    box = page.locator(".way .chart").bounding_box()
    names = []
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    for across in (0.3, 0.7):
        x, y = dot_near(page, box, across)
        names.append(page.locator(".way .tip span").inner_text())
        page.mouse.down() if across == 0.3 else page.mouse.up()
    moving(page, "path-stage", " to ".join(names))
    known = [page.locator(f"#{end}-known textarea").input_value() for end in ("from-words", "to-words")]
    assert [value.partition(" #")[0] for value in known] == names
    passed = page.locator(".way .meant button")
    assert set(names) <= set(passed.all_inner_texts())
    passed.last.press("Enter")
    moving(page, "path-stage", passed.last.inner_text())
    page.get_by_role("button", name="Back to the way").click()
    moving(page, "path-stage", " to ".join(names))


def dot_near(page: Page, box: dict[str, float], across: float) -> tuple[float, float]:
    """Move the mouse over the way's map, from a share of its width on, to a dot that is told."""
    for down in range(0, 60, 3):
        x, y = box["x"] + across * box["width"], box["y"] + box["height"] / 2 + down
        page.mouse.move(x, y)
        if page.locator(".way .tip").is_visible():
            break
    return x, y


def test_the_map_is_used_by_the_keyboard(flat):
    page = flat()
    open_tab(page, "Map")
    page.wait_for_function("window.motionStage('map-stage')?.scene")
    chart, tip = page.locator("#map .chart"), page.locator("#map .tip span")
    page.locator("#map input[type=search]").focus()
    for _ in range(3):
        page.keyboard.press("Shift+Tab")
    expect(chart).to_be_focused()
    names = [tip.inner_text()]
    for key in ("+", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
        names.append(tip.inner_text())
    assert len(set(names)) > 1
    page.keyboard.press("Enter")
    page.wait_for_function("(name) => window.motionStage('map-stage').scene.name === name", arg=names[-1])
    page.get_by_role("button", name="Draw a way").press("Enter")
    chart.press("Enter")
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#map .hint")).to_have_text("now the other end")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"It passes {names[-1]}")).to_be_visible()


def test_what_a_way_passes_is_pointed_at_before_other_dots(flat):
    page = flat()
    open_tab(page, "Between")
    page.get_by_role("button", name="walk → dance salsa").click()
    moving(page, "path-stage")
    passed = page.locator(".way .meant button")
    names = passed.all_inner_texts()
    assert len(names) >= 3 and "walk" in names[0]
    page.locator(".way .chart").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.way .chart').dataset.view?.split(' ')[2] > 1")
    box = page.locator(".way .chart").bounding_box()
    tip = page.locator(".way .tip")
    across, down = np.arange(12, box["width"] - 50, 12), np.arange(8, box["height"] - 30, 12)
    told = []
    for x, y in [(box["x"] + x, box["y"] + y) for y in down for x in across]:
        page.mouse.move(x, y)
        if tip.is_visible():
            told.append(tip.locator("span").inner_text())
    assert set(names) & set(told)


def test_the_maps_wheel_scrolls_the_page_until_the_map_is_used(flat):
    page = flat(1440, 500)
    open_tab(page, "Map")
    moving(page, "map-stage")
    hint = page.locator("#map .hint")
    expect(hint).to_contain_text("wheel zooms, or click first")
    chart = page.locator("#map .chart")
    box = chart.bounding_box()
    x, y = box["x"] + 8, box["y"] + 30
    page.mouse.move(x, y)
    view = chart.get_attribute("data-view")
    page.mouse.wheel(0, 40)
    page.wait_for_function("window.scrollY > 20")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    assert chart.get_attribute("data-view") == view
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(300)
    zoomed = chart.get_attribute("data-view")
    assert zoomed != view and page.evaluate("window.scrollY") == 0
    page.mouse.click(x, y)
    expect(hint).to_have_text("the wheel zooms")
    page.mouse.wheel(0, -200)
    page.wait_for_timeout(300)
    assert chart.get_attribute("data-view") != zoomed and page.evaluate("window.scrollY") == 0
    page.mouse.move(x, 5)
    page.mouse.move(x, y)
    page.mouse.wheel(0, 40)
    page.wait_for_function("window.scrollY > 20")


def drag(page: Page, *ways: tuple[tuple[float, float], tuple[float, float]], rest: int = 0) -> None:
    """Put down a finger for each way, rest so many milliseconds, move all along from start to end, and lift them."""
    touch = page.context.new_cdp_session(page)
    for step in range(11):
        fingers = [
            {"x": a + (c - a) * step / 10, "y": b + (d - b) * step / 10, "id": finger}
            for finger, ((a, b), (c, d)) in enumerate(ways)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": fingers})
        page.wait_for_timeout(0 if step else rest)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(400)


def test_on_a_phone_one_finger_on_the_map_scrolls_and_two_zoom(flat):
    page = flat(390, 844, has_touch=True, is_mobile=True)
    open_tab(page, "Map")
    page.wait_for_function("window.motionStage('map-stage')?.scene")
    chart = page.locator("#map .chart")
    expect(page.locator("#map .hint")).to_have_text("two fingers zoom")
    box = chart.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = chart.get_attribute("data-view")
    edge = box["x"] + 6  # where no dot is, which would say its name
    drag(page, ((edge, y), (edge, y - 200)))
    page.wait_for_function("window.scrollY > 100")
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    assert chart.get_attribute("data-view") == before
    drag(page, ((x - 20, y), (x - 120, y - 60)), ((x + 20, y), (x + 120, y + 60)))
    assert page.evaluate("[scrollY, visualViewport.scale]") == [0, 1]
    assert chart.get_attribute("data-view") != before


def test_on_a_phone_a_way_is_drawn_on_the_map_in_any_direction(flat):
    page = flat(390, 844, has_touch=True, is_mobile=True)
    open_tab(page, "Map")
    page.wait_for_function("window.motionStage('map-stage')?.scene")
    page.get_by_role("button", name="Draw a way").tap()
    page.evaluate("window.scrollTo(0, 0)")
    chart = page.locator("#map .chart")
    box = chart.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, ((x, y - 60), (x, y + 60)))
    expect(page.get_by_text("It passes")).to_be_visible()


def test_on_a_phone_a_finger_that_rests_on_a_dot_draws_a_way_between_upwards_too(flat):
    page = flat(390, 844, has_touch=True, is_mobile=True)
    open_tab(page, "Between")
    page.locator("#interpolate").tap()
    moving(page, "path-stage", "walk to dance salsa")
    chart = page.locator(".way .chart")
    chart.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.way .chart').dataset.view")
    page.wait_for_timeout(500)
    box, scrolled = chart.bounding_box(), page.evaluate("scrollY")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    drag(page, ((x, y + 60), (x, y - 60)), rest=400)
    page.wait_for_function("!window.motionStage('path-stage').scene.name.startsWith('walk to')")
    assert page.evaluate("scrollY") <= scrolled


def test_on_a_phone_a_finger_turns_the_figure_across_and_scrolls_upwards_and_two_zoom(flat):
    page = flat(390, 844, has_touch=True, is_mobile=True)
    box = page.locator("#text-stage canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    camera = "[s.view.yaw, s.view.pitch, s.view.zoom]"
    before = of_stage(page, camera)
    drag(page, ((x, y + 80), (x + 2, y - 120)))
    page.wait_for_function("window.scrollY > 100")
    assert of_stage(page, camera) == before
    page.evaluate("window.scrollTo(0, 0)")
    page.wait_for_timeout(300)
    drag(page, ((x - 60, y), (x + 100, y + 30)))
    yaw, pitch, zoom = of_stage(page, camera)
    assert yaw < before[0] - 0.5 and pitch > before[1] and zoom == 1
    drag(page, ((x - 20, y), (x - 60, y - 20)), ((x + 20, y), (x + 60, y + 20)))
    assert of_stage(page, "s.view.zoom") < 0.6
    assert page.evaluate("[scrollY, visualViewport.scale]") == [0, 1]
    scrub = page.locator("#text-stage .scrub")
    of_stage(page, "s.timeline.playing && s.toggle()")
    box = scrub.bounding_box()
    y = box["y"] + box["height"] / 2
    drag(page, ((box["x"] + 8, y), (box["x"] + 0.7 * box["width"], y)))
    assert 0.6 < of_stage(page, "s.timeline.time / s.timeline.duration") < 0.8
    chosen = "(e) => getComputedStyle(e).userSelect"
    for words in ("#text-stage .time", ".gallery .tile span"):
        assert page.locator(words).first.evaluate(chosen) == "none"


def test_ends_stand_there_when_the_page_opens_and_an_example_on_a_phone_brings_the_stage_into_sight(flat):
    page = flat(390, 844)
    open_tab(page, "Between")
    expect(page.locator("#from-words textarea")).to_have_value("walk")
    expect(page.locator("#to-words textarea")).to_have_value("dance salsa")
    open_tab(page, "Style")
    page.get_by_role("button", name="proudly").click()
    expect(page.locator("#style-stage .picture")).to_be_in_viewport(ratio=0.9)
    expect(page.locator("#style-to textarea")).to_have_value("walk proudly")


@pytest.mark.parametrize("width", [390, 1440])
def test_the_map_opens_with_something_moving_and_remembers_what_was_clicked(flat, width):
    page = flat(width)
    open_tab(page, "Map")
    page.wait_for_function("window.motionStage('map-stage')?.scene")
    page.locator("#map-stage .bar").scroll_into_view_if_needed()  # what is out of sight is not drawn
    moving(page, "map-stage")
    first = of_stage(page, "s.scene.name", "map-stage")
    before = of_stage(page, "s.timeline.time", "map-stage")
    page.wait_for_function("(t) => window.motionStage('map-stage').timeline.time !== t", arg=before)
    page.locator("#map input[type=search]").fill("kick")
    page.keyboard.press("Enter")
    button = page.locator("#map .meant button").first
    name = button.inner_text()
    button.click()
    page.wait_for_function("(name) => window.motionStage('map-stage').scene.name === name", arg=name)
    page.reload()  # the tab stays
    page.wait_for_function("(name) => window.motionStage?.('map-stage')?.scene?.name === name", arg=name)
    assert name != first


def test_a_figure_that_does_not_come_at_first_comes_with_the_next_motion(browser, app_url):
    page, lost = browser.new_page(), []
    page.set_default_timeout(LONG)
    page.add_init_script(NO_WEBGL)

    def lose(route):
        lost.append(route)
        route.abort()

    page.route("**/figure.bin", lose)
    page.goto(app_url)
    expect(page.locator("#text-stage .word")).to_contain_text("This can't be shown")
    assert lost
    page.unroute("**/figure.bin")
    ask(page, "kick")
    page.close()


DEAF = """
  // As while Gradio starts: the first clicks on tabs do nothing.
  let deaf = 3;
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[role=tab]") && deaf-- > 0) event.stopPropagation();
  }, true);
"""


@pytest.mark.parametrize("trouble", ["late stages", "lost dots", "lost motion", "deaf tabs"])
def test_the_map_opens_with_something_moving_though_a_part_is_late_or_lost_at_first(flat, trouble):
    page, held = flat(), []
    lost = {"lost dots": ['"atlas"'], "lost motion": ['"take"']}.get(trouble, [])

    def lose(route):
        if any(word in (route.request.post_data or "") for word in lost):
            lost.clear()
            route.abort()
        else:
            route.continue_()

    page.route("**/component_server/", lose)
    if trouble == "late stages":
        page.route("**/stage/mount.js", lambda route: held.append(route))
    if trouble == "deaf tabs":
        page.add_init_script(DEAF)
    page.evaluate("history.replaceState(null, '', '#tab=map')")
    page.reload(wait_until="commit")
    if trouble == "late stages":
        page.locator("#map .legend span").first.wait_for()
        page.wait_for_timeout(1000)
        for route in held:
            route.continue_()
    moving(page, "map-stage")
    expect(page.locator("#map .told")).to_contain_text("On the stage:")
    assert not lost


def test_a_map_whose_dots_do_not_come_says_so_and_asks_again_when_it_is_opened_again(flat):
    page = flat()

    def lose_dots(route):
        route.abort() if '"atlas"' in (route.request.post_data or "") else route.continue_()

    page.route("**/component_server/", lose_dots)
    open_tab(page, "Map")
    expect(page.locator("#map .lost")).to_contain_text("the server can't be reached")
    page.unroute("**/component_server/")
    open_tab(page, "Text")
    open_tab(page, "Map")
    moving(page, "map-stage")
    expect(page.locator("#map .lost")).to_be_empty()


def test_a_link_to_a_storyboard_is_shown_though_the_stages_come_late(flat, app_url):
    page, held = flat(), []
    page.route("**/stage/mount.js", lambda route: held.append(route))
    blocks = [{"text": "walk", "seconds": 1}, {"text": "wave", "seconds": 1}]
    page.goto(f"{app_url}?storyboard={json.dumps({'blocks': blocks})}", wait_until="commit")
    expect(page.get_by_label("Words of block 2")).to_have_value("wave")
    page.wait_for_timeout(500)
    for route in held:
        route.continue_()
    page.wait_for_function("window.motionStage?.('text-stage')?.scene?.segments?.length === 2")


def test_a_tab_that_is_opened_before_the_pages_scripts_are_there_is_in_the_address(browser, app_url):
    page = browser.new_page()
    late = []
    page.route("**/visit.js*", lambda route: late.append(route))
    page.goto(app_url)
    open_tab(page, "Map")
    expect(page.locator("#map input[type=search]")).to_be_visible(timeout=LONG)
    page.wait_for_timeout(500)
    assert late and "#" not in page.url
    for route in late:
        route.continue_()
    page.wait_for_url("**/#tab=map", timeout=LONG)
    page.go_back()
    expect(page.locator("#prompt textarea")).to_be_visible(timeout=LONG)
    page.close()


def test_after_a_storyboard_nothing_speaks_of_the_prompt_before(flat):
    page = flat(1440, 1400)
    ask(page, "kick")
    page.locator("#four-takes").click()
    expect(page.locator(".tiles .tile")).to_have_count(4)
    page.get_by_text("Storyboard: several things").click()
    page.locator("#tell").click()
    expect(page.locator(".answer .words")).to_have_text("A storyboard: walk, then sit down, then wave.")
    expect(page.locator(".tiles .tile")).to_have_count(0)
    first = page.locator(".strip:not(.gallery) .tile").first
    expect(first).to_contain_text("walk, sit down, wave")
    # The same prompt again has its own answer again, and the strip brings the storyboard back.
    ask(page, "kick")
    expect(page.locator(".answer .words")).to_have_text("Known: kick.")
    page.reload()
    moving(page)
    page.get_by_role("button", name="walk, sit down, wave").click()
    page.wait_for_function("window.motionStage('text-stage').scene.segments.length === 3")
    expect(page.get_by_label("Words of block 2")).to_have_value("sit down")


def test_takes_of_another_prompt_are_put_away(flat):
    page = flat()
    ask(page, "kick")
    page.locator("#four-takes").click()
    page.locator(".tiles .tile").nth(1).click()
    page.wait_for_function("window.motionStage('text-stage').scene.request.seed === 2")
    expect(page.locator(".tiles .tile")).to_have_count(4)
    ask(page, "bow")
    expect(page.locator(".tiles .tile")).to_have_count(0)


def test_an_empty_stage_says_what_fills_it_and_has_nothing_to_press(flat):
    page = flat()
    for tab, word in (
        ("Between", "“Show the way” brings both here"),
        ("Style", "“Change it” brings"),
        ("Read", "“Read it”"),
    ):
        open_tab(page, tab)
        stage = page.locator(f"#{TABS[tab]} .stage")
        expect(stage.get_by_text(word)).to_be_visible()
        assert stage.locator(".bar").evaluate("(bar) => bar.inert")
    open_tab(page, "Between")
    page.locator("#interpolate").click()
    moving(page, "path-stage")
    expect(page.locator("#path-stage .word")).not_to_contain_text("brings both")
    assert not page.locator("#path-stage .bar").evaluate("(bar) => bar.inert")


@pytest.mark.parametrize("width", [360, 390, 768, 1440])
def test_controls_are_in_one_row_names_apart_and_no_tile_is_cut(flat, width):
    page = flat(width, 844)
    signs = "stage.querySelectorAll('.signs > button:not([hidden])')"
    tops = f"(stage) => new Set([...{signs}].map((b) => b.offsetTop)).size"
    assert page.locator("#text-stage .stage").evaluate(tops) == 1
    inside = "(strip) => [...strip.querySelectorAll('.tile, .tile span')].every((e) => e.scrollWidth <= e.clientWidth)"
    assert page.locator(".gallery").evaluate(inside)
    assert page.locator(".gallery").evaluate("(strip) => strip.scrollWidth <= strip.clientWidth")
    page.get_by_text("Storyboard: several things").click()
    assert page.locator(".blocks").evaluate("(list) => list.scrollWidth <= list.clientWidth")
    open_tab(page, "Map")
    moving(page, "map-stage") if width > 640 else page.wait_for_function("window.motionStage('map-stage')?.scene")
    page.locator("#map-stage .bar").scroll_into_view_if_needed()
    assert page.locator("#map-stage .stage").evaluate(tops) == 1
    open_tab(page, "Between")
    page.get_by_role("button", name="dance ballet → jogging").click()
    moving(page, "path-stage", "dance ballet to jogging")
    for frame in (0, 20, 40, 59):
        boxes = page.evaluate(
            """(frame) => { const s = window.motionStage("path-stage"); s.seek(frame / 30); s.draw();
            return [...s.names.children].map((e) => { const b = e.getBoundingClientRect();
            return [b.left, b.right, b.top, b.bottom]; }); }""",
            frame,
        )
        for n, (left, right, top, bottom) in enumerate(boxes):
            for a, b, c, d in boxes[:n]:
                assert left >= b - 1 or right <= a + 1 or top >= d - 1 or bottom <= c + 1


def test_on_a_small_phone_the_words_beside_a_slider_are_whole(flat, app_url):
    page = flat(360, 740)
    page.goto(f"{app_url}?tab=style&base=walk&from=walk&to=walk+proudly")
    moving(page, "style-stage")
    whole = "(span) => span.scrollWidth <= span.clientWidth && span.scrollHeight <= span.clientHeight + 1"
    words = page.locator("#style-stage .slider span")
    assert words.all_inner_texts() == ["the opposite", "twice as much"]
    assert all(word.evaluate(whole) for word in words.all())


def test_on_a_phone_what_is_asked_for_far_below_comes_into_sight(flat):
    page = flat(390, 844)
    picture = page.locator("#text-stage .picture")
    for far in (page.locator(".gallery .tile").last, page.locator("#again")):
        far.scroll_into_view_if_needed()
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(300)
        far.click()
        expect(picture).to_be_in_viewport(ratio=0.9)
    page.locator("[data-kind=mp4]:visible").click()
    expect(page.locator("video:visible")).to_be_in_viewport(ratio=0.9)
    open_tab(page, "Between")
    give(page, "from-words", "map")
    choose, words = (
        page.locator(f".end:has(#from-words) {part}").bounding_box() for part in (".plain", "#from-words-known")
    )
    ends = page.locator(".end:has(#to-words)").bounding_box()
    assert words["width"] > 50 and choose["x"] >= words["x"] + words["width"]
    assert choose["x"] + choose["width"] <= ends["x"]


SCENES = [
    links.LinkedRequest("walk"),
    links.LinkedRequest("walk & talk, 100 % + more?", 7, 2.5, 0.3),
    links.LinkedRequest("“Spiderman” in action! 🕷 #1=é\n&amp;", 2**31 - 1, 6.5, 0.0, "me/mine"),
    links.LinkedRequest("kick", 0, 0.7, 1.0, "a b+c"),
]
# No links: what is wrong, and how.
WRONG = {
    "prompt=": "prompt", "prompt=+": "prompt", "prompt=" + "a" * 2001: "prompt", "prompt=walk&prompt=run": "prompt",
    "prompt=walk&seed=-1": "seed", "prompt=walk&seed=2147483648": "seed", "prompt=walk&seed=1.5": "seed",
    "prompt=walk&seed=%C2%B2": "seed", "prompt=walk&seed=": "seed", "prompt=walk&seed=1e3": "seed",
    "prompt=walk&seed=0x10": "seed", "prompt=walk&seed=1&seed=2": "seed", "prompt=walk&seconds=61": "seconds",
    "prompt=walk&seconds=nan": "seconds", "prompt=walk&seconds=1_0": "seconds", "prompt=walk&seconds=0x2": "seconds",
    "prompt=walk&seconds=+2+": "seconds", "prompt=walk&closeness=2": "closeness", "prompt=walk&closeness=": "closeness",
    "prompt=walk&model=gone": "model", "prompt=walk&model=": "model",
}  # fmt: skip


def test_the_pages_links_and_pythons_are_the_same(flat, app_url):
    page = flat(600, 600)
    module = f"{app_url}/gradio_api/file={STATIC.as_posix()}/page/fields.js"

    def on_page(call: str, *values: object):
        return page.evaluate(
            f"([module, ...values]) => import(module).then((links) => links.{call}(...values))", [module, *values]
        )

    for scene in SCENES:
        request = {name: getattr(scene, name) for name in ("prompt", "seed", "seconds", "closeness", "model")}
        made = on_page("linkTo", request, f"{app_url}/?old=1").split("?")[1]
        assert links.read(made, [scene.model]) == scene
        limits = {"model": scene.model, "seconds": [0.7, 6.5]}
        read = on_page("fromLink", "?" + scene.query(), limits)
        assert read == {"wanted": {name: request[name] for name in request if name != "model"}, "wrong": []}
    for query, field in WRONG.items():
        with pytest.raises(LinkError) as error:
            links.read(query)
        assert error.value.field == field
        (wrong,) = on_page("fromLink", "?" + query, {"model": "default", "seconds": [0.7, 6.5]})["wrong"]
        assert field in wrong, (query, wrong)
