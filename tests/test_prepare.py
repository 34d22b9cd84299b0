"""AMASS and BABEL in the layouts of their sites, small and synthetic, to a folder that `train` reads."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from motionclip import Motion
from motionclip.cli import app
from motionclip.data import load_clips
from motionclip.files import MotionFileError
from motionclip.prepare import prepare_babel


def recording(feat, frames, sequence=("walk",)):
    labels = [{"raw_label": f"{a} around", "proc_label": a, "act_cat": [a], "seg_id": "x"} for a in sequence]
    stretches = frames and {
        "labels": [
            {"raw_label": raw, "proc_label": raw, "act_cat": act, "start_t": start, "end_t": end, "seg_id": "y"}
            for raw, act, start, end in frames
        ]
    }
    return {
        "babel_sid": 1, "url": "", "feat_p": feat, "dur": 4.0,
        "seq_ann": {"babel_lab_id": "a", "labels": labels}, "frame_ann": stretches or None,
    }  # fmt: skip


def smplh(path, frames=480, rate=120):
    """A recording as AMASS has it: z up, 52 joints, 120 a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    poses = np.zeros((frames, 156))
    poses[:, 0] = np.pi / 2  # upright, with z up
    poses[:, 3 * 17 + 2] = np.sin(np.arange(frames) / 20)
    trans = np.stack([np.linspace(0, 2, frames), np.zeros(frames), np.full(frames, 0.9)], axis=1)
    np.savez(path, poses=poses, trans=trans, betas=np.zeros(16), gender="neutral", dmpls=np.zeros((frames, 8)),
             mocap_framerate=float(rate))  # fmt: skip


@pytest.fixture
def downloads(tmp_path):
    smplh(tmp_path / "amass/KIT/3/walk_poses.npz")
    smplh(tmp_path / "amass/HumanEva/S1/Box 1_poses.npz")
    babel = tmp_path / "babel_v1.0_release"
    babel.mkdir()
    stretches = [
        ("walk forward", ["walk", "forward movement"], 0.0, 1.5),
        ("transition", ["transition"], 1.5, 2.0),
        ("wave", ["wave"], 2.0, 4.0),
        ("blink", ["gesture"], 3.9, 4.0),
    ]
    train = {"1": recording("KIT/KIT/3/walk_poses.npz", stretches), "2": recording("CMU/CMU/1/lost.npz", None)}
    val = {"3": recording("HumanEva/HumanEva/S1/Box 1_poses.npz", None, ("punch", "stand"))}
    (babel / "train.json").write_text(json.dumps(train))
    (babel / "val.json").write_text(json.dumps(val))
    return tmp_path


def test_downloads_become_a_folder_to_train_on(downloads):
    out = downloads / "data"
    result = CliRunner().invoke(
        app, ["prepare", "--amass", str(downloads / "amass"), "--babel", str(downloads / "babel_v1.0_release"),
              "--out", str(out)],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "3 clips" in result.output and "1 recording" in result.output  # and what was not found is said
    clips = {clip.action: clip for clip in load_clips(out)}
    assert set(clips) == {"walk", "wave", "punch"}
    assert clips["walk"].split == "train" and clips["punch"].split == "val"
    assert clips["walk"].captions == ("walk forward",)
    assert clips["punch"].captions == ("punch", "punch around", "stand", "stand around")
    assert len(clips["walk"].motion) == 45 and len(clips["punch"].motion) == 120
    joints = clips["wave"].motion.joints()
    assert joints[0, 15, 1] - joints[0, 10, 1] > 1.3  # upright, y up
    assert joints[-1, 0, 0] - joints[0, 0, 0] == pytest.approx(1.0, abs=0.05)  # and at its own speed


def test_babels_own_split_gives_its_val_as_test_too(downloads):
    prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "out", "babel", progress=False)
    assert {clip.split for clip in load_clips(downloads / "out") if clip.action == "punch"} == {"val", "test"}


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("{", "content"),
        ("[]", "content"),
        ('{"7": {"feat_p": "KIT/KIT/a.npz"}}', "7"),
        ('{"7": {"feat_p": 3}}', "7"),
        ('{"7": {"feat_p": "KIT/../../etc/passwd", "seq_ann": {"labels": []}, "dur": 1}}', "7"),
    ],
)
def test_json_that_is_not_babels_is_refused_by_field(downloads, content, field):
    (downloads / "babel_v1.0_release/val.json").write_text(content)
    with pytest.raises(MotionFileError, match=rf"val\.json: {field}"):
        prepare_babel(downloads / "amass", downloads / "babel_v1.0_release", downloads / "out", progress=False)


def test_what_is_missing_is_named(downloads):
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        prepare_babel(downloads / "nowhere", downloads / "babel_v1.0_release", downloads / "out")
    with pytest.raises(OSError, match=r"train\.json"):
        prepare_babel(downloads / "amass", downloads, downloads / "out")
    with pytest.raises(FileNotFoundError, match="none of the 3 recordings"):
        prepare_babel(downloads / "amass/KIT", downloads / "babel_v1.0_release", downloads / "out", progress=False)
    assert Motion.load(downloads / "amass/KIT/3/walk_poses.npz").fps == 30
