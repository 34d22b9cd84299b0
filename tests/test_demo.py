"""The app through its real HTTP API."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from conftest import synthetic_motion
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from motionclip import Motion


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
