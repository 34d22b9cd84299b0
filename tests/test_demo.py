"""The app through its real HTTP API."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gradio
import httpx
import pytest
from conftest import synthetic_motion
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from typer.testing import CliRunner

import demo
from demo.player import told
from motionclip import Motion
from motionclip.cli import app


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
    video, files = client.predict("jump", 1.0, 7, api_name="/files")
    kinds = {file.rsplit(".", 1)[1]: file for file in files}
    assert set(kinds) == {"npz", "bvh", "glb", "mp4", "gif"}
    assert len(Motion.load(kinds["npz"])) == len(Motion.load(kinds["bvh"])) == 30
    assert (video["video"] if isinstance(video, dict) else video).endswith(".mp4")


def test_interpolate_edit_recognize(client, tmp_path):
    clip = synthetic_motion(frames=150).save(tmp_path / "clip.bvh")
    scene, picture = client.predict("walk", "dance salsa", api_name="/interpolate")
    assert len(scene["bodies"]) == 11 and len(scene["bodies"][0]) == 60 and picture
    scene, *_ = client.predict("walk", "dance", end_file=handle_file(str(clip)), api_name="/interpolate")
    assert scene["labels"] == ["walk", "clip"]
    scene, _, files = client.predict("", "walk", "walk proudly", base_file=handle_file(str(clip)), api_name="/edit")
    assert len(scene["bodies"]) == 2 and len(scene["bodies"][1]) == 150 and len(files) == 5
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
        (["", "", ""], "/edit", "Base: say a motion"),
        (["walk", ""], "/interpolate", "To: say a motion"),
    ):
        with pytest.raises((AppError, ValueError), match=complaint):
            client.predict(*arguments, api_name=endpoint)
        assert client.predict("walk", api_name="/generate")[1]["confidences"]


def test_markup_in_a_prompt_stays_words(client):
    _, _, verdict = client.predict("<img src=x onerror=alert(1)>", api_name="/generate")
    assert "<img" not in verdict


def test_several_visitors_each_get_their_own(app_url):
    prompts = ["walk", "run", "bow", "jump"]

    def ask(prompt):
        return Client(app_url, verbose=False).predict(prompt, api_name="/generate")[1]["label"]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, prompts))
    assert together == prompts


@pytest.mark.parametrize("path", ["/etc/passwd", "app.py", "../../etc/passwd", "weights/config.json"])
def test_the_servers_own_files_cannot_be_read(app_url, path):
    assert httpx.get(f"{app_url}/gradio_api/file={path}").status_code in (403, 404)


def test_the_readmes_example_works(app_url):
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    example = text.split("## From another program")[1].split("```python\n")[1].split("```")[0]
    names = {}
    exec(example.replace("http://127.0.0.1:7860", app_url), names)
    assert names["labels"]["label"] and len(names["files"]) == 5


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


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
    from mcp.client.streamable_http import streamablehttp_client

    async def use(url):
        async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
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


def test_on_a_zero_gpu_space_requests_ask_for_the_gpu(monkeypatch):
    asked = []
    fake = types.ModuleType("spaces")
    fake.GPU = lambda function: lambda *args: (asked.append(args), function(*args))[1]
    monkeypatch.setitem(sys.modules, "spaces", fake)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    assert told(lambda words: words.upper())("walk") == "WALK"
    assert asked == [("walk",)]
