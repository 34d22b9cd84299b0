"""Even interpolation: where the decoded motion changes fast, its steps lie close."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motionclip import evenness
from motionclip.motion import features

STANDING = torch.zeros(features.FEATURES)
STANDING[: features.ROTATIONS] = torch.tensor([1.0, 0, 0, 0, 1, 0]).repeat(24)
STANDING[features.HEIGHT] = 0.9


def bodies(height):
    """(N,) → (N, 4, 149) bodies that stand so much higher: metres between them are the difference."""
    motions = STANDING.repeat(len(height), 4, 1)
    motions[..., features.HEIGHT] += height[:, None]
    return motions


def test_how_far_bodies_are_apart():
    one, other = bodies(torch.tensor([0.0, 0.0])), bodies(torch.tensor([0.3, 0.0]))
    other[1, :, features.VZ] = 0.1  # four frames ahead: 0, 0.1, 0.2, 0.3 m
    assert evenness.apart(one, other).tolist() == pytest.approx([0.3, evenness.PATH * 0.15], abs=1e-5)


@settings(deadline=None)
@given(st.floats(0.05, 0.95), st.floats(4, 60), st.integers(3, 12))
def test_a_switch_becomes_even_steps(middle, sharpness, steps):
    def decode(share):
        return bodies(torch.sigmoid(sharpness * (share - middle)))

    way = evenness.even_steps(decode, steps)
    assert torch.equal(way[[0, -1]], decode(torch.tensor([0.0, 1.0])))
    lengths = evenness.apart(way[:-1], way[1:])
    assert lengths.max() <= 1.6 * lengths.sum() / (steps - 1)


def test_what_does_not_change_is_passed_in_equal_steps():
    shares = []

    def decode(share):
        shares.append(share)
        return bodies(torch.zeros(len(share)))

    evenness.even_steps(decode, 6)
    assert torch.allclose(shares[-1], torch.linspace(0, 1, 6), atol=1e-5) and len(shares) == 2


def test_interpolation_is_even_and_keeps_its_ends(mc):
    largest = []
    for a, b in (("walk", "jump"), ("wave both hands", "kick")):
        path = mc.interpolate(a, b, seed=0)
        joints = np.stack([motion.joints() - motion.joints()[:, :1] for motion in path])
        steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=(1, 2))
        largest.append(steps.max() / steps.sum())
        ends = mc.interpolate(a, b, steps=2, seed=0)
        assert np.abs(ends[0].joints() - path[0].joints()).max() < 1e-3
        assert np.abs(ends[1].joints() - path[-1].joints()).max() < 1e-3
        assert [motion.name for motion in path[:2]] == ["0%", "10%"]
    assert max(largest) < 0.2  # 0.30 and 0.31 in equal steps of the latent
