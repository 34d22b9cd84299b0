"""An SMPL file made by code: the wooden figure in other proportions, so that one sees whether a body stands."""

from pathlib import Path

import numpy as np

from motionclip.motion import skeleton
from motionclip.viz.bodies import wooden_figure

VERTICES = 6890  # of SMPL, which smplx counts on; more than the wooden figure has: some stand there twice
WIDER = np.array([1.1, 0.8, 1.2])  # than the wooden figure: a fifth shorter, and broad


def content() -> dict[str, np.ndarray]:
    """What SMPL_NEUTRAL.npz holds. Nothing bulges where a joint bends."""
    figure = wooden_figure()
    again = np.arange(VERTICES) % len(figure.vertices)
    vertices, weights = figure.vertices[again] * WIDER, np.zeros((VERTICES, 24))
    np.add.at(weights, (np.arange(VERTICES)[:, None], figure.joints[again]), figure.weights[again] / 255)
    # Of all shares that give the joints, those of least size; they sum to 1.
    homogeneous = np.column_stack([vertices, np.ones(VERTICES)])
    joints = np.column_stack([skeleton.REST_JOINTS.numpy() * WIDER, np.ones(24)])
    return {
        "v_template": vertices,
        "shapedirs": np.zeros((VERTICES, 3, 10)),
        "posedirs": np.zeros((VERTICES, 3, 207)),
        "J_regressor": joints @ np.linalg.pinv(homogeneous),
        "weights": weights,
        "kintree_table": np.array([[2**32 - 1, *skeleton.PARENTS[1:]], range(24)], dtype=np.int64),
        "f": figure.faces.astype(np.uint32),
    }


def write(folder: Path) -> Path:
    """A folder with such a file."""
    folder.mkdir(parents=True)
    np.savez_compressed(folder / "SMPL_NEUTRAL.npz", **content())
    return folder
