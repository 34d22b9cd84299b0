"""A visitor's own character through the page's HTTP API: taken, moved, taken home, and nobody else's."""

import base64
import json
import re
import time

import characters
import httpx
import numpy as np
import pytest
from conftest import synthetic_motion

from demo.binary_format import motion_of, motion_text
from demo.character_store import MAX_BYTES, own_characters
from demo.motion_store import motion_store
from motionclip.files import gltf
from motionclip.files.retarget_to_character import Character


@pytest.fixture
def visitor(app_url):
    """What calls the page's functions for a session, as the browser does: with a form."""
    config = httpx.get(f"{app_url}/config").json()
    numbers = {name: part["id"] for part in config["components"] for name in part["props"].get("server_fns", []) or []}

    def call(session, name, file=None, **fields):
        asked = {"component_id": numbers[name], "fn_name": name, "session_hash": session} | fields
        answer = httpx.post(
            f"{app_url}/gradio_api/component_server/",
            data=asked,
            files={"file": file} if file else {"no": (None, "file")},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    yield call
    own_characters.clear()


def given(kind, folder, name="me"):
    path = characters.write(kind, folder, name)
    return path.name, path.read_bytes()


def moves(*motions):
    return "motions.json", json.dumps([motion_text(motion) for motion in motions]).encode()


def tracks(text):
    """Number of a node → (frames, 4) or (frames, 3), as the browser reads them."""
    data = base64.b64decode(text)
    frames, turns, goes = np.frombuffer(data, "<u4", 3, 4).tolist()
    numbers = np.frombuffer(data, "<u4", turns + goes, 16).tolist()
    start = 16 + 4 * len(numbers)
    rotations = np.frombuffer(data, "<i2", 4 * frames * turns, start).reshape(frames, turns, 4) / 32767
    places = np.frombuffer(data, "<f4", 3 * frames * goes, start + 8 * frames * turns).reshape(frames, goes, 3)
    assert data[:4] == b"MCT1" and start + 8 * frames * turns + 12 * frames * goes == len(data)
    return (
        {("rotation", node): rotations[:, n] for n, node in enumerate(numbers[:turns])}
        | {("translation", node): places[:, n] for n, node in enumerate(numbers[turns:])}
    )  # fmt: skip


@pytest.mark.parametrize("kind", characters.KINDS.values(), ids=characters.KINDS)
def test_the_page_gets_how_the_character_moves(visitor, tmp_path, kind):
    walk, squat = synthetic_motion(frames=20), synthetic_motion("squat", 12)
    taken = visitor("ann", "put", given(kind, tmp_path))
    assert taken["parts"]["left_knee"] == kind.names["left_knee"] and taken["notes"] == []
    found = visitor("ann", "fitted", moves(walk, squat))["motions"]
    theirs = Character(tmp_path / f"me{kind.suffix}")
    assert taken["scale"] == pytest.approx(theirs.scale) and taken["height"] == pytest.approx(theirs.height)
    for motion, text in zip((walk, squat), found, strict=True):
        wanted = {(path, node): values for node, path, values in theirs.tracks(motion_of(motion_text(motion)))}
        got = tracks(text)
        assert set(got) == set(wanted)
        for key, values in wanted.items():
            assert np.abs(got[key] - values).max() < 1e-3 * max(1, np.abs(values).max())


def test_the_motion_goes_home_on_it_and_to_nobody_else(visitor, app_url, tmp_path):
    token = motion_store.put_motion(synthetic_motion(frames=25), "walk")
    assert "choose its file again" in visitor("ann", "on_character", token=token, place="0")["reason"]
    visitor("ann", "put", given(characters.VRM, tmp_path))
    found = visitor("ann", "on_character", token=token, place="0")
    assert found["name"] == "walk-on-my-character.vrm"
    answer = httpx.get(f"{app_url}/{found['address']}")
    (tmp_path / "home.vrm").write_bytes(answer.content)
    assert len(characters.play(tmp_path / "home.vrm").worlds) == 25
    # Others have none, and the file itself has no address.
    assert visitor("bob", "fitted", moves(synthetic_motion(frames=3)))["gone"]
    assert visitor("bob", "on_character", token=token, place="0")["gone"]
    kept = own_characters.of("ann").path
    assert httpx.get(f"{app_url}/gradio_api/file={kept.as_posix()}").status_code in (403, 404)
    secret = re.findall(r"/([0-9a-f]{32})/[0-9a-f]{8}/", found["address"])
    assert len(secret) == 1 and secret[0] not in str(kept)
    assert "too long ago" in visitor("ann", "on_character", token="0" * 32, place="0")["reason"]
    assert "incomplete request" in visitor("ann", "on_character", token=token, place="far")["reason"]


def test_it_is_gone_when_its_visitor_leaves(visitor, app_url, tmp_path):
    visitor("ann", "put", given(characters.VRM, tmp_path))
    visitor("bob", "put", given(characters.UNREAL, tmp_path))
    token = motion_store.put_motion(synthetic_motion(frames=5), "walk")
    address = f"{app_url}/{visitor('ann', 'on_character', token=token, place='0')['address']}"
    kept = own_characters.of("ann").path
    with httpx.stream("GET", f"{app_url}/gradio_api/heartbeat/ann", timeout=60) as beat:
        lines = beat.iter_lines()
        assert "ALIVE" in next(lines)
        assert httpx.get(address).status_code == 200 and kept.exists()
    deadline = time.time() + 60
    while kept.exists() and time.time() < deadline:
        time.sleep(0.2)
    assert not kept.exists() and httpx.get(address).status_code in (403, 404)
    assert visitor("ann", "fitted", moves(synthetic_motion(frames=3)))["gone"]
    assert own_characters.of("bob").path.exists()
    visitor("bob", "remove")
    assert own_characters.of("bob") is None


def test_bad_uploads_are_told_and_change_nothing(visitor, tmp_path):
    visitor("ann", "put", given(characters.VRM, tmp_path))
    kept = own_characters.of("ann").path
    names = {part: f"bone{number}" for number, part in enumerate(characters.UNREAL.names)}
    strange = characters.changed(characters.UNREAL, names=names, extra={})
    document, arrays = characters.character(characters.UNREAL)
    statue = gltf.packed(document | {"nodes": [{"name": "statue", "mesh": 0}], "skins": []}, arrays)
    for file, words in (
        (("me.fbx", b"Kaydara"), r"me\.fbx: suffix: a character is a \.glb or \.vrm, not '\.fbx': export it as one"),
        (("a.glb", b"MZ"), r"a\.glb: file: a character is a \.glb or \.vrm: save it as one"),
        (("b.glb", statue), r"b\.glb: skeleton: is missing: the figure has no bones; rig it first"),
        (
            ("big.vrm", bytes(MAX_BYTES + 1)),
            r"big\.vrm: size: 50\.0 MB; at most 50 are taken: make its textures smaller",
        ),
        (("<b>.glb", b"MZ"), r"_b_\.glb: file: "),
        (None, r"character: send one file"),
    ):
        found = visitor("ann", "put", file)
        assert re.search(words, found["reason"]) and "form" not in found, found
        assert own_characters.of("ann").path == kept and kept.exists()
    found = visitor("ann", "put", given(strange, tmp_path))
    assert (
        "me.glb: skeleton: is not understood as a human's" in found["reason"] and "--character" not in found["reason"]
    )
    assert found["form"].startswith("pelvis =\n")
    filled = "\n".join(f"{line.partition('=')[0].strip()} = {names[line.partition('=')[0].strip()]}"
                       for line in found["form"].splitlines() if not line.startswith("#"))  # fmt: skip
    for changed, words in (
        (filled.replace("left_knee", "left_gnee"), r"map: line \d+: 'left_gnee' is no part"),
        (filled.replace(names["left_knee"], "Knie"), r"me\.glb: map: left_knee: there is no joint 'Knie'"),
        ("#" * 20_001, r"map: is too long"),
    ):
        assert re.search(words, visitor("ann", "put", given(strange, tmp_path), names=changed)["reason"])
        assert own_characters.of("ann").path == kept
    assert visitor("ann", "put", given(strange, tmp_path), names=filled)["parts"]["left_knee"] == names["left_knee"]
    assert not kept.exists()
    assert len(visitor("ann", "fitted", moves(synthetic_motion(frames=3)))["motions"]) == 1


def test_what_is_no_form_of_the_page_is_refused(visitor, app_url, tmp_path):
    config = httpx.get(f"{app_url}/config").json()
    (number, *_) = [part["id"] for part in config["components"] if "fitted" in (part["props"].get("server_fns") or [])]
    for data in (None, [1], {"session_hash": "ann"}, "walk"):
        asked = {"data": data, "component_id": number, "fn_name": "put", "session_hash": "ann"}
        answer = httpx.post(f"{app_url}/gradio_api/component_server/", json=asked, timeout=60)
        assert "incomplete request" in answer.json()["reason"]
    visitor("ann", "put", given(characters.VRM, tmp_path))
    text = motion_text(synthetic_motion(frames=3))
    for content in (b"[", b"{}", b"[1]", b'["TUNNMQ=="]', json.dumps([text[:-8]]).encode(), b"5", b'["\\u00fc"]'):
        assert "motions: could not be read" in visitor("ann", "fitted", ("m.json", content))["reason"]
    for many in (33 * [text], 25 * [motion_text(synthetic_motion(frames=900))]):
        assert "too long" in visitor("ann", "fitted", ("m.json", json.dumps(many).encode()))["reason"]
