"""Goes through a folder of motion files and prints what was read of each, or why it was refused.

    python benchmarks/inputs.py --inputs FOLDER [--pictures FOLDER]

For skeletons, the directions of upper arms, forearms, thighs and shins of the result are compared with the file's own
forward kinematics (degrees, mean and largest), as are those of the feet.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from motionclip import Motion, files
from motionclip.files import MotionFileError, bvh, joint_names
from motionclip.files.up import Up
from motionclip.motion import skeleton

LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
]
FEET = [(f"{side}_ankle", f"{side}_foot") for side in ("left", "right")]


def angles(path: Path, reading: files.LoadedMotion, bones: list[tuple[str, str]]) -> np.ndarray:
    """(frames, bones) degrees between bones of the motion and of the file, at 30 frames per second."""
    source = bvh.parse(path)
    armature = source.armature()
    place = joint_names.place_joints(armature, path)
    turn = Up(reading.up).turn()
    at = np.minimum(np.round(np.arange(len(reading.motion)) * reading.fps / 30).astype(int), len(source.values) - 1)
    joints, result = torch.from_numpy(reading.motion.joints()).double(), []
    for a, b in bones:
        if a not in place or (b not in place and place[a] not in armature.ends):
            continue
        start = armature.positions[:, place[a]]
        if b in place:
            end = armature.positions[:, place[b]]
        else:
            end = start + armature.rotations[:, place[a]] @ armature.ends[place[a]]
        expected = torch.nn.functional.normalize((end - start)[at] @ turn.T, dim=-1)
        ours = joints[:, skeleton.JOINT_INDEX[b]] - joints[:, skeleton.JOINT_INDEX[a]]
        cosine = (expected * torch.nn.functional.normalize(ours, dim=-1)).sum(-1)
        result.append(np.degrees(torch.arccos(cosine.clamp(-1, 1)).numpy()))
    return np.stack(result, axis=1) if result else np.zeros((len(at), 1))


def floor(motion: Motion) -> float:
    """How high the feet stand at their lowest, metres."""
    heights = motion.joints()[:, skeleton.FEET, 1] - np.array(skeleton.FEET_REST_HEIGHTS)
    return float(np.quantile(heights.min(axis=1), 0.05))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="write a strip of poses for each into this folder")
    options = parser.parse_args()
    for path in sorted(options.inputs.iterdir()):
        if path.suffix.lower() not in files.READABLE:
            continue
        try:
            readings = files.read(path)
        except MotionFileError as error:
            print(f"{path.name:42} REFUSED {error.field}: {error.reason.splitlines()[0][:150]}")
            continue
        for number, reading in enumerate(readings):
            motion = reading.motion
            joints = motion.joints()
            heights = joints[:, skeleton.JOINT_INDEX["head"], 1]
            said = f"{reading} | head {heights.min():.2f}–{heights.max():.2f} m, feet {100 * floor(motion):+.1f} cm"
            if path.suffix.lower() == ".bvh" and reading.family != "SMPL as written here":
                limbs, feet = angles(path, reading, LIMBS), angles(path, reading, FEET)
                said += f", limbs {limbs.mean():.2f}/{limbs.max():.1f}°, feet {feet.mean():.0f}/{feet.max():.0f}°"
            print(f"{path.name:42} {said}")
            if options.pictures:
                _picture(motion, options.pictures / f"{path.stem}{'-' + str(number) if number else ''}.png")
    return 0


def _picture(motion: Motion, path: Path) -> None:
    import cv2

    from motionclip.viz import render

    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(render.strip(motion), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    sys.exit(main())
