"""BVH of any humanoid skeleton → the SMPL body: joints found by name, bones turned alike, twist kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import normalize

from .. import skeleton
from ..motion import FPS, Motion
from . import bvh
from .errors import MotionFileError

_J = skeleton.JOINT_INDEX
_IGNORED = re.compile(
    r"twist|share|roll|helper|nub|site|thumb|index|middle|ring|pinky|mid\d|finger|eye|jaw|tongue|teeth|breast|ribs|"
    r"face|facial|end$|toe\d|metacarpal|prop|weapon|inhand|pinkytoe|bigtoe|midtoe|ringtoe|indextoe"
)
# For each part the words that name it, the surest first; "leg" alone is the lower one, "arm" alone the upper.
_LIMBS = {
    "hip": (r"upleg|upperleg|thigh|upleg|femur", r"hip"),
    "knee": (r"lowleg|lowerleg|calf|shin|knee|tibia", r"leg"),
    "ankle": (r"foot|ankle",),
    "foot": (r"toebase|toes?|ball|forefoot",),
    "shoulder": (r"upperarm|uparm|shldr|humerus", r"(?<!fore)(?<!lower)(?<!low)arm", r"shoulder"),
    "elbow": (r"forearm|lowerarm|lowarm|elbow|ulna|radius",),
    "wrist": (r"hand|wrist",),
    "collar": (r"clavicle|collar|scapula|thorax", r"shoulder"),
}
_NEEDED = ["pelvis", "neck or head"] + [
    f"{side} {part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist")
]
_SAME = torch.eye(3, dtype=torch.float64)
_UP = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
_REST = skeleton.REST_JOINTS.double()


def load(path: Path) -> Motion:
    """Read a BVH file as SMPL motion at 30 fps, y up, life-size, on the floor.

    Raises MotionFileError for a file that is no BVH, or whose skeleton is no human's: the message lists the
    joints that could not be placed.
    """
    source = bvh.parse(path)
    ours = bvh.to_motion(source, path.stem)
    if ours is not None:
        return ours.resampled(source.fps)
    stride = round(source.fps / FPS)
    if stride > 1 and abs(source.fps / FPS - stride) < 1e-3:
        source.values, source.fps = source.values[::stride], FPS
    return to_smpl(source, path).resampled(source.fps)


def to_smpl(source: bvh.Bvh, path: Path) -> Motion:
    """Retarget every frame of a parsed file."""
    rotations, positions = source.globals()
    found = place_joints(source.joints, path)
    extra = _ends(source.joints, rotations, positions, found)
    body = _Body(rotations, positions, found, extra).upright()
    body.check(path)
    turned = _global_rotations(body)
    local = torch.stack(
        [
            turned[:, joint] if parent < 0 else turned[:, parent].transpose(-1, -2) @ turned[:, joint]
            for joint, parent in enumerate(skeleton.PARENTS)
        ],
        dim=1,
    )
    hips = (_REST[_J["left_hip"]] + _REST[_J["right_hip"]]) / 2 - _REST[0]
    pelvis = body.scale * body.hips - turned[:, 0] @ hips
    heights = skeleton.forward_kinematics(local, pelvis)[:, skeleton.FEET, 1]
    lowest = (heights - heights.new_tensor(skeleton.FEET_REST_HEIGHTS)).min(dim=1).values
    pelvis[:, 1] -= lowest.quantile(0.05) if len(lowest) < 10_000 else lowest[:10_000].quantile(0.05)
    start = pelvis[0] * pelvis.new_tensor([1, 0, 1])
    return Motion.from_rotations(local.float(), (pelvis - start).float(), path.stem)


def place_joints(joints: list[bvh.BvhJoint], path: Path) -> dict[str, int]:
    """SMPL-like part ("pelvis", "left_knee", …; "spine" joints by "spine:0", …) → index of the source's joint.

    Raises MotionFileError that lists what could not be placed, and the joints that there are.
    """
    names = [_Name.parse(joint.name) for joint in joints]
    children: list[list[int]] = [[] for _ in joints]
    for index, joint in enumerate(joints):
        if joint.parent >= 0:
            children[joint.parent].append(index)
    found: dict[str, int] = {}
    for side in ("left", "right"):
        for part, patterns in _LIMBS.items():
            for pattern in patterns:
                hits = [
                    i
                    for i, name in enumerate(names)
                    if name.side == side and re.search(pattern, name.part) and i not in found.values()
                ]
                if hits:
                    found[f"{side}_{part}"] = hits[0]
                    break
    for side in ("left", "right"):  # Hip, Knee, … skeletons call the upper arm "shoulder" and have no collar
        collar, shoulder = found.get(f"{side}_collar"), found.get(f"{side}_shoulder")
        if collar is not None and shoulder is not None and not _below(joints, shoulder, collar):
            del found[f"{side}_collar"]
    if "left_hip" in found and "right_hip" in found:
        found["pelvis"] = _common(joints, found["left_hip"], found["right_hip"])
    for part in ("neck", "head"):
        hits = [i for i, name in enumerate(names) if not name.side and part in name.part]
        if hits:
            found[part] = hits[0]
    if "neck" not in found and "head" in found:
        found["neck"] = found["head"]
    if "head" not in found and "neck" in found:
        found["head"] = found["neck"]
    have = {"neck or head": "neck" in found} | {
        need: need.replace(" ", "_") in found for need in _NEEDED if need != "neck or head"
    }
    missing = [need for need, there in have.items() if not there]
    tail = [
        joint.name for joint, name in zip(joints, names, strict=True) if "tail" in name.part and "pony" not in name.part
    ]
    if missing or tail:
        there = ", ".join(joint.name for joint in joints[:60]) + (", …" if len(joints) > 60 else "")
        reason = f"these could not be placed: {', '.join(missing)}" if missing else f"it has a tail ({tail[0]})"
        raise MotionFileError(path, "skeleton", f"is not understood as a human's: {reason}. Its joints are {there}")
    chain = []
    above = found["neck"]
    while above not in (found["pelvis"], -1):
        above = joints[above].parent
        if above not in (found["pelvis"], -1):
            chain.append(above)
    found |= {f"spine:{i}": index for i, index in enumerate(reversed(chain))}
    return found


@dataclass(frozen=True)
class _Name:
    """A joint's name taken apart: which side, and the part in lower case without separators."""

    side: str
    part: str

    @classmethod
    def parse(cls, name: str) -> _Name:
        bare = re.sub(r"^(mixamorig\d*|.*:)[:_]?", "", name)
        bare = re.sub(r"^(CC_Base|Bip\d+|b|bip|jnt|joint|def|rig)[_ .]", "", bare, flags=re.IGNORECASE)
        match = re.search(r"left|right", bare, re.IGNORECASE)
        side = match.group().lower() if match else ""
        if match:
            bare = bare[: match.start()] + bare[match.end() :]
        else:
            match = re.search(r"(?:^|[_. -])([lr])(?=[_. -]|$)", bare, re.IGNORECASE) or re.search(
                r"^([lrLR])(?=[A-Z])", bare
            )
            if match:
                side = {"l": "left", "r": "right"}[match.group(1).lower()]
                bare = bare[: match.start(1)] + bare[match.end(1) :]
        part = re.sub(r"[^a-z0-9]", "", bare.lower())
        return cls(side, "" if _IGNORED.search(part) else part)


def _below(joints: list[bvh.BvhJoint], joint: int, above: int) -> bool:
    while joint >= 0:
        if joint == above:
            return True
        joint = joints[joint].parent
    return False


def _common(joints: list[bvh.BvhJoint], one: int, other: int) -> int:
    """The nearest joint that both hang on."""
    joint = joints[one].parent
    while joint >= 0 and not _below(joints, other, joint):
        joint = joints[joint].parent
    return max(joint, 0)


def _ends(
    joints: list[bvh.BvhJoint], rotations: torch.Tensor, positions: torch.Tensor, found: dict[str, int]
) -> dict[str, torch.Tensor]:
    """Where the toes and the head end, from End Sites, for those whose joint has one that says something."""
    result: dict[str, torch.Tensor] = {}
    for part in ("left_ankle", "right_ankle", "left_foot", "right_foot", "head"):
        if part in found and joints[found[part]].end is not None:
            end = torch.tensor(joints[found[part]].end, dtype=torch.float64)
            if end.norm() > 1e-6:
                result[part] = positions[:, found[part]] + rotations[:, found[part]] @ end
    return result


class _Body:
    """The source's mapped joints over time: world rotations and positions, y up."""

    def __init__(
        self, rotations: torch.Tensor, positions: torch.Tensor, found: dict[str, int], ends: dict[str, torch.Tensor]
    ) -> None:
        self._rotations, self._positions, self._found, self._ends = rotations, positions, found, ends

    def has(self, part: str) -> bool:
        return part in self._found

    def turn(self, part: str) -> torch.Tensor:
        """(frames, 3, 3)"""
        return self._rotations[:, self._found[part]]

    def at(self, part: str) -> torch.Tensor:
        """(frames, 3)"""
        return self._positions[:, self._found[part]]

    def toe(self, side: str) -> torch.Tensor | None:
        """(frames, 3) where the foot's first bone ends, if the source tells."""
        if self.has(f"{side}_foot"):
            return self.at(f"{side}_foot")
        return self._ends.get(f"{side}_ankle")

    @property
    def hips(self) -> torch.Tensor:
        return (self.at("left_hip") + self.at("right_hip")) / 2

    @property
    def spine(self) -> list[str]:
        return sorted((part for part in self._found if part.startswith("spine:")), key=lambda part: int(part[6:]))

    def length(self, *parts: str) -> float:
        """Mean length of the bones between these parts, both sides."""
        total = 0.0
        for side in ("left", "right"):
            points = [self.at(f"{side}_{part}") for part in parts]
            total += sum(float((b - a).norm(dim=-1).median()) for a, b in zip(points, points[1:], strict=False)) / 2
        return total

    @property
    def scale(self) -> float:
        """Metres of the SMPL body for one unit of the source, by the length of the legs."""
        ours = sum(
            float(skeleton.OFFSETS[_J[f"{side}_{part}"]].norm()) / 2
            for side in ("left", "right")
            for part in ("knee", "ankle")
        )
        return ours / max(self.length("hip", "knee", "ankle"), 1e-9)

    def upright(self) -> _Body:
        """With y up: a source whose bodies stand along z is turned."""
        up = ((self.at("head") + self.at("neck")) / 2 - (self.at("left_ankle") + self.at("right_ankle")) / 2).mean(0)
        if up[2].abs() < 1.5 * up[1].abs():
            return self
        turn = torch.tensor([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=torch.float64) * up[2].sign()
        turn[0, 0] = 1
        ends = {part: end @ turn.T for part, end in self._ends.items()}
        return _Body(turn @ self._rotations, self._positions @ turn.T, self._found, ends)

    def check(self, path: Path) -> None:
        """Raise MotionFileError for proportions that no human has."""
        legs, arms = self.length("hip", "knee", "ankle"), self.length("shoulder", "elbow", "wrist")
        torso = float((self.at("neck") - self.hips).norm(dim=-1).median())
        if min(legs, arms, torso) < 1e-6:
            raise MotionFileError(path, "skeleton", "has arms, legs or a torso of no length")
        if not (0.9 <= legs / torso <= 3.5 and 0.35 <= arms / legs <= 1.15):
            raise MotionFileError(
                path,
                "skeleton",
                f"is not a human's: the legs are {legs / torso:.1f} times as long as "
                f"the torso and the arms {arms / legs:.1f} times as long as the legs",
            )


def _frame(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """(..., 3, 3) axes as columns: along `first`, then as near `second` as can be, then across both."""
    a = normalize(first, dim=-1)
    c = normalize(torch.linalg.cross(a, second.expand_as(a)), dim=-1)
    return torch.stack([a, torch.linalg.cross(c, a), c], dim=-1)


def _offset(turn: torch.Tensor, wanted: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """(3, 3): the constant rotation C for which turn·C comes nearest to `wanted` over all frames."""
    products = turn.transpose(-1, -2) @ wanted
    if weight is not None:
        products = products * weight[:, None, None]
    u, _, v = torch.linalg.svd(products.mean(0))
    signs = torch.ones(3, dtype=u.dtype)
    signs[2] = torch.linalg.det(u @ v)
    return (u * signs) @ v


def _swing(rotation: torch.Tensor, rest: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Turn (frames, 3, 3) by the shortest way so that the rest bone points along (frames, 3) `direction`."""
    now, then = normalize(rotation @ rest, dim=-1), normalize(direction, dim=-1)
    axis = torch.linalg.cross(now, then)
    cosine = (now * then).sum(-1)[:, None, None]
    cross = torch.zeros(len(axis), 3, 3, dtype=axis.dtype)
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross = cross - cross.transpose(-1, -2)
    # Rodrigues; for exactly opposite bones, which don't occur in bodies, it stays finite.
    return (torch.eye(3, dtype=axis.dtype) + cross + cross @ cross / (1 + cosine).clamp(min=1e-6)) @ rotation


def _global_rotations(body: _Body) -> torch.Tensor:
    """(frames, 24, 3, 3) world rotations of the SMPL joints."""
    result: dict[str, torch.Tensor] = {}
    across_hips = body.at("left_hip") - body.at("right_hip")
    across_shoulders = body.at("left_shoulder") - body.at("right_shoulder")
    torso = body.at("neck") - body.hips
    rest_hips = _REST[_J["left_hip"]] - _REST[_J["right_hip"]]
    rest_shoulders = _REST[_J["left_shoulder"]] - _REST[_J["right_shoulder"]]
    rest_torso = _REST[_J["neck"]] - (_REST[_J["left_hip"]] + _REST[_J["right_hip"]]) / 2

    def carried(
        part: str, source: torch.Tensor, rest: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The source joint's own turning, with the constant offset that brings it to the SMPL joint's."""
        turn = body.turn(part)
        return turn @ _offset(turn, source @ rest.transpose(-1, -2), weight)

    result["pelvis"] = carried("pelvis", _frame(across_hips, torso), _frame(rest_hips, rest_torso))
    chain = body.spine
    reach = [float((body.at(part) - body.hips).norm(dim=-1).median()) for part in chain]
    whole = float(torso.norm(dim=-1).median())
    for name in ("spine1", "spine2", "spine3"):
        share = float((_REST[_J[name]] - _REST[0]).norm() / (_REST[_J["neck"]] - _REST[0]).norm())
        away = [abs(length / whole - share) for length in reach]
        part = chain[away.index(min(away))] if chain else "pelvis"
        lower = name == "spine1"
        across, rest_across = (across_hips, rest_hips) if lower else (across_shoulders, rest_shoulders)
        result[name] = carried(part, _frame(torso, across), _frame(rest_torso, rest_across))
    for name in ("neck", "head"):
        direction = body.at("head") - body.at("neck")
        if body._found["head"] == body._found["neck"]:
            direction = torso
        rest = _REST[_J["head"]] - _REST[_J["neck"]]
        result[name] = carried(name, _frame(across_shoulders, direction), _frame(rest_shoulders, rest))
    for side in ("left", "right"):
        _limb(body, result, side, ("hip", "knee", "ankle"), torch.tensor([1.0, 0, 0]), across_hips, rest_hips)
        hinge = torch.tensor([0.0, -1, 0]) if side == "left" else torch.tensor([0.0, 1, 0])
        _limb(body, result, side, ("shoulder", "elbow", "wrist"), hinge, None, None)
        collar = f"{side}_collar"
        # Where skeletons put the collar's joint differs too much to go by its bone: on the average it is at rest.
        result[collar] = carried(collar, result["spine3"], _SAME) if body.has(collar) else result["spine3"]
        result[f"{side}_wrist"] = carried(f"{side}_wrist", result[f"{side}_elbow"], _SAME)
        result[f"{side}_hand"] = result[f"{side}_wrist"]
        _foot(body, result, side, carried)
    return torch.stack([result[name] for name in skeleton.JOINT_NAMES], dim=1)


def _limb(
    body: _Body,
    result: dict[str, torch.Tensor],
    side: str,
    parts: tuple[str, str, str],
    rest_hinge: torch.Tensor,
    spare: torch.Tensor | None,
    rest_spare: torch.Tensor | None,
) -> None:
    """Upper and lower bone of an arm or leg; where it bends, the bend tells the twist, weighted by how much."""
    upper, lower, end = (f"{side}_{part}" for part in parts)
    first, second = body.at(lower) - body.at(upper), body.at(end) - body.at(lower)
    hinge = torch.linalg.cross(normalize(first, dim=-1), normalize(second, dim=-1))
    bend = hinge.norm(dim=-1)
    if body.has(upper) and float(bend.max()) < 0.1:  # never bent: as the hips, or as the source's upper bone, turn
        hinge = spare if spare is not None else (body.turn(upper) @ _UP)
        rest_hinge = rest_spare if rest_spare is not None else _UP
        bend = torch.ones_like(bend)
    for name, direction, ending in ((upper, first, lower), (lower, second, end)):
        rest = _REST[_J[ending]] - _REST[_J[name]]
        turn = body.turn(name)
        wanted = _frame(direction, hinge) @ _frame(rest, rest_hinge.double()).transpose(-1, -2)
        result[name] = _swing(turn @ _offset(turn, wanted, bend), rest, direction)


def _foot(body: _Body, result: dict[str, torch.Tensor], side: str, carried: Callable[..., torch.Tensor]) -> None:
    """Ankle and toes: while the foot is down it lies flat, and its toes tell where it points."""
    ankle, foot = f"{side}_ankle", f"{side}_foot"
    toe = body.toe(side)
    if toe is not None and float((toe - body.at(ankle)).norm(dim=-1).median()) > 1e-6:
        level = torch.tensor([1.0, 0, 1], dtype=torch.float64)
        forward = torch.tensor([0.0, 0, 1], dtype=torch.float64)
        height = body.at(ankle)[:, 1]
        down = (height < height.min() + 0.03 / body.scale).double()
        flat = _frame((toe - body.at(ankle)) * level, _UP)
        result[ankle] = carried(ankle, flat, _frame(forward, _UP), down)
    else:
        result[ankle] = carried(ankle, result[f"{side}_knee"], _SAME)
    result[foot] = carried(foot, result[ankle], _SAME) if body.has(foot) else result[ankle]
