"""What the browser's stage is given: compact motions and the figure, files on demand; and the JavaScript itself."""

import base64
import dataclasses
import shutil
import subprocess
from pathlib import Path

import httpx
import numpy as np
import pytest
import roma
import smpl_bodies
import torch
from conftest import synthetic_motion
from gradio_client import Client
from typer.testing import CliRunner

from demo.binary_format import REACH, between, body_bytes, motion_of, motion_text
from demo.content import TITLE
from demo.downloads import take
from demo.motion_store import MotionStore, motion_store
from demo.recognition import TOP, likeliest
from demo.recognition_sureness import ACTIONS, AIMS, FROM, LIST, sentence, word
from demo.smpl import put
from demo.stage import STATIC, scene
from motionclip import Motion
from motionclip.cli import app
from motionclip.errors import RequestError
from motionclip.motion import skeleton
from motionclip.viz.bodies import smpl_figure, wooden_figure

ROOT = Path(__file__).resolve().parent.parent


def decoded(data: bytes) -> Motion:
    """A motion from the bytes that the browser gets."""
    frames, joints = np.frombuffer(data, "<u2", 2, 4).tolist()
    assert data[:4] == b"MCM1" and joints == 24
    whole = np.frombuffer(data, "<i2", 4 * joints * frames, 8).reshape(frames, joints, 4) / 32767
    path = np.frombuffer(data, "<f4", 3 * frames, 8 + whole.size * 2).reshape(frames, 3)
    vectors = roma.unitquat_to_rotvec(torch.from_numpy(whole / np.linalg.norm(whole, axis=-1, keepdims=True)))
    return Motion(vectors.numpy(), path.copy())


def test_a_motion_travels_small_and_as_it_was():
    motion = synthetic_motion(frames=60)
    text = motion_text(motion)
    assert len(text) < 20_000
    assert np.abs(decoded(base64.b64decode(text)).joints() - motion.joints()).max() < 5e-4


def test_the_figure_travels_small_and_as_it_was():
    figure = wooden_figure()
    data = body_bytes(figure)
    assert len(data) < 200_000
    vertices, corners = np.frombuffer(data, "<u4", 2, 4).tolist()
    assert (vertices, corners) == (len(figure.vertices), figure.faces.size)
    rest = np.frombuffer(data, "<f4", 72, 12)
    assert np.allclose(rest.reshape(24, 3), skeleton.REST_JOINTS)
    places = np.frombuffer(data, "<i2", 3 * vertices, 12 + 288).reshape(-1, 3) * REACH / 32767
    assert np.abs(places - figure.vertices).max() < 1e-4
    assert np.array_equal(np.frombuffer(data[-2 * corners :], "<u2").reshape(-1, 3), figure.faces)


def test_a_body_too_large_for_the_browser_is_refused():
    figure = wooden_figure()
    large = dataclasses.replace(figure, vertices=2 * figure.vertices)
    many = dataclasses.replace(figure, vertices=np.zeros((70_000, 3), np.float32))
    for wrong in (large, many):
        with pytest.raises(RequestError, match="65,536 vertices within 2 m of joint 0"):
            body_bytes(wrong)


def test_smpls_body_stands_where_the_wooden_figure_does(smpl_folder):
    figure, wood = smpl_figure(smpl_folder), wooden_figure()
    assert np.allclose(figure.rest[0], 0) and np.array_equal(figure.weights.sum(1), np.full(len(figure.weights), 255))
    legs = [body.rest[0, 1] - body.vertices[:, 1].min() for body in (figure, wood)]
    assert legs[0] == pytest.approx(legs[1], abs=1e-5)
    # Its own joints, at one scale.
    assert np.allclose(figure.rest * 0.8, (wood.rest - wood.rest[0]) * smpl_bodies.WIDER, atol=1e-4)


def test_smpls_mesh_is_served_to_the_page_that_was_started_with_it_alone(app_url, smpl_url):
    tag = '<meta name="motionclip-smpl" content="'
    head, plain = (httpx.get(url).text.split("</head>")[0] for url in (smpl_url, app_url))
    assert "motionclip-smpl" not in plain
    address = head.split(tag)[1].split('"')[0]
    assert httpx.get(f"{smpl_url}/{address}").content[:4] == b"MCB1"
    assert httpx.get(f"{app_url}/{address}").status_code == 403


def test_the_page_itself_brings_what_the_first_stage_needs_and_nothing_else_is_changed(app_url):
    page = httpx.get(app_url)
    head, body = page.text.split("</head>")
    assert 'rel="modulepreload" href="gradio_api/file=' in head
    assert '<div id="opening" data-stage="text-stage">' in body.split("<gradio-app")[0]
    assert int(page.headers["content-length"]) == len(page.content)
    assert httpx.get(f"{app_url}/config").json()["title"] == TITLE


def test_smpls_mesh_is_given_to_no_strangers(smpl_folder, monkeypatch):
    with pytest.raises(RequestError, match="licence forbids.*--share"):
        put(smpl_folder, share=True)
    monkeypatch.setenv("SPACE_ID", "user/space")
    with pytest.raises(RequestError, match="licence forbids.*Space"):
        put(smpl_folder, share=False)


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_folder_without_smpl_is_told_at_the_start(tmp_path, by):
    folder = str(tmp_path)
    arguments, variables = (["--body", folder], {}) if by == "option" else ([], {"MOTIONCLIP_BODY": folder})
    told = CliRunner().invoke(app, ["app", *arguments], env=variables)
    assert told.exit_code == 1 and "SMPL_NEUTRAL.npz" in told.output and "smpl.is.tue.mpg.de" in told.output


def test_a_scene_tells_what_the_stage_shows():
    motions = [synthetic_motion(frames=20), synthetic_motion("squat", 30)]
    value = scene(motions, ["a", "b"], "two")
    assert [figure["label"] for figure in value["figures"]] == ["a", "b"] and value["layout"] == "beside"
    with pytest.raises(ValueError, match="zip"):
        scene(motions, ["a"])


def test_files_are_made_when_they_are_asked_for(monkeypatch):
    motion = synthetic_motion(frames=30)
    token = motion_store.put_motion(motion, "mine")
    found = take([token, "bvh", 0])
    path = found["address"].split("file=")[1]
    assert found["name"] == "mine.bvh" and len(Motion.load(path)) == 30
    assert "no kind of file" in take([token, "../../etc/passwd", 0])["reason"]
    for wrong in (["0" * 32, "bvh", 0], ["../../etc", "npz", 0], None, [1], [token, "bvh", "far"]):
        assert "reason" in take(wrong)
    monkeypatch.setattr("demo.motion_store.KEPT", 2)
    small = MotionStore()
    lasting = small.put_lasting(synthetic_motion(frames=7), "first")
    tokens = [small.put_motion(synthetic_motion(frames=5, seed=seed), "x") for seed in range(3)]
    assert len(Motion.load(small.file(tokens[2], "npz"))) == 5
    assert len(Motion.load(small.file(lasting, "npz"))) == 7
    with pytest.raises(ValueError, match="too long ago"):
        small.file(tokens[0], "npz")


def test_what_lies_between_is_taken_as_the_slider_says():
    ends = [synthetic_motion(frames=20), synthetic_motion("squat", 20), synthetic_motion("squat", 20, 1)]
    for place, end in zip((-1, 0, 1), ends, strict=True):
        assert np.abs(between(ends, [-1, 0, 1], place).joints() - end.joints()).max() < 1e-4
    middle = between(ends, [-1, 0, 1], -0.5)
    bones = np.linalg.norm(middle.joints()[:, 1:] - middle.joints()[:, list(skeleton.PARENTS[1:])], axis=-1)
    assert np.allclose(bones, np.linalg.norm(skeleton.OFFSETS[1:], axis=-1), atol=1e-4)  # no limb shrinks
    assert np.allclose(middle.translation, (ends[0].translation + ends[1].translation) / 2, atol=1e-6)


def test_between_two_motions_joints_turn_the_short_way():
    poses = np.zeros((2, 1, 24, 3), np.float32)
    poses[:, :, 16, 1] = [[np.radians(170)], [np.radians(-170)]]  # 20° apart
    middle = between([Motion(each, np.zeros((1, 3), np.float32)) for each in poses], [0, 1], 0.5)
    assert abs(middle.poses[0, 16, 1]) == pytest.approx(np.pi, abs=1e-4)


def test_a_motion_that_was_damaged_on_its_way_is_refused():
    data = base64.b64decode(motion_text(synthetic_motion(frames=5)))
    assert len(motion_of(base64.b64encode(data).decode())) == 5
    for spoilt in (data[:-1], data + b"more", b"MCB1" + data[4:], data[:6] + b"\x17" + data[7:], data[:8], b""):
        with pytest.raises(ValueError):
            motion_of(base64.b64encode(spoilt).decode())


def test_how_sure_the_reader_is_is_said_in_words():
    both = [("walk", 0.7), ("run", 0.2)]
    assert sentence(both, "surely") == "Surely: walk." and sentence(both, "probably") == "Probably: walk."
    assert sentence(both, "perhaps") == "Perhaps: walk, or run." and sentence(both[:1], "perhaps") == "Perhaps: walk."
    assert sentence(both, "hardly") == "None of these labels fits well; walk fits best."
    assert sentence(both, "surely", ["walk", "sit"]).startswith("In turn: walk, sit.")
    since = {"surely": 0.4, "probably": 0.2, "perhaps": 0.1}
    assert [word(share, since) for share in (0.9, 0.4, 0.39, 0.1, 0.09)] == [
        "surely", "surely", "probably", "perhaps", "hardly",
    ]  # fmt: skip


def test_the_words_are_in_order_and_measured():
    assert set(FROM) == {ACTIONS, LIST}
    for since in FROM.values():
        assert list(since) == list(AIMS) and sorted(since.values(), reverse=True) == list(since.values())


def test_a_label_is_likely_beside_all_that_is_known(mc):
    motion = mc.as_motion(mc.bank.find("kick"))
    known = likeliest(mc, motion, None)
    assert len(known) == TOP and known[0][0] == "kick" and word(known[0][1], FROM[ACTIONS]) in ("surely", "probably")
    (own,) = likeliest(mc, motion, ["kick"])
    assert own[1] == pytest.approx(known[0][1], abs=1e-4)  # as the only one in a list it is no surer
    other = likeliest(mc, motion, ["sleep", "play the piano"])
    assert len(other) == 2 and word(other[0][1], FROM[LIST]) == "hardly"


def test_the_page_gets_its_modules_and_nothing_else(app_url):
    module = httpx.get(f"{app_url}/gradio_api/file={STATIC.as_posix()}/stage/mount.js")
    assert module.status_code == 200 and "javascript" in module.headers["content-type"]
    for other in ("../stage.py", "../../weights/config.json", "../../app.py"):
        assert httpx.get(f"{app_url}/gradio_api/file={STATIC.as_posix()}/{other}").status_code in (403, 404)


def test_what_the_page_calls_is_refused_in_words(app_url):
    """As the browser does, by the component's number."""
    config = httpx.get(f"{app_url}/config").json()
    numbers = {name: part["id"] for part in config["components"] for name in part["props"].get("server_fns", []) or []}
    assert {"takes", "take"} <= set(numbers)

    def call(name, data):
        asked = {"data": data, "component_id": numbers[name], "fn_name": name, "session_hash": "test"}
        return httpx.post(f"{app_url}/gradio_api/component_server", json=asked, timeout=30).json()

    found = call("takes", ["walk", 2.0, 0, 1.0])["takes"]
    assert [of["seed"] for of in found] == [1, 2, 3, 4] and len({of["motion"] for of in found}) == 4
    assert "empty" in call("takes", ["", 2.0, 0, 1.0])["reason"]
    assert "99" in call("takes", ["walk", 99, 0, 1.0])["reason"]
    assert "incomplete request" in call("takes", "walk")["reason"]
    assert "too long ago" in call("take", ["/etc/passwd", "npz", 0])["reason"]


def test_a_second_motion_is_small_on_the_wire(app_url):
    """What the page gets for a prompt, and what it gets for what is no request."""
    components = Client(app_url, verbose=False).config["components"]
    (number,) = [of["id"] for of in components if "play" in of["props"].get("server_fns", ())]

    def play(asked):
        asked = {"component_id": number, "fn_name": "play", "data": asked, "session_hash": "bytes"}
        return httpx.post(f"{app_url}/gradio_api/component_server/", json=asked, timeout=30)

    answer = play(["kick", 2.0, 0, 1.0])
    assert 12_000 < len(answer.content) < 60_000 and answer.json()["answer"]["level"] == "known"
    for wrong, words in (
        (["kick"], "incomplete"),
        (["kick", 99, 0, 1], "length: must be"),
        (["kick", "<b>", 0, 1], "seconds, not <b>"),  # in words, which no script takes for markup
        ([" ", 2, 0, 1], "is empty"),
    ):
        refused = play(wrong).json()
        assert words in refused["reason"] and set(refused) == {"reason"}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_javascripts_maths():
    files = sorted(map(str, (ROOT / "tests" / "js").glob("*.test.js")))
    run = subprocess.run(["node", "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout[-3000:]
