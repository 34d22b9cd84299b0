"""The 25th row of the authors' models: what it holds, and how a body whose path it doesn't hold comes to walk."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from scipy.spatial.transform import Rotation

from motionclip import Motion, MotionCLIP
from motionclip.files import npz
from motionclip.models import storage
from motionclip.models.official import import_official
from motionclip.models.transformer import ANKLE, MotionTransformer, TransformerConfig
from motionclip.motion import skeleton
from motionclip.motion.root_path import path_of
from motionclip.motion.windows import cut_windows
from motionclip.training.dataset import Clip, WindowSampler
from motionclip.training.train import TrainConfig

OFFICIAL = TransformerConfig(
    tower=None,
    latent=64,
    feedforward=96,
    layers=1,
    dropout=0.0,
    normalised=False,
    up="z",
    rows=True,
    row_25=ANKLE,
    heading="own",
)
OFFSETS = skeleton.OFFSETS.numpy().astype(np.float64)
SPEED, PERIOD, STANCE = 0.9, 1.0, 0.6  # metres per second, seconds, and the share of it that a foot stands


def walker(frames=60):
    """A body that walks along +z on feet that stand still: legs solved in their own planes."""
    t = np.arange(frames) / 30
    poses, path = np.zeros((frames, 24, 3)), np.zeros((frames, 3))
    path[:, 1], path[:, 2] = 0.88, SPEED * t
    for side, phase in (("left", 0.0), ("right", 0.5)):
        hip, knee, ankle = (skeleton.JOINT_INDEX[f"{side}_{part}"] for part in ("hip", "knee", "ankle"))
        steps, at = np.divmod(t / PERIOD + phase, 1.0)
        swing = np.clip((at - STANCE) / (1 - STANCE), 0, 1)
        place = SPEED * PERIOD * (steps - phase + STANCE / 2 + (1 - np.cos(np.pi * swing)) / 2)
        height = 0.075 + 0.1 * np.sin(np.pi * swing) ** 2
        # In the plane of y and z a turn about x is a product of complex numbers.
        start = path[:, 1] + OFFSETS[hip, 1] + 1j * (path[:, 2] + OFFSETS[hip, 2])
        thigh, shin = (complex(*OFFSETS[joint, 1:]) for joint in (knee, ankle))
        goal = height + 1j * place - start
        bend = np.arccos((abs(goal) ** 2 - abs(thigh) ** 2 - abs(shin) ** 2) / (2 * abs(thigh) * abs(shin)))
        bend -= np.angle(shin / thigh)
        raised = np.angle(goal / (thigh + np.exp(1j * bend) * shin))
        poses[:, hip, 0], poses[:, knee, 0], poses[:, ankle, 0] = raised, bend, -raised - bend
    return Motion(poses, path, "walk")


def stance_drift(motion):
    """How far in metres the lower of the balls of both feet gets while it is the lower one, for 5 frames or more."""
    balls = motion.joints()[:, [skeleton.JOINT_INDEX["left_foot"], skeleton.JOINT_INDEX["right_foot"]]]
    lower = balls[..., 1].argmin(1)
    stances = np.split(np.arange(len(lower)), np.flatnonzero(np.diff(lower)) + 1)
    standing = [balls[stance, lower[stance]][:, [0, 2]] for stance in stances if len(stance) >= 5]
    assert standing
    return max(np.linalg.norm(points - points[0], axis=1).max() for points in standing)


def test_standing_feet_tell_the_roots_path():
    motion = walker(90)
    found = Motion(motion.poses, path_of(motion.rotations()).numpy())
    assert np.abs(found.translation - (motion.translation - motion.translation[0] * [1, 0, 1])).max() < 0.03
    assert stance_drift(found) < 0.01
    many = path_of(torch.stack([motion.rotations(), synthetic_motion("wave left hand", 90).rotations()]))
    assert torch.allclose(many[0], torch.from_numpy(found.translation), atol=1e-5)
    assert many[1, :, [0, 2]].abs().max() < 1e-5  # who stands stays
    for frames in (1, 2):
        assert path_of(motion.rotations()[:frames]).shape == (frames, 3)


@pytest.mark.parametrize("frames", [30, 46, 90])
def test_a_foot_that_swings_past_the_standing_one_does_not_carry_the_body(frames):
    """At the bottom of its swing it is 4 mm lower, and fast; the clip may end there."""
    poses = np.zeros((frames, 24, 3), np.float32)
    for part, angle in (("hip", -0.1), ("knee", 0.2), ("ankle", -0.1)):
        poses[:, skeleton.JOINT_INDEX[f"left_{part}"], 0] = angle
    poses[:, skeleton.JOINT_INDEX["right_hip"], 0] = 0.5 * np.cos(2 * np.pi * np.arange(frames) / 60)
    rotations = Motion(poses, np.zeros((frames, 3), np.float32)).rotations()
    assert path_of(rotations)[:, [0, 2]].abs().max() < 1e-4


def amass_clip(path, angle, frames=90):
    """A body in AMASS's convention that stands turned by an angle about the vertical, then turns and tilts; written to
    a file. Returns its poses."""
    rng = np.random.default_rng(0)
    poses = np.cumsum(0.02 * rng.standard_normal((frames, 156)), axis=0)
    upright = Rotation.from_rotvec([np.pi / 2, 0, 0])  # facing −y
    turns = Rotation.from_rotvec([[0, 0, angle + 0.01 * frame] for frame in range(frames)])
    poses[:, :3] = (turns * upright).as_rotvec() + 0.1 * rng.standard_normal((frames, 3))
    trans = np.cumsum(0.05 * rng.standard_normal((frames, 3)), axis=0)
    np.savez(path, poses=poses, trans=trans, mocap_framerate=30.0, gender="neutral")
    return poses


def encoded(config, motion):
    """What a model's encoder is given of a motion: (windows, 25, 6, 60)."""
    model, given = MotionTransformer(config).eval(), []
    model.encoder.register_forward_hook(lambda encoder, inputs, output: given.append(inputs[0]))
    model.encode_motions([motion])
    return torch.cat(given)


@pytest.mark.parametrize("aligned", [False, True], ids=["own heading", "--align_pose_frontview"])
@pytest.mark.parametrize("degrees", [0, 37, -150])
def test_a_clip_of_amass_is_encoded_as_the_authors_parser_does(tmp_path, degrees, aligned):
    """Golden: by plain rotations of the file's own numbers, z up, the chain from the pelvis to the right ankle."""
    poses = amass_clip(tmp_path / "clip.npz", np.radians(degrees))
    config = dataclasses.replace(OFFICIAL, heading="aligned", up="y") if aligned else OFFICIAL
    windows = encoded(config, npz.load(tmp_path / "clip.npz"))
    assert len(windows) == 2  # the second starts at frame 30, when the body has turned further
    for x, start in zip(windows, (0, 30), strict=True):
        turn = [Rotation.from_rotvec(poses[start : start + 60, 3 * joint : 3 * joint + 3]) for joint in range(22)]
        if aligned:
            turn[0] = turn[0][0].inv() * turn[0]
        knee = OFFSETS[5] + turn[5].apply(np.tile(OFFSETS[8], (60, 1)))
        ankle = turn[0].apply(OFFSETS[2] + turn[2].apply(knee))
        assert x[24, :3].T.numpy() == pytest.approx(ankle - ankle[0], abs=1e-5)
        assert x[24, 3:].abs().max() == 0
        for joint in range(22):
            rows = turn[joint].as_matrix()[:, :2].reshape(60, 6)
            assert x[joint].T.numpy() == pytest.approx(rows, abs=1e-5)


def test_what_a_model_encodes_faces_as_what_it_was_trained_on(tmp_path):
    """In training, in the bank's windows, and for what is decoded, which faces the front whatever was encoded."""
    amass_clip(tmp_path / "clip.npz", np.radians(37))
    motion = npz.load(tmp_path / "clip.npz")
    front = dataclasses.replace(OFFICIAL, heading="front")
    own = encoded(OFFICIAL, motion)
    assert (own - encoded(front, motion)).abs().max() > 0.3
    assert (encoded(front, motion) - encoded(front, motion.turned(1.0))).abs().max() < 1e-5
    for config in (OFFICIAL, front):
        sampler = WindowSampler(
            [Clip("clip", motion, "train", "walk", "normal", ("walk",))],
            60,
            mirror=False,
            keep_heading=config.keeps_heading,
        )
        drawn = sampler.draw(1, torch.Generator().manual_seed(0))
        (start,) = drawn.start.tolist()
        x = MotionTransformer(config).layout(drawn.features)
        assert start and (x - encoded(config, motion.crop(start, start + 60))).abs().max() < 1e-5
        torch.manual_seed(0)
        mc = MotionCLIP(MotionTransformer(config).eval())
        assert abs(mc.reconstruct(motion).heading()) < 1e-4
    assert {name: TrainConfig.load(name).model.heading for name in ("paper", "clip", "classes")} == {
        "paper": "front",
        "clip": "own",
        "classes": "own",
    }


@pytest.mark.parametrize(
    ("options", "up", "config"),
    [
        (None, None, ("z", "own")),
        ("align_pose_frontview: false\nlr: 0.0001\n", None, ("z", "own")),
        ("activation: gelu\nalign_pose_frontview: true\n", None, ("y", "aligned")),
        ("lr: 0.0001\n", None, ("z", "own")),  # as the authors' code, where the option is not named
        ("align_pose_frontview: false\n", "y", ("y", "aligned")),
        ("align_pose_frontview: true\n", "z", ("z", "own")),
        (None, "y", ("y", "aligned")),
    ],
)
def test_an_import_reads_the_authors_options(tmp_path, options, up, config):
    torch.save(MotionTransformer(OFFICIAL).state_dict(), tmp_path / "checkpoint.pth.tar")
    if options:
        (tmp_path / "opt.yaml").write_text(options)
    imported = import_official(tmp_path / "checkpoint.pth.tar", tmp_path / "model", up=up)
    assert (imported.up, imported.heading) == config
    assert storage.load(tmp_path / "model").config == imported


def test_an_imported_checkpoints_walker_walks_away_on_feet_that_stand(tmp_path):
    torch.manual_seed(0)
    model = MotionTransformer(OFFICIAL).eval().requires_grad_(False)
    recorded = model.layout(cut_windows(walker(60), 60, 60, keep_heading=True))
    mask = torch.ones(1, 60, dtype=torch.bool)
    # Its last layer fitted by least squares: one clip is soon known by heart.
    states = []
    model.decoder.finallayer.register_forward_hook(lambda layer, inputs, output: states.append(inputs[0][:, 0]))
    model.decode(model.encode(recorded, mask), mask)
    rows = torch.linalg.lstsq(
        states[0].double(), recorded[0].permute(2, 0, 1).flatten(1).double(), driver="gelsd"
    ).solution
    model.decoder.finallayer.weight.copy_(rows.T)
    model.decoder.finallayer.bias.zero_()
    torch.save(model.state_dict(), tmp_path / "checkpoint.pth.tar")
    assert import_official(tmp_path / "checkpoint.pth.tar", tmp_path / "model").row_25 == ANKLE
    mc = MotionCLIP.from_pretrained(tmp_path / "model")
    motion = mc.reconstruct(walker(60))
    pelvis = motion.translation[:, [0, 2]]
    assert np.linalg.norm(pelvis[-1] - pelvis[0]) == pytest.approx(SPEED * 59 / 30, rel=0.1)
    assert np.diff(pelvis[:, 1]).min() > -0.005  # no swaying to and fro
    assert stance_drift(motion) < 0.01
    # The layout itself is the authors' still: the row is the ankle's, as it was decoded.
    z = mc.encode_motion([walker(60)])
    row = mc.model.decode(z, torch.ones(1, 60, dtype=torch.bool))[0, 24, :3]
    assert (row - mc.model.layout(cut_windows(walker(60), 60, 60))[0, 24, :3]).abs().max() < 0.1


def test_a_config_says_what_the_row_is(tmp_path):
    for name in ("paper", "clip"):
        assert TrainConfig.load(name).model.row_25 == "path"
    storage.save(MotionTransformer(OFFICIAL), tmp_path)
    assert '"row_25": "ankle"' in (tmp_path / "config.json").read_text()
    assert storage.load(tmp_path).config == OFFICIAL
    earlier = json.loads((tmp_path / "config.json").read_text())
    del earlier["heading"]  # of a model whose motions were all turned
    (tmp_path / "config.json").write_text(json.dumps(earlier))
    assert storage.load(tmp_path).config == dataclasses.replace(OFFICIAL, heading="front")
    del earlier["row_25"]
    (tmp_path / "config.json").write_text(json.dumps(earlier))
    with pytest.raises(ValueError, match=r"config\.json: row_25: is missing.*import an official checkpoint again"):
        storage.load(tmp_path)
    with pytest.raises(ValueError, match="row_25: must be path or ankle, not 'knee'"):
        TransformerConfig(row_25="knee")
    with pytest.raises(ValueError, match="heading: must be front, own or aligned, not 'north'"):
        TransformerConfig(heading="north")
    with pytest.raises(ValueError, match="heading: aligned goes with up = y and row_25 = ankle"):
        TransformerConfig(heading="aligned")
