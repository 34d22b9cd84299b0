"""A skeleton of any humanoid → the SMPL body: bones point, joints turn and limbs twist as in the file. The other way,
from the SMPL body to a character's own skeleton, is in retarget_to_character.py.

The rotations of a source joint are compared with the skeleton at rest, if that stands like a person (a T- or A-pose, or
arms down). Otherwise they are compared with their mean in the motion, as if the body were at rest on average.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import normalize

from ..errors import MotionFileError, SkeletonError
from ..motion import skeleton
from ..motion.motion import Motion
from . import joint_names
from .armature import Armature
from .loaded_motion import LoadedMotion, Options
from .positions import local_of
from .rotations import frame_of, nearest_rotations, swing
from .up import Up, find_up

_J = skeleton.JOINT_INDEX
_UP = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
# Where the soles of the SMPL body's feet point at rest: 13° outwards.
_SOLES = {side: torch.tensor([x, 0.0, 0.97], dtype=torch.float64) for side, x in (("left", 0.23), ("right", -0.23))}
_REST = skeleton.REST_JOINTS.double()
_HIPS = (_REST[_J["left_hip"]] + _REST[_J["right_hip"]]) / 2
_LEGS = sum(
    float(skeleton.OFFSETS[_J[f"{side}_{part}"]].norm()) / 2 for side in ("left", "right") for part in ("knee", "ankle")
)
# How high joints lie over the floor that the body touches with them (metres).
_CLEARANCE = torch.full((skeleton.NUM_JOINTS,), 0.03, dtype=torch.float64)
_CLEARANCE[list(skeleton.FEET)] = torch.tensor(skeleton.FEET_REST_HEIGHTS, dtype=torch.float64)
# How a limb twists, the bends of its joint say, which are no perfect hinges, and the skeleton at rest, whose palms may
# face anywhere. What weighs as much as the rest: radians of mean bend. The cosine of the angle between both from which
# they are taken to say the same: then the rest says it exactly.
_REST_SHARE, _ALIKE = 0.15, 0.7
# Degrees below level from which on a foot is steep; one that is so at rest, and much more than where it stands, points
# down there. Of flat ones the bone is about 30° below level, at rest and where they stand.
_STEEP, _STEEPER = 45.0, 15.0
_BACKWARD = -0.4  # cosine between a foot and ahead, of bodies whose left and right are swapped


def to_smpl(source: Armature, path: Path, options: Options) -> LoadedMotion:
    """Move a skeleton's motion to the SMPL body, still at the source's frame rate.

    Args:
        source: the skeleton in motion.
        path: its file, for errors.
        options: what overrules the file.

    Returns:
        The motion.

    Raises:
        MotionFileError: for a skeleton that is no human's.
    """
    joints = joint_names.place_joints(source, path, options.names)
    rest = SourceSkeleton.at_rest(source, joints)
    body = SourceSkeleton.in_motion(source, joints)
    for side in joint_names.SIDES:
        if f"{side}_wrist" not in body.places:
            reason = (
                f"the {side} arm has no wrist, and no End Site after the elbow; export the hand, too, or name its joint"
            )
            raise SkeletonError(path, "skeleton", reason, joint_names.form(source, joints), "--map")
    body.check(path)
    up = Up(options.up) if options.up else body.up(source.up or rest.standing_axis())
    body = body.turned_by(up.turn())
    world_rotations = _global_rotations(body, rest.calibration(), rest)
    local = local_of(world_rotations)
    pelvis = body.scale * body.hips - world_rotations[:, 0] @ (_HIPS - _REST[0])
    pelvis = pelvis - off_the_floor(local, pelvis) * _UP
    start = pelvis[0] * pelvis.new_tensor([1, 0, 1])
    motion = Motion.from_rotations(local.float(), (pelvis - start).float(), path.stem)
    notes = [*source.notes, *([up.assumed] if up.assumed else [])]
    return LoadedMotion(
        motion, joint_names.family(source.names), len(motion), source.fps, up.axis, body.scale, tuple(notes)
    )


def off_the_floor(local: torch.Tensor, pelvis: torch.Tensor) -> torch.Tensor:
    """Compute how high a body stands over the floor; the lowest 5 % of the frames do not count.

    Args:
        local: (frames, 24, 3, 3) joint to parent.
        pelvis: (frames, 3) metres.

    Returns:
        () metres, negative below the floor.
    """
    heights = skeleton.forward_kinematics(local, pelvis)[..., 1] - _CLEARANCE.to(local)
    return heights.amin(dim=1)[:100_000].quantile(0.05)


@dataclass
class SourceSkeleton:
    """The parts of a source's body over time.

    Attributes:
        turns: part → (frames, 3, 3), its rotation in the world.
        places: part → (frames, 3), its position in the world.
        toe_tips: side → (frames, 3), the tip of the toes.
        bones: part → the source's joint.
    """

    turns: dict[str, torch.Tensor]
    places: dict[str, torch.Tensor]
    toe_tips: dict[str, torch.Tensor]
    bones: dict[str, int]

    @classmethod
    def at_rest(cls, source: Armature, joints: Mapping[str, int]) -> SourceSkeleton:
        """Take the body of one frame that the source has at rest.

        Args:
            source: the source.
            joints: part → the source's joint.

        Returns:
            The body.
        """
        return cls._of(source, joints, source.rest_rotations[None], source.rest_positions[None])

    @classmethod
    def in_motion(cls, source: Armature, joints: Mapping[str, int]) -> SourceSkeleton:
        """Take the body in all frames.

        Args:
            source: the source.
            joints: part → the source's joint.

        Returns:
            The body.
        """
        return cls._of(source, joints, source.rotations, source.positions)

    @classmethod
    def _of(
        cls, source: Armature, joints: Mapping[str, int], rotations: torch.Tensor, positions: torch.Tensor
    ) -> SourceSkeleton:
        turns = {part: rotations[:, joint] for part, joint in joints.items()}
        places = {part: positions[:, joint] for part, joint in joints.items()}

        def tip(part: str) -> torch.Tensor | None:
            """Where the part's last bone ends, if the file has an end for it."""
            if part not in joints or joints[part] not in source.ends or source.ends[joints[part]].norm() < 1e-6:
                return None
            return places[part] + rotations[:, joints[part]] @ source.ends[joints[part]]

        tips = {}
        for side in joint_names.SIDES:
            for part, before in (("wrist", "elbow"), ("foot", "ankle")):
                end = tip(f"{side}_{before}")
                if f"{side}_{part}" not in joints and end is not None:
                    places[f"{side}_{part}"] = end
            end = tip(f"{side}_foot")
            if end is not None:
                tips[side] = end
        return cls(turns, places, tips, dict(joints))

    def turn(self, part: str) -> torch.Tensor:
        """(frames, 3, 3) rotation of a part in the world."""
        return self.turns[part]

    def at(self, part: str) -> torch.Tensor:
        """(frames, 3) position of a part in the world."""
        return self.places[part]

    @property
    def hips(self) -> torch.Tensor:
        """(frames, 3) the middle between the hips."""
        return (self.at("left_hip") + self.at("right_hip")) / 2

    @property
    def torso(self) -> torch.Tensor:
        """(frames, 3) from the middle of the hips to the neck."""
        return self.at("neck") - self.hips

    def across(self, part: str) -> torch.Tensor:
        """(frames, 3) from the right to the left part of this name."""
        return self.at(f"left_{part}") - self.at(f"right_{part}")

    @property
    def spine(self) -> list[str]:
        """The names of the spine's joints, from below."""
        return sorted((part for part in self.turns if part.startswith("spine:")), key=lambda part: int(part[6:]))

    def length(self, *parts: str) -> float:
        """Measure the chain of bones between parts.

        Args:
            parts: at least two, without their side, in order.

        Returns:
            The sum of the bones' median lengths, the mean of both sides, in the source's unit.
        """
        total = 0.0
        for side in joint_names.SIDES:
            points = [self.at(f"{side}_{part}") for part in parts]
            total += sum(float((b - a).norm(dim=-1).median()) for a, b in zip(points, points[1:], strict=False)) / 2
        return total

    @property
    def scale(self) -> float:
        """Metres of the SMPL body for one unit of the source, by the length of the legs."""
        return _LEGS / max(self.length("hip", "knee", "ankle"), 1e-9)

    def up(self, usual: str) -> Up:
        """Find the axis that points up.

        Args:
            usual: the axis that the skeleton at rest has up; "" for none.

        Returns:
            The axis, as by `find_up`.
        """
        parts = [place for part, place in self.places.items() if not part.startswith("spine:")]
        legs = []
        for side in joint_names.SIDES:
            foot = "ankle" if self.toes(side) is None else "foot"
            legs.append(torch.stack([self.at(f"{side}_{part}") for part in ("hip", "knee", "ankle", foot)], dim=1))
        head = (self.at("head") + self.at("neck")) / 2
        return find_up(torch.stack(parts, dim=1), head, torch.stack(legs, dim=1), usual)

    def turned_by(self, turn: torch.Tensor) -> SourceSkeleton:
        """Turn the whole body in the world.

        Args:
            turn: (3, 3) rotation.

        Returns:
            The turned body.
        """
        return SourceSkeleton(
            {part: turn @ rotations for part, rotations in self.turns.items()},
            {part: places @ turn.T for part, places in self.places.items()},
            {side: places @ turn.T for side, places in self.toe_tips.items()},
            self.bones,
        )

    def check(self, path: Path) -> None:
        """Check that the proportions are a human's.

        Args:
            path: the file, for the error.

        Raises:
            MotionFileError: where they are not.
        """
        legs, arms = self.length("hip", "knee", "ankle"), self.length("shoulder", "elbow", "wrist")
        torso = float(self.torso.norm(dim=-1).median())
        if min(legs, arms, torso) < 1e-6:
            raise MotionFileError(path, "skeleton", "has arms, legs or a torso of no length")
        widths = [float(self.across(part).norm(dim=-1).median()) for part in ("hip", "shoulder")]
        if min(widths) < 0.01 * legs:
            raise MotionFileError(path, "skeleton", "has no width: left and right hips, or shoulders, are at one place")
        backward = [self._toes_ahead(side) < _BACKWARD for side in joint_names.SIDES]
        if all(backward):
            raise MotionFileError(
                path,
                "skeleton",
                "has left and right the wrong way round, as its toes are behind its heels: it is mirrored (apply the "
                "scale and export it again), or the sides' names are swapped (--map)",
            )
        if not (0.9 <= legs / torso <= 3.5 and 0.35 <= arms / legs <= 1.15):
            raise MotionFileError(
                path,
                "skeleton",
                f"is not a human's: the legs are {legs / torso:.1f} times as long as "
                f"the torso and the arms {arms / legs:.1f} times as long as the legs",
            )

    def _toes_ahead(self, side: str) -> float:
        """How much a foot points ahead of the hips: from −1 to 1, on the average; 0 where nothing tells."""
        toes = self.toes(side)
        if toes is None:
            return 0.0
        ahead = torch.linalg.cross(self.across("hip"), self.torso)
        return float((normalize(ahead, dim=-1) * normalize(toes, dim=-1)).sum(-1).mean())

    def _standing(self) -> torch.Tensor | None:
        """For a body of one frame: (3, 3), its left, up and forward as columns, if it stands straight on its legs."""
        torso, hips, shoulders = (
            normalize(v[0], dim=-1) for v in (self.torso, self.across("hip"), self.across("shoulder"))
        )
        if min(float(v.norm()) for v in (torso, hips, shoulders)) < 0.5 or float(hips @ shoulders) < 0.85:
            return None
        nearest = torch.zeros(3, dtype=torch.float64)
        axis = int(torso.abs().argmax())
        nearest[axis] = torso[axis].sign()
        up = nearest if float(nearest @ torso) > 0.9 else torso
        for side in joint_names.SIDES:
            for upper, lower in (("hip", "knee"), ("knee", "ankle")):
                bone = normalize(self.at(f"{side}_{lower}") - self.at(f"{side}_{upper}"), dim=-1)[0]
                if float(bone @ -up) < 0.82:
                    return None
        left = normalize(hips + shoulders - ((hips + shoulders) @ up) * up, dim=-1)
        frame = torch.stack([left, up, torch.linalg.cross(left, up)], dim=-1)
        toes = [toe[0] @ frame[:, 2] for toe in map(self.toes, joint_names.SIDES) if toe is not None]
        return None if any(float(toe) < 0 for toe in toes) else frame

    def standing_axis(self) -> str:
        """Find the axis along which a body of one frame stands.

        Returns:
            The axis of its legs, with the torso above them, such as "y" or "-z"; "" if they stand along none.
        """
        legs = [self.at(f"{side}_ankle") - self.at(f"{side}_hip") for side in joint_names.SIDES]
        up = -normalize(legs[0] + legs[1], dim=-1)[0]
        axis = int(up.abs().argmax())
        if float(up[axis].abs()) < 0.9 or float(normalize(self.torso, dim=-1)[0] @ up) < 0.3:
            return ""
        return ("-" if up[axis] < 0 else "") + "xyz"[axis]

    def toes(self, side: str) -> torch.Tensor | None:
        """Find where the toes are from the ankle.

        Args:
            side: "left" or "right".

        Returns:
            (frames, 3) from the ankle to where the foot's first bone ends; None if the source does not say it.
        """
        if f"{side}_foot" not in self.places:
            return None
        toes = self.at(f"{side}_foot") - self.at(f"{side}_ankle")
        return toes if float(toes.norm(dim=-1).median()) > 1e-6 else None

    def calibration(self, any_arms: bool = False) -> dict[str, torch.Tensor]:
        """Compute how the SMPL body's joints are turned when the source is at rest; for a body of one frame.

        Args:
            any_arms: whether arms that are bent, raised or held forward count, too, by the smallest rotation that
                brings them there; else they are left out.

        Returns:
            SMPL joint → (3, 3) rotation in the world; empty if the body does not stand like a person.
        """
        frame = self._standing()
        if frame is None:
            return {}
        core = ("pelvis", "spine1", "spine2", "spine3", "neck", "head", "left_collar", "right_collar")
        result = dict.fromkeys(core, frame)

        def swung(side: str, upper: str, lower: str) -> torch.Tensor:
            first, second = f"{side}_{upper}", f"{side}_{lower}"
            return swing(frame[None], _REST[_J[second]] - _REST[_J[first]], self.at(second) - self.at(first))[0]

        for side, sign in (("left", 1.0), ("right", -1.0)):
            result[f"{side}_hip"], result[f"{side}_knee"] = swung(side, "hip", "knee"), swung(side, "knee", "ankle")
            result[f"{side}_ankle"] = result[f"{side}_foot"] = self._flat_foot(side, frame)
            arm = [self.at(f"{side}_{part}")[0] for part in ("shoulder", "elbow", "wrist")]
            upper, lower = (normalize(b - a, dim=-1) @ frame for a, b in zip(arm, arm[1:], strict=False))
            usual = upper @ lower > 0.7 and sign * upper[0] > -0.2 and upper[1] < 0.5 and upper[2].abs() < 0.6
            if usual or any_arms:
                result[f"{side}_shoulder"] = swung(side, "shoulder", "elbow")
                result[f"{side}_elbow"] = result[f"{side}_wrist"] = swung(side, "elbow", "wrist")
        return result

    def _flat_foot(self, side: str, frame: torch.Tensor) -> torch.Tensor:
        """(3, 3): a foot that is flat on the floor of a standing body. It points where its toes do. If the forefoot is
        straight below the ankle, it points where the tip of the toes is, or else ahead."""
        ways = [self.toes(side), self.toe_tips[side] - self.at(f"{side}_ankle") if side in self.toe_tips else None]
        for way in ways:
            if way is None:
                continue
            x, y, z = (way[0] @ frame).tolist()
            if z > 0.3 * abs(y) and z > abs(x):  # not straight below, nor to the side
                return frame_of(frame @ torch.tensor([x, 0, z], dtype=torch.float64), frame[:, 1]) @ frame_of(
                    _SOLES[side], _UP
                ).transpose(-1, -2)
        return frame


def _below_level(ways: torch.Tensor, up: torch.Tensor) -> float:
    """How many degrees (frames, 3) point below level, on the average."""
    return float(-torch.rad2deg(torch.asin((normalize(ways, dim=-1) @ up).clamp(-1, 1))).mean())


def _offset(turn: torch.Tensor, target: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """(3, 3): the constant rotation C for which turn·C comes nearest to `target` over all frames."""
    products = turn.transpose(-1, -2) @ target
    if weight is not None:
        products = products * weight[:, None, None]
    return nearest_rotations(products.mean(0))


class _Solver:
    """World rotations of the SMPL joints, from the source's turning and what it means at rest."""

    def __init__(self, body: SourceSkeleton, calibration: Mapping[str, torch.Tensor], rest: SourceSkeleton) -> None:
        self.body, self.result = body, dict[str, torch.Tensor]()
        self.calibration, self._rest = dict(calibration), rest

    def at_rest(self, name: str, part: str) -> torch.Tensor | None:
        """(3, 3): the constant rotation from the source joint to the SMPL joint, if the source at rest tells."""
        if name not in self.calibration or part not in self._rest.turns:
            return None
        return self._rest.turn(part)[0].T @ self.calibration[name]

    def flatten(self, side: str, flat: torch.Tensor, down: torch.Tensor) -> None:
        """Where a foot points down at rest, know its rest by the frames in which it stands.

        flat: (frames, 3, 3), its rotation in those. down: (frames,), which they are.
        """
        ankle, body, rest = f"{side}_ankle", self.body, self._rest
        standing, at_rest = body.toes(side), rest.toes(side)
        if standing is None or at_rest is None or "pelvis" not in self.calibration:
            return
        steep, stands = _below_level(at_rest, self.calibration["pelvis"][:, 1]), _below_level(standing[down], _UP)
        if steep > _STEEP > stands and steep - stands > _STEEPER:
            turn = rest.turn(ankle)[0] @ _offset(body.turn(ankle), flat, down.double())
            self.calibration |= {ankle: turn, f"{side}_foot": turn}

    def carry(
        self,
        name: str,
        part: str,
        target: torch.Tensor,
        weight: torch.Tensor | None = None,
    ) -> None:
        """The SMPL joint turns as the source's part does. Without a skeleton at rest to go by, its rotations are
        (frames, 3, 3) `target` on the average."""
        offset = self.at_rest(name, part)
        if offset is None:
            offset = _offset(self.body.turn(part), target, weight)
        self.result[name] = self.body.turn(part) @ offset


def _global_rotations(
    body: SourceSkeleton, calibration: Mapping[str, torch.Tensor], rest: SourceSkeleton
) -> torch.Tensor:
    """(frames, 24, 3, 3) world rotations of the SMPL joints."""
    solver = _Solver(body, calibration, rest)
    result = solver.result
    across_hips, across_shoulders, torso = body.across("hip"), body.across("shoulder"), body.torso
    rest_hips = _REST[_J["left_hip"]] - _REST[_J["right_hip"]]
    rest_shoulders = _REST[_J["left_shoulder"]] - _REST[_J["right_shoulder"]]
    rest_torso = _REST[_J["neck"]] - _HIPS

    def like(
        first: torch.Tensor, second: torch.Tensor, rest_first: torch.Tensor, rest_second: torch.Tensor
    ) -> torch.Tensor:
        return frame_of(first, second) @ frame_of(rest_first, rest_second).transpose(-1, -2)

    solver.carry("pelvis", "pelvis", like(across_hips, torso, rest_hips, rest_torso))
    reach = [float((body.at(part) - body.hips).norm(dim=-1).median()) for part in body.spine]
    whole = float(torso.norm(dim=-1).median())
    for name in ("spine1", "spine2", "spine3"):
        share = float((_REST[_J[name]] - _HIPS).norm() / rest_torso.norm())
        away = [abs(length / whole - share) for length in reach]
        part = body.spine[away.index(min(away))] if away else "pelvis"
        lower = name == "spine1"
        across, rest_across = (across_hips, rest_hips) if lower else (across_shoulders, rest_shoulders)
        solver.carry(name, part, like(torso, across, rest_torso, rest_across))
    direction = torso if body.bones["head"] == body.bones["neck"] else body.at("head") - body.at("neck")
    for name in ("neck", "head"):
        rest_neck = _REST[_J["head"]] - _REST[_J["neck"]]
        solver.carry(name, name, like(across_shoulders, direction, rest_shoulders, rest_neck))
    result["neck"] = _whole_neck(body, rest) @ result["neck"]
    for side in joint_names.SIDES:
        _limb(solver, side, ("hip", "knee", "ankle"), torch.tensor([1.0, 0, 0]), across_hips, rest_hips)
        hinge = torch.tensor([0.0, -1, 0]) if side == "left" else torch.tensor([0.0, 1, 0])
        _limb(solver, side, ("shoulder", "elbow", "wrist"), hinge, None, None)
        # Where skeletons put the collar's joint differs too much to go by its bone: on the average it is at rest.
        for name, above in (("collar", "spine3"), ("wrist", f"{side}_elbow"), ("hand", f"{side}_wrist")):
            if f"{side}_{name}" in body.turns:
                solver.carry(f"{side}_{name}", f"{side}_{name}", result[above])
            else:
                result[f"{side}_{name}"] = result[above]
        _foot(solver, side)
    return torch.stack([result[name] for name in skeleton.JOINT_NAMES], dim=1)


def _whole_neck(body: SourceSkeleton, rest: SourceSkeleton) -> torch.Tensor:
    """(frames, 3, 3): how joints between neck and head turn the way from one to the other, for skeletons with more."""
    turn, way = body.turn("neck"), body.at("head") - body.at("neck")
    bone = rest.turn("neck")[0].T @ (rest.at("head") - rest.at("neck"))[0]
    if min(float(bone.norm()), float(way.norm(dim=-1).min())) < 1e-6 * body.length("hip", "knee"):
        return torch.eye(3, dtype=turn.dtype).expand_as(turn)
    return swing(turn, bone, way) @ turn.mT


def _limb(
    solver: _Solver,
    side: str,
    parts: tuple[str, str, str],
    rest_hinge: torch.Tensor,
    spare: torch.Tensor | None,
    rest_spare: torch.Tensor | None,
) -> None:
    """Upper and lower bone of an arm or leg. Where it bends, the bend shows the twist; strong bends count more."""
    body = solver.body
    upper, lower, end = (f"{side}_{part}" for part in parts)
    first, second = body.at(lower) - body.at(upper), body.at(end) - body.at(lower)
    hinge = torch.linalg.cross(normalize(first, dim=-1), normalize(second, dim=-1))
    bend = hinge.norm(dim=-1)
    if upper not in solver.calibration and float(bend.max()) < 0.1:
        # Never bent: as the hips, or as the source's upper bone, turn.
        hinge = spare if spare is not None else (body.turn(upper) @ _UP)
        rest_hinge = rest_spare if rest_spare is not None else _UP
        bend = torch.ones_like(bend)
    for name, direction, ending in ((upper, first, lower), (lower, second, end)):
        bone = _REST[_J[ending]] - _REST[_J[name]]
        turn = body.turn(name)
        target = frame_of(direction, hinge) @ frame_of(bone, rest_hinge.double()).transpose(-1, -2)
        products = (turn.transpose(-1, -2) @ target * bend[:, None, None]).mean(0)
        at_rest = solver.at_rest(name, name)
        offset = nearest_rotations(products if at_rest is None else products + _REST_SHARE * at_rest)
        if at_rest is not None and float(((offset.T @ at_rest).trace() - 1) / 2) > _ALIKE:
            offset = at_rest
        solver.result[name] = swing(turn @ offset, bone, direction)


def _foot(solver: _Solver, side: str) -> None:
    """Ankle and toes: a foot that is down while the body is upright lies flat and points where its toes do."""
    body, result = solver.body, solver.result
    ankle, foot, knee = f"{side}_ankle", f"{side}_foot", f"{side}_knee"
    toes = body.toes(side)
    if toes is None:
        solver.carry(ankle, ankle, result[knee])
    else:
        height = body.at(ankle)[:, 1]
        # Where the shin hardly leans the foot is below it; of those frames the lowest.
        leaning = normalize(body.at(ankle) - body.at(knee), dim=-1)[:, 1]
        standing = (leaning < -0.8) & (body.torso[:, 1] > 0.5 * body.torso.norm(dim=-1))
        if standing.any():
            down = standing & (height < height[standing].min() + 0.03 / body.scale)
            level = torch.tensor([1.0, 0, 1], dtype=torch.float64)
            flat = frame_of(toes * level, _UP) @ frame_of(_SOLES[side], _UP).transpose(-1, -2)
            solver.flatten(side, flat, down)
            solver.carry(ankle, ankle, flat, down.double())
        else:
            solver.carry(ankle, ankle, result[knee])
    if foot in body.turns:
        solver.carry(foot, foot, result[ankle])
    else:
        result[foot] = result[ankle]
