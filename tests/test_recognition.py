"""Recognition is by cosine, whatever length latents have, and on BABEL by the paper's protocol."""

import types

import numpy as np
import pytest
import torch
from conftest import synthetic_motion
from scipy.spatial.transform import Rotation

from motionclip import MotionCLIP
from motionclip.bank import Bank, Entry, Traits
from motionclip.errors import RequestError
from motionclip.evaluation.protocol import babel_recognition, confusion, recognition, windows_of
from motionclip.labels import BABEL_60
from motionclip.motion.features import HEIGHT, from_features
from motionclip.motion.motion import heading
from motionclip.recognition import cosines
from motionclip.training.captions import Words
from motionclip.training.dataset import Clip
from motionclip.training.train import TrainConfig, validate


class Long:
    """Texts at the corners of a space, some far longer than others; motions near the corner of their height."""

    def __init__(self, actions):
        self.actions = list(actions)
        self.config = types.SimpleNamespace(window=60, keeps_heading=False)
        self.model, self.bank = self, None

    def encode_text(self, texts):
        rows = torch.eye(len(self.actions))[[self.actions.index(text) for text in texts]]
        # Another's word in each, and a length for each: the dot product's greatest is the longest's.
        return (rows + 0.3) * torch.tensor([10.0 + 50 * self.actions.index(text) for text in texts])[:, None]

    encode = encode_text
    label_scores = MotionCLIP.label_scores

    def encode_windows(self, windows):
        return 7 * torch.eye(len(self.actions))[windows[:, 0, HEIGHT].mul(10).round().long()]

    def encode_motion(self, motions):
        return torch.stack(
            [7 * torch.eye(len(self.actions))[round(10 * motion.translation[0, 1])] for motion in motions]
        )

    encode_motions = encode_motion

    def decode_motions(self, z, frames):
        return [synthetic_motion(frames=frames)] * len(z)

    def __deepcopy__(self, memo):
        return self

    def cpu(self):
        return self

    eval = cpu


def clip(height, action, categories=()):
    motion = synthetic_motion("wave left hand", 60)
    motion.translation[:, 1] = height / 10
    return Clip(action, motion, "test", action, "normal", (action,), categories=categories)


def test_figures_confusion_and_validation_go_by_angle_not_length():
    actions = ["bow", "kick", "walk"]
    mc, clips = Long(actions), [clip(number, action) for number, action in enumerate(actions)]
    top1 = {figure.name: figure.value for figure in recognition(mc, clips, actions, Words.none())}
    assert top1["windows, top-1"] == top1["whole clips, top-1"] == 100
    counts, names = confusion(mc, clips, actions)
    assert names == actions and torch.equal(counts, torch.eye(3))
    assert "top-1 1.000" in validate(mc, clips, actions, mc)


def test_known_motions_of_an_action_count_as_much_as_its_name():
    actions = ["bow", "kick", "walk"]
    mc, corners = Long(actions), torch.eye(3)
    entries = [
        Entry(n, f"clip {n}", action, "normal", action, 0) for n, action in enumerate(["bow", "kick", "kick", "walk"])
    ]
    # The name of kick is at its corner; the second known kick looks like no name.
    latents = torch.stack([corners[0], corners[1], -corners.sum(0), corners[2]])
    mc.bank = Bank(latents, entries, corners, torch.arange(3), {action: Traits(False, True) for action in actions})
    odd = -2 * corners.sum(0)[None]
    names, scores = mc.label_scores(odd)
    assert names == actions and scores.argmax(1).tolist() == [1]
    nearest = torch.tensor([[-(3**-0.5), 1.0, -(3**-0.5)]])
    assert torch.allclose(scores, (cosines(odd, mc.encode_text(actions)) + nearest) / 2, atol=1e-6)
    # Among other labels the words alone count.
    assert torch.equal(mc.label_scores(odd, ["walk", "kick"])[1], cosines(odd, mc.encode_text(["walk", "kick"])))
    with pytest.raises(RequestError, match="labels: there are none"):
        mc.label_scores(odd, [])


def test_on_babel_any_of_a_windows_categories_is_right_among_60_classes():
    mc = Long(BABEL_60)
    clips = [
        clip(0, "walk", ("forward movement", "walk")),
        clip(1, "stand", ("stand", "wait")),
        clip(2, "sit", ("sit",)),  # read as "hand movements"
        clip(3, "yawn", ("yawn",)),  # none of the 60: not asked
    ]
    figures = {figure.name: figure.value for figure in babel_recognition(mc, clips)}
    assert figures["top-1"] == pytest.approx(200 / 3)
    assert babel_recognition(mc, clips[3:]) == []


def test_the_classes_model_learns_longer_with_the_authors_weights():
    clip, classes = TrainConfig.load("clip"), TrainConfig.load("classes")
    assert classes.steps == 2 * clip.steps and classes.model == clip.model
    assert classes.text_weight == classes.image_weight == pytest.approx(100 / 95, abs=1e-4)


class Onlooker(Long):
    """Keeps which way each window that it is given faces at first, in radians."""

    def __init__(self, actions, keeps_heading):
        super().__init__(actions)
        self.config.keeps_heading = keeps_heading
        self.seen = []

    def encode_motions(self, motions):
        self.seen += [float(heading(motion.rotations()[:1, 0])) for motion in motions]
        return super().encode_motions(motions)


@pytest.mark.parametrize(("keeps_heading", "faced"), [(True, 90), (False, 0)], ids=["own heading", "to the front"])
def test_windows_are_measured_in_the_heading_that_the_model_was_trained_in(keeps_heading, faced):
    turned = clip(0, "walk")
    quarter = Rotation.from_euler("y", 90, degrees=True)
    turned.motion.poses[:, 0] = (quarter * Rotation.from_rotvec(turned.motion.poses[:, 0])).as_rotvec()
    onlooker = Onlooker(["walk"], keeps_heading)
    validate(onlooker, [turned], ["walk"], onlooker)
    windows, _ = windows_of(onlooker, [turned])
    rotations, _ = from_features(windows)
    found = np.degrees([*onlooker.seen, *heading(rotations[:, 0, 0]).tolist()])
    assert len(found) >= 2 and np.abs(found - faced).max() < 1
