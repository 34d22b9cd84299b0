"""Reads AMASS's recordings as the paper's code does: every nth frame, and hands from SMPL+H's fingers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..files import npz, smpl
from ..motion.motion import Motion

# SMPL's two hands are SMPL+H's first index fingers, as in the paper's code; behind 22 body joints come 15 a hand.
_HANDS_OF_SMPLH = (22, 37)
_SMPLH_VALUES = 156
_BODY_JOINTS = 22
FAR_OFF = 5.0  # frames per second by which every nth frame may miss 30


def load(path: Path, hands: bool = False, nth: bool = False) -> Motion | None:
    """Read a recording.

    Args:
        path: the file.
        hands: whether joints 22 and 23 turn as SMPL+H's joints 22 and 37, where the file has these; else they do not
            turn.
        nth: whether every nth frame is taken for a thirtieth of a second; else frames are interpolated.

    Returns:
        The motion; None with `nth` where no n comes within 5 of 30 frames per second.

    Raises:
        MotionFileError: for a file that is no recording.
    """
    motion = npz.load(path)  # which names whatever is wrong with the file
    if not (hands or nth):
        return motion
    with np.load(path, allow_pickle=False) as archive:
        poses, translation = archive["poses"].astype(np.float64), archive["trans"].astype(np.float64)
        rate = float(archive[next(filter(smpl.is_rate, archive))].item())
    if nth:
        step = max(round(rate / FPS), 1)
        if abs(rate / step - FPS) > FAR_OFF:
            return None
        poses, translation, rate = poses[::step], translation[::step], FPS
    body = np.zeros((len(poses), 24, 3))
    values = poses.reshape(len(poses), -1, 3)
    kept = 24 if values.shape[1] == 24 else _BODY_JOINTS
    body[:, :kept] = values[:, :kept]
    if hands and poses.shape[1] == _SMPLH_VALUES:
        body[:, _BODY_JOINTS:] = values[:, _HANDS_OF_SMPLH]
    turn = torch.from_numpy(npz.Z_UP_TO_Y_UP)
    body[:, 0] = roma.rotmat_to_rotvec(turn @ roma.rotvec_to_rotmat(torch.from_numpy(body[:, 0].copy()))).numpy()
    return Motion(body, translation @ npz.Z_UP_TO_Y_UP.T, path.stem).resampled(rate)
