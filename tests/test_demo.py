"""The app through its real HTTP API."""

import asyncio
import functools
import math
import os
import random
import socket
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio
import httpx
import numpy as np
import pygltflib
import pytest
from conftest import free_port, synthetic_motion
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from gradio_client.utils import QueueError
from typer.testing import CliRunner

import demo
from demo import request_handling, result_files
from demo.batching import Batching
from demo.request_handling import frames_of, handle_errors, step_frames
from motionclip import Motion
from motionclip.cli import app
from motionclip.errors import RequestError
from motionclip.files import glb


@pytest.fixture(scope="module")
def client(app_url):
    return Client(app_url, verbose=False)


def test_generate_needs_only_a_prompt(client):
    endpoint = client.view_api(return_format="dict")["named_endpoints"]["/generate"]
    required = [p["parameter_name"] for p in endpoint["parameters"] if not p["parameter_has_default"]]
    assert required == ["prompt"] and endpoint["parameters"][0]["parameter_name"] == "prompt"
    figure, nearest, verdict = client.predict("a person walks like a zombie", api_name="/generate")
    with open(figure, "rb") as file:
        assert file.read(4) == b"glTF"
    assert nearest["label"] == "zombie walk" and len(nearest["confidences"]) == 5
    assert "Known" in verdict
    assert "guess" in client.predict("quantum chromodynamics", api_name="/generate")[2]


def test_files_to_take_home(client):
    video = client.predict("jump", 1.0, 7, api_name="/video")
    files = client.predict("jump", 1.0, 7, api_name="/files")
    kinds = {file.rsplit(".", 1)[1]: file for file in files}
    assert set(kinds) == {"npz", "bvh", "glb", "mp4", "gif"}
    assert len(Motion.load(kinds["npz"])) == len(Motion.load(kinds["bvh"])) == 30
    assert (video["video"] if isinstance(video, dict) else video).endswith(".mp4")


def test_interpolate_edit_recognize(client, tmp_path):
    clip = synthetic_motion(frames=150).save(tmp_path / "clip.bvh")
    steps, picture = client.predict("walk", "dance salsa", api_name="/interpolate")
    assert [len(Motion.load(step)) for step in steps] == [60] * 11 and picture
    steps, _ = client.predict("walk", "dance", end_file=handle_file(str(clip)), api_name="/interpolate")
    assert np.abs(Motion.load(steps[0]).joints() - Motion.load(steps[-1]).joints()).max() > 0.1
    before, _, files = client.predict("", "walk", "walk proudly", base_file=handle_file(str(clip)), api_name="/edit")
    assert len(Motion.load(before)) == 150 and len(files) == 5
    _, best, timeline = client.predict(handle_file(str(clip)), api_name="/recognize")
    assert len(best["confidences"]) == 5 and timeline
    _, best, _ = client.predict(None, "kick", label_set="my own list", own_labels="kick\nsleep", api_name="/recognize")
    assert best["label"] == "kick"


def test_a_bad_request_is_told_why_and_harms_nobody(client, tmp_path):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"no archive")
    for arguments, endpoint, complaint in (
        ([""], "/generate", "text: is empty"),
        (["x" * 5000], "/generate", "5000|5,000|2000|2,000"),
        (["walk", 99], "/generate", "99"),
        (["walk", 2, -1], "/generate", "-1"),
        ([handle_file(str(bad))], "/recognize", r"bad\.npz: file: is not an npz"),
        (["", "", ""], "/edit", "Motion: say a motion"),
        (["walk", ""], "/interpolate", "To: say a motion"),
    ):
        with pytest.raises((AppError, ValueError), match=complaint):
            client.predict(*arguments, api_name=endpoint)
        assert client.predict("walk", api_name="/generate")[1]["confidences"]


def test_two_hundred_interleaved_answers_are_those_given_alone(app_url, mc):
    asked = [(prompt, seed) for prompt in ("walk", "run", "bow", "jump", "kick") for seed in range(10)] * 4
    random.Random(0).shuffle(asked)
    local = threading.local()

    def ask(request):
        if not hasattr(local, "client"):
            local.client = Client(app_url, verbose=False)
        figure, nearest, _ = local.client.predict(request[0], 2.0, request[1], api_name="/generate")
        return Path(figure).read_bytes(), nearest["label"]

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(ask, asked))
    for seed in range(10):
        alone = mc.generate(["walk", "kick"], frames=60, seed=seed)
        for prompt, motion in zip(("walk", "kick"), alone, strict=True):
            expected = joint_track(glb.to_bytes(motion, floor=True))
            for (words, number), (figure, label) in zip(asked, together, strict=True):
                if (words, number) == (prompt, seed):
                    assert label.startswith(prompt) and np.abs(joint_track(figure) - expected).max() < 1e-4
    assert len({figure for figure, _ in together}) == 50


def joint_track(figure):
    """The pelvis's positions in a GLB, the first track of its animation that moves a node."""
    document = pygltflib.GLTF2().load_from_bytes(figure)
    animation = document.animations[0]
    channel = next(channel for channel in animation.channels if channel.target.path == "translation")
    accessor = document.accessors[animation.samplers[channel.sampler].output]
    view = document.bufferViews[accessor.bufferView]
    start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
    return np.frombuffer(document.binary_blob(), np.float32, 3 * accessor.count, start)


def test_the_app_starts_on_a_machine_too_busy_for_gradios_own_check(monkeypatch):
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    port = free_port()
    page = demo.launch(port=port, block=False)
    try:
        assert httpx.get(f"http://127.0.0.1:{port}", timeout=60).status_code == 200
    finally:
        page.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Gradio leaves its socket open
def test_a_port_that_is_taken_is_no_bug():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(RequestError, match=f"port: no server started on 127.0.0.1:{port} .* another port"):
            demo.launch(port=port, block=False)


def test_a_full_queue_says_so_and_the_page_lives_on():
    port = free_port()
    page = demo.launch(port=port, queue=1, block=False)
    try:

        def ask(seed):
            try:
                return Client(f"http://127.0.0.1:{port}", verbose=False).predict("walk", 6.5, seed, api_name="/files")
            except (AppError, QueueError) as error:
                return str(error)

        with ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(ask, range(10)))
        refused = [answer for answer in answers if isinstance(answer, str)]
        assert refused and len(refused) < 10 and all("full" in answer for answer in refused)
        assert not isinstance(ask(99), str)
    finally:
        page.close()


def test_what_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(request_handling, "TIME_LIMIT", 0.2)
    done = threading.Event()
    slow = handle_errors(lambda: done.wait(5))
    with pytest.raises(gradio.Error, match=r"more than 0\.2 seconds"):
        slow()
    done.set()
    assert handle_errors(lambda: "next")() == "next"


@pytest.mark.parametrize("seconds", [0.6, 6.6, -1, math.nan, None, "2"])
def test_lengths_that_the_page_does_not_make_are_refused(seconds):
    with pytest.raises(RequestError, match="length: must be from 0.7 to 6.5 seconds"):
        frames_of(seconds)
    assert frames_of(0.7) == 21 and frames_of(6.5) == 195
    with pytest.raises(RequestError, match="length: must be 0, for as long as it takes, or from 0.7 to 6.5 seconds"):
        step_frames(seconds)
    assert step_frames(0) is None and step_frames(0.7) == 21


def test_an_error_shows_no_markup():
    def fails():
        raise RequestError("<img src=x onerror=alert(1)>.bvh: is no motion")

    with pytest.raises(gradio.Error) as caught:
        handle_errors(fails)()
    assert caught.value.message == "&lt;img src=x onerror=alert(1)&gt;.bvh: is no motion"


def test_results_do_not_fill_the_disk(monkeypatch, tmp_path, mc):
    monkeypatch.setattr(result_files, "KEPT", 5)
    box = result_files.ResultFiles()
    box.root = tmp_path / "box"
    motion = mc.generate("walk", frames=20)
    monkeypatch.setattr(request_handling, "results", box)
    for number in range(12):
        path = Path(request_handling.figure_file(motion.crop(0, 8 + number)))
        assert path.is_file()
    assert len(list(box.root.iterdir())) == 5
    assert request_handling.figure_file(motion.crop(0, 19)) == str(path)
    box.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "app.py", "../../etc/passwd", "weights/config.json", "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5c..%5cetc%5cpasswd", "//etc/passwd", "/proc/self/environ", "file:///etc/passwd", "/tmp/../etc/passwd",
        "http://127.0.0.1:1/", "\\\\127.0.0.1\\share", "/dev/zero", "~/.bashrc", "/etc/passwd%00.png",
    ],
)  # fmt: skip
def test_the_servers_own_files_cannot_be_read(app_url, path):
    for route in ("file=", "file/", "static/", "assets/", "custom_component/x/component/", "theme.css/../"):
        answer = httpx.get(f"{app_url}/gradio_api/{route}{path}")
        assert "root:" not in answer.text and "motionclip" not in answer.text.lower().replace("not found", "")
        assert answer.status_code in (400, 403, 404, 405, 422), (route, answer.status_code)


def test_a_file_on_the_server_is_no_upload(app_url, mc, tmp_path):
    # Raw requests: the client would upload the file first, from its own side.
    private = mc.generate("kick").save(tmp_path / "private.npz")
    own = Path("weights/config.json").resolve()

    def answer_for(path):
        data = {"path": path, "meta": {"_type": "gradio.FileData"}}
        asked = {"data": [data, "", "", "the actions it learned", ""]}
        event = httpx.post(f"{app_url}/gradio_api/call/recognize", json=asked).json()["event_id"]
        return httpx.get(f"{app_url}/gradio_api/call/recognize/{event}", timeout=30).text

    names = (private, os.path.relpath(private), f"/tmp/../{private}", own, "/etc/passwd", "../../etc/passwd")
    for name in map(str, names):
        answer = answer_for(name)
        assert "event: error" in answer, (name, answer)
        assert "root:" not in answer and "architecture" not in answer
    files = {"files": ("private.npz", private.read_bytes())}
    (uploaded,) = httpx.post(f"{app_url}/gradio_api/upload", files=files).json()
    assert "event: complete" in answer_for(uploaded)


def test_requests_of_no_sense_are_refused(app_url):
    post = functools.partial(httpx.post, timeout=30)
    unknown = post(f"{app_url}/gradio_api/call/no_such_endpoint", json={"data": []})
    assert unknown.status_code in (404, 500) and "Traceback" not in unknown.text
    assert httpx.get(f"{app_url}/no/such/page").status_code == 404
    assert post(f"{app_url}/gradio_api/call/generate", content=b"{").status_code in (400, 422)
    big = post(f"{app_url}/gradio_api/upload", files={"files": ("big.npz", b"0" * (51 << 20))})
    assert big.status_code == 413 and "52428800 bytes" in big.text
    odd = [
        [],
        ["walk"],
        [None, 2, 0, 1],
        ["walk", "long", 0, 1],
        ["walk", 2, "x", 1],
        ["walk", 2, 0, 9],
        ["walk", -1, 0, 1],
    ]
    for data in odd:
        event = post(f"{app_url}/gradio_api/call/generate", json={"data": data}).json()["event_id"]
        answer = httpx.get(f"{app_url}/gradio_api/call/generate/{event}", timeout=30).text
        assert "event: error" in answer and "Traceback" not in answer, (data, answer)
    event = post(f"{app_url}/gradio_api/call/generate", json={"data": ["walk", 2, 0, 1]}).json()["event_id"]
    assert "event: complete" in httpx.get(f"{app_url}/gradio_api/call/generate/{event}", timeout=30).text


def test_the_documented_call_from_a_program_works(app_url):
    text = (Path(__file__).parent.parent / "docs/deployment.md").read_text(encoding="utf-8")
    example = text.split("## Call it from a program")[1].split("```python\n")[1].split("```")[0]
    names = {}
    exec(example.replace("http://127.0.0.1:7860", app_url), names)
    assert names["labels"]["label"] and len(names["files"]) == 5


def test_a_space_runs_from_its_folder_alone(tmp_path):
    result = CliRunner().invoke(app, ["space", "--out", str(tmp_path / "space")])
    assert result.exit_code == 0, result.output
    again = CliRunner().invoke(app, ["space", "--out", str(tmp_path / "space")])
    assert again.exit_code == 1 and "not empty" in again.output
    front = (tmp_path / "space/README.md").read_text(encoding="utf-8").split("---")[1]
    settings = dict(line.split(":", 1) for line in front.strip().splitlines())
    assert settings["sdk"].strip() == "gradio" and settings["sdk_version"].strip() == gradio.__version__
    assert (tmp_path / "space" / settings["app_file"].strip()).is_file()
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port)}
    with subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path / "space", env=environment) as process:
        try:
            client = connected(f"http://127.0.0.1:{port}")
            assert "Known" in client.predict("walk", api_name="/generate")[2]
        finally:
            process.terminate()


def connected(url):
    for _ in range(120):
        try:
            return Client(url, verbose=False)
        except (httpx.HTTPError, OSError, ValueError):
            time.sleep(0.5)
    raise AssertionError(f"nothing answers at {url}")


def test_an_mcp_client_finds_and_calls_the_tools():
    from mcp import ClientSession
    from mcp.client.streamable_http import streamable_http_client

    async def use(url):
        async with streamable_http_client(url) as (read, write, *_), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            name = next(name for name in tools if name.endswith("generate"))
            said = tools[name]
            answer = await session.call_tool(name, {"prompt": "a person walks like a zombie"})
            return set(tools), said, answer

    port = free_port()
    page = demo.launch(port=port, mcp=True, block=False)
    try:
        names, tool, answer = asyncio.run(use(f"http://127.0.0.1:{port}/gradio_api/mcp/"))
    finally:
        page.close()
    assert {name.rsplit("_", 1)[-1] for name in names} >= {"generate", "interpolate", "edit", "recognize"}
    assert "in English" in str(tool.inputSchema["properties"]["prompt"])
    text = " ".join(getattr(part, "text", "") for part in answer.content)
    assert not answer.isError and "Known" in text and ".glb" in text


def test_on_a_zero_gpu_space_messages_reach_the_visitor_and_no_gpu_is_lent(monkeypatch):
    """As ZeroGPU does: it wants one function at the start, lends a GPU at each call, and tells the names of errors."""
    known, lent = [], []

    def gpu(function):
        known.append(function)

        @functools.wraps(function)
        def lending(*args):
            lent.append(args)
            try:
                return function(*args)
            except gradio.Error:
                raise
            except Exception as error:
                raise gradio.Error(type(error).__name__) from error

        return lending

    fake = types.ModuleType("spaces")
    fake.GPU = gpu
    monkeypatch.setitem(sys.modules, "spaces", fake)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    demo.process.ask_for_no_gpu()

    def refusing(words):
        raise RequestError(f"{words}: is no motion")

    assert handle_errors(lambda words: words.upper())("walk") == "WALK"
    with pytest.raises(gradio.Error, match="walk: is no motion"):
        handle_errors(refusing)("walk")
    assert len(known) == 1 and not lent


def test_requests_worked_on_together_get_what_they_get_alone_and_their_own_errors(mc):
    made = Batching(mc)
    asked = [("walk", 60, 3, 1.0), (" ", 60, 3, 1.0), ("kick", 60, 4, 1.0), ("walk", 30, 3, 1.0), ("walk", 60, 3, 1.0)]
    asked.append(("he kicks the ball", 30, 3, 0.0))

    def ask(request):
        try:
            return made(*request)
        except ValueError as error:
            return error

    with made._at_work, ThreadPoolExecutor(len(asked)) as pool:  # nobody works until all wait
        answers = [pool.submit(ask, request) for request in asked]
        while len(made._waiting) < len(asked):
            time.sleep(0.01)
        made._at_work.release()
        answers = [answer.result(20) for answer in answers]
        made._at_work.acquire()
    assert isinstance(answers[1], ValueError) and answers[4] is answers[0]
    for request, answer in zip(asked, answers, strict=True):
        if request[0].strip():
            assert np.abs(answer.joints() - mc.generate(*request).joints()).max() < 1e-4
