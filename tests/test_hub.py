"""Models from the Hugging Face Hub: the real client against a small hub on this machine, on good and bad days."""

import base64
import errno
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from conftest import synthetic_motion

from motionclip import MotionCLIP
from motionclip.errors import HubError
from motionclip.models import storage
from motionclip.models.transformer import MotionTransformer, TransformerConfig

COMMIT = "0123456789abcdef0123456789abcdef01234567"
REPO = "someone/motion-model"


def known_by(path: Path) -> str:
    """What the Hub knows a file by: large ones by SHA-256, small ones by git's hash."""
    body = path.read_bytes()
    if path.name == "model.safetensors":
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


class FakeHub(http.server.ThreadingHTTPServer):
    """One repo, served as the Hub does; `trouble` names what goes wrong, `times` how often."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.trouble, self.times, self.requests = folder, "", 10**9, []

    def happens(self, trouble: str) -> bool:
        if self.trouble != trouble or self.times <= 0:
            return False
        self.times -= 1
        return True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, *_):
        pass

    @staticmethod
    def entry(path: Path) -> dict:
        body, identity = path.read_bytes(), known_by(path)
        large = {"lfs": {"oid": identity, "size": len(body), "pointerSize": 130}} if len(identity) == 64 else {}
        return {"type": "file", "path": path.name, "size": len(body), "oid": identity[:40], **large}

    def do_HEAD(self):
        self.do_GET()

    def do_POST(self):
        """Repos are made, and commits of small files taken, as the Hub takes them."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != "Bearer secret":
            return self.answer(401, b'{"error": "Invalid username or password."}', Content_Type="application/json")
        if self.path == "/api/repos/create":
            answer = {"url": f"http://{self.headers['Host']}/{REPO}", "id": REPO}
        elif self.path.startswith(f"/api/models/{REPO}/preupload/"):
            files = json.loads(body)["files"]
            answer = {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in files]}
        elif self.path.startswith(f"/api/models/{REPO}/commit/"):
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    content = base64.b64decode(line["value"]["content"])
                    (self.server.folder / line["value"]["path"]).write_bytes(content)
            answer = {
                "commitUrl": f"http://{self.headers['Host']}/{REPO}/commit/{COMMIT}",
                "commitOid": COMMIT,
                "success": True,
            }
        elif self.path == "/api/validate-yaml":
            answer = {"errors": [], "warnings": []}
        else:
            return self.answer(404)
        return self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        hub = self.server
        hub.requests.append((self.command, self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        if self.headers.get("Authorization") != "Bearer secret" and hub.happens("401"):
            return self.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        if hub.happens("500"):
            return self.answer(500, b"down")
        if self.path.startswith(f"/api/models/{REPO}"):
            if hub.happens("404"):
                return self.answer(404, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
            if "nowhere" in self.path:
                return self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message="Revision not found")
            if "/tree/" in self.path:
                body = json.dumps([self.entry(path) for path in sorted(hub.folder.iterdir())])
                return self.answer(200, body.encode(), Content_Type="application/json")
            siblings = [{"rfilename": path.name} for path in hub.folder.iterdir()]
            body = json.dumps({"id": REPO, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False})
            return self.answer(200, body.encode(), Content_Type="application/json")
        name = self.path.partition("?")[0].rsplit("/", 1)[-1]
        if not self.path.startswith(f"/{REPO}/resolve/") or not (hub.folder / name).is_file():
            return self.answer(404, X_Error_Code="RepoNotFound", X_Error_Message="not here")
        body = (hub.folder / name).read_bytes()
        etag = known_by(hub.folder / name)
        headers = {"ETag": f'"{etag}"', "X_Repo_Commit": COMMIT, "Accept_Ranges": "bytes"}
        if self.command == "HEAD":
            self.send_response(200)
            for key, value in headers.items():
                self.send_header(key.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            return self.end_headers()
        start = int((self.headers.get("Range") or "bytes=0-")[6:].split("-")[0])
        part = body[start:]
        if name == "model.safetensors" and hub.happens("cut"):
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(part)))
            self.end_headers()
            self.wfile.write(part[: len(part) // 2])
            self.wfile.flush()
            self.close_connection = True
            return self.connection.close()
        if name == "model.safetensors" and hub.happens("silent"):
            time.sleep(8)  # longer than the client waits
        if name == "model.safetensors" and hub.happens("garbled"):
            part = part[:-1] + bytes([part[-1] ^ 1])
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self.answer(206 if start else 200, part, **headers)


SCRIPT = """
import sys
from huggingface_hub import constants
constants.DOWNLOAD_CHUNK_SIZE = 1 << 16  # so that a small file arrives in parts, as a large one does
from motionclip.errors import HubError
from motionclip.hub import download
try:
    print(download(sys.argv[1], *sys.argv[2:]))
except HubError as error:
    print("HubError:", error)
"""


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = TransformerConfig(latent=384, feedforward=512, layers=1)
    return MotionCLIP(MotionTransformer(config).eval().requires_grad_(False), card="# A model for tests")


@pytest.fixture
def hub(tmp_path, model):
    model.save_pretrained(tmp_path / "served")
    server = FakeHub(tmp_path / "served")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(hub, tmp_path):
    """Run the download in a process of its own, as the client reads its settings once."""

    def run(*arguments: str, wait: bool = True, script: str = SCRIPT, **settings: str):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        environment |= {
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_address[1]}",
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_ETAG_TIMEOUT": "3",
            "HF_HUB_DOWNLOAD_TIMEOUT": "3",
            "HF_HUB_DISABLE_XET": "1",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            **settings,
        }
        process = subprocess.Popen(
            [sys.executable, "-c", script, *(arguments or (REPO,))],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        if not wait:
            return process
        answer, errors = process.communicate(timeout=60)
        return answer.strip() or errors

    return run


def whole(folder: str, hub: FakeHub) -> bool:
    return all((Path(folder) / p.name).read_bytes() == p.read_bytes() for p in hub.folder.iterdir())


def test_a_repo_is_fetched_once_and_then_works_offline(hub, fetch, model):
    folder = fetch()
    assert whole(folder, hub)
    again = MotionCLIP.from_pretrained(folder)
    motion = synthetic_motion()
    assert torch.allclose(again.encode_motion([motion]), model.encode_motion([motion]), atol=1e-6)
    before = sum(command == "GET" and "resolve" in path for command, path, *_ in hub.requests)
    assert fetch() == folder
    assert sum(command == "GET" and "resolve" in path for command, path, *_ in hub.requests) == before
    assert fetch(HF_HUB_OFFLINE="1") == folder
    hub.trouble = "500"  # the Hub is down, but everything is here
    assert fetch() == folder


def test_a_download_that_was_cut_off_goes_on(hub, fetch):
    hub.trouble, hub.times = "cut", 1
    assert whole(fetch(), hub)
    ranges = [span for command, path, span, _ in hub.requests if command == "GET" and "model.safetensors" in path]
    assert any(span and span != "bytes=0-" for span in ranges)


def test_a_download_that_keeps_breaking_off_is_given_up(hub, fetch):
    hub.trouble = "cut"
    answer = fetch()
    assert answer.startswith("HubError") and "try again" in answer
    hub.trouble = ""
    assert whole(fetch(), hub)


def test_a_file_that_is_not_the_hubs_is_refused_and_not_kept(hub, fetch):
    hub.trouble, hub.times = "garbled", 1
    answer = fetch()
    assert answer.startswith("HubError") and "model.safetensors" in answer and "try again" in answer
    assert whole(fetch(), hub)


@pytest.mark.parametrize(
    ("trouble", "complaint"),
    [("404", "no such repository"), ("401", "HF_TOKEN"), ("500", "the Hub")],
)
def test_what_the_hub_says_no_to_is_told(hub, fetch, trouble, complaint):
    hub.trouble = trouble
    answer = fetch()
    assert answer.startswith("HubError") and REPO in answer and complaint in answer
    hub.trouble = ""
    assert whole(fetch(), hub)


def test_an_error_that_passes_is_tried_again(hub, fetch):
    hub.trouble, hub.times = "500", 1
    answer = fetch()
    assert whole(answer if not answer.startswith("HubError") else fetch(), hub)


def test_a_token_opens_a_private_repo(hub, fetch):
    hub.trouble = "401"
    assert whole(fetch(HF_TOKEN="secret"), hub)


def test_no_network_no_revision_no_model(hub, fetch, tmp_path):
    assert "can't be reached" in fetch(HF_ENDPOINT="http://127.0.0.1:9")
    assert "HF_HUB_OFFLINE" in fetch(HF_HUB_OFFLINE="1")
    assert "no branch, tag or commit 'nowhere'" in fetch(REPO, "nowhere")
    (hub.folder / "model.safetensors").unlink()
    assert "no model.safetensors" in fetch()


def test_a_hub_that_falls_silent_is_not_waited_for_forever(hub, fetch):
    hub.trouble, hub.times = "silent", 1
    answer = fetch()
    assert whole(answer if not answer.startswith("HubError") else fetch(), hub)


PUSH = """
import sys
from motionclip import MotionCLIP
print(MotionCLIP.from_pretrained(sys.argv[1]).push_to_hub(sys.argv[2]))
"""


def test_a_model_is_pushed_and_comes_back(hub, fetch, model, tmp_path):
    model.save_pretrained(tmp_path / "mine")
    for path in hub.folder.iterdir():
        path.unlink()
    assert "401" in fetch(str(tmp_path / "mine"), REPO, script=PUSH, HF_TOKEN="wrong")
    assert COMMIT in fetch(str(tmp_path / "mine"), REPO, script=PUSH, HF_TOKEN="secret")
    assert {path.name for path in hub.folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    again = MotionCLIP.from_pretrained(fetch())
    motion = synthetic_motion()
    assert torch.allclose(again.encode_motion([motion]), model.encode_motion([motion]), atol=1e-6)


def test_two_downloads_at_once(hub, fetch):
    processes = [fetch(wait=False) for _ in range(2)]
    folders = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(folders) == 1 and whole(folders.pop(), hub)


def test_a_full_disk_is_told(monkeypatch, hub):
    import huggingface_hub

    from motionclip.hub import download

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", "model.safetensors")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", full)
    with pytest.raises(HubError, match="No space left on device.*make room"):
        download(REPO)


def test_only_names_of_repos_go_to_the_hub(tmp_path):
    for source in (tmp_path / "user" / "repo", str(tmp_path / "nothing"), "./user/repo"):
        with pytest.raises(FileNotFoundError, match="holds no model"):
            MotionCLIP.from_pretrained(source)


def test_the_card_shows_what_was_measured(tmp_path, model):
    fresh = MotionCLIP(model.model)
    fresh.save_pretrained(tmp_path, model_card_kwargs={"metrics": [vars(Figure())]})
    card = (tmp_path / "README.md").read_text()
    assert "library_name: motionclip" in card and "| recognition: top-1 | 93.21 % |" in card
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert torch.equal(storage.load(tmp_path).encoder.muQuery, model.model.encoder.muQuery)
    assert MotionCLIP.from_pretrained(tmp_path).card == card


class Figure:
    def __init__(self):
        self.group, self.name, self.value, self.unit = "recognition", "top-1", 93.21, "%"
