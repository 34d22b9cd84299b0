"""What breaks from outside: kills, a full disk, no home, no memory. What was there stays, and what comes next works."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from conftest import free_port, synthetic_motion
from gradio_client import Client

from motionclip import Motion
from motionclip.models import storage

ROOT = Path(__file__).resolve().parent.parent
# The disk is full after this many bytes: as with ENOSPC, the write that goes over it fails.
FULL_DISK = """
import resource, runpy, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.argv[0] = "motionclip"
runpy.run_module("motionclip", run_name="__main__")
"""


def motionclip(*arguments, disk=None, **environment):
    start = ["-m", "motionclip"] if disk is None else ["-c", FULL_DISK.format(size=disk)]
    command = [sys.executable, *start, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_a_kill_while_weights_are_saved_leaves_a_whole_set(tmp_path):
    saving = (
        "import sys; from pathlib import Path; from motionclip.models import storage\n"
        "model = storage.load(Path('weights')); print('ready', flush=True)\n"
        "while True: storage.save(model, Path(sys.argv[1]))"
    )
    for attempt in range(4):
        process = subprocess.Popen([sys.executable, "-c", saving, tmp_path], cwd=ROOT, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(0.4 + random.Random(attempt).random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert storage.load(tmp_path).config.architecture == "flow"


@pytest.mark.parametrize("suffix", [".npz", ".bvh", ".glb", ".mp4", ".gif"])
def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path, suffix):
    path = synthetic_motion().save(tmp_path / f"walk{suffix}")
    old = path.read_bytes()
    source = synthetic_motion().save(tmp_path / "source.npz")
    result = motionclip("convert", source, path, disk=3000)
    assert result.returncode == 1 and "error:" in result.stderr and "Traceback" not in result.stderr
    assert path.read_bytes() == old
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted({"source.npz", path.name})
    assert motionclip("convert", source, path).returncode == 0


def test_training_on_a_full_disk_stops_with_its_reason(data_folder, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('steps = 2\nbatch = 4\nprecision = "no"\n[model]\narchitecture = "transformer"\nlayers = 1\n')
    result = motionclip("train", "--data", data_folder, "--out", tmp_path / "run", "--config", config, disk=20_000)
    assert result.returncode == 1 and "error:" in result.stderr and "Traceback" not in result.stderr
    assert list((tmp_path / "run").iterdir()) == []


def test_without_a_home_folder_or_in_a_place_that_takes_no_files(tmp_path):
    there = tmp_path / "walk.bvh"
    result = motionclip("generate", "walk", "-o", there, HOME="/nonexistent", XDG_CACHE_HOME="/proc/nowhere")
    assert result.returncode == 0, result.stderr
    assert len(Motion.load(there)) >= 60
    result = motionclip("generate", "walk", "-o", "/proc/nowhere/walk.bvh")
    assert result.returncode == 1 and "/proc/nowhere" in result.stderr and "Traceback" not in result.stderr


def test_a_request_that_memory_does_not_suffice_for_leaves_the_next_one_alone():
    script = (
        "import resource\n"
        "from pathlib import Path\n"
        "from demo.request_handling import handle_errors\n"
        "import gradio, torch\n"
        "from motionclip import MotionCLIP\n"
        "torch.set_num_threads(1)\n"
        "mc = MotionCLIP.from_pretrained()\n"
        "generate = handle_errors(lambda n, f: len(mc.generate('walk', f, samples=n)))\n"
        "generate(1, 60)\n"
        "used = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (200 << 20), used + (200 << 20)))\n"
        "try: generate(64, 1800)\n"
        "except gradio.Error as error: print(error.message)\n"
        "print(generate(2, 60))\n"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "not enough memory" in result.stdout and result.stdout.endswith("2\n")


def test_the_app_ends_on_sigterm_and_takes_its_files_along(tmp_path):
    port = free_port()
    environment = os.environ | {"GRADIO_TEMP_DIR": str(tmp_path)}
    command = [sys.executable, "app.py", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(1800):
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        client = Client(f"http://127.0.0.1:{port}", verbose=False)
        client.predict("walk", api_name="/files")
        assert any(tmp_path.rglob("motion.bvh"))
        client.submit("dance salsa", 6.5, api_name="/files")  # and goes while one is made
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
        assert time.monotonic() - began < 5
        assert not any(path.is_file() for path in tmp_path.rglob("motion.*"))
    finally:
        process.kill()
        process.wait()
