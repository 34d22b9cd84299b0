"""Retargeting to the user's own character: a rigged GLB or VRM gets a motion, and keeps everything else in its file."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import roma
import torch

from ..constants import FPS
from ..errors import EMPTY, MotionFileError, SkeletonError, file_access
from ..motion import skeleton
from ..motion.motion import Motion
from . import joint_names
from .armature import Armature
from .foot_placement import Stance, set_down
from .gltf import CUT_OFF, GLB, Arrays, Document, Json, packed
from .nodes import PATHS, bind_pose, read_nodes, skinned_bodies, vrm_parts
from .retarget_to_smpl import SourceSkeleton
from .rig import LOOSE, Rig, Tracks
from .rotations import between
from .suffixes import FOR_CHARACTERS
from .surface import Surface, corners, slope

_J = skeleton.JOINT_INDEX
_SPINE = ("pelvis", "spine1", "spine2", "spine3")
_SMPL_LEGS = sum(
    float(skeleton.OFFSETS[_J[f"{side}_{part}"]].norm()) / 2 for side in joint_names.SIDES for part in ("knee", "ankle")
)
_HEIGHTS = torch.tensor(skeleton.FEET_REST_HEIGHTS, dtype=torch.float64)
_UNEVEN = 0.02  # how much the scales along three axes may differ
_HEAD = 0.15  # metres of the SMPL body, from its head's joint to the top
_POINTS = np.radians(12)  # how far below level a foot at rest points down; soles are not flat to the degree
_HEAVY = 0.5  # a vertex's weight that makes it a foot's
_MAP = "--character-map"  # what takes a map of names on the command line


class Character:
    """A rigged figure from a .glb or .vrm file.

    Attributes:
        parts: part of the body → name of the node that was taken for it.
        notes: what was assumed, in sentences.

    Raises:
        MotionFileError: for a file that can't be animated; it says what to do.
    """

    def __init__(self, path: str | PathLike[str], named: Mapping[str, str] | None = None) -> None:
        """Read the file, and find out which of its bones is which.

        named: part → name of a node, for skeletons that nothing can guess (see `read_map`).

        Raises MotionFileError for a file that is no character, with what to do about it; OSError where it can't be
        opened.
        """
        self._document = document = _opened(Path(path))
        nodes, self._order = read_nodes(document)
        self.notes: list[str] = []
        if not document.items("skins") and len(nodes) < len(joint_names.PARTS) / 2:
            raise document.wrong(
                "skeleton", "is missing: the figure has no bones; rig it first (Blender, or Mixamo's auto-rigger)"
            )
        rigs = [Rig.of(nodes, bind) for bind in (bind_pose(document, self._order), {})]
        self._rig = rigs[-1]
        self._refuse_several(self._armature(), named)
        for self._rig in rigs:
            armature = self._armature()
            self._found = joint_names.place_joints(armature, document.path, named, option=_MAP)
            body = SourceSkeleton.at_rest(armature, self._found)
            self._check(armature, body)
            self._calibration = body.calibration(any_arms=True)
            if self._calibration:
                break
        else:
            raise document.wrong(
                "rest pose",
                "does not stand upright in a T- or A-pose, so what its bones' turns mean is not known; export the "
                "character at rest (Blender: armature properties, Rest Position)",
            )
        self.parts = {part: nodes[node].name for part, node in self._found.items() if part in joint_names.PARTS}
        levels = self._levels()
        self._calibration |= {
            f"{side}_{part}": levels[side].T @ self._calibration[f"{side}_{part}"]
            for side in joint_names.SIDES
            for part in ("ankle", "foot")
        }
        self._stance = self._standing(body, levels)

    @property
    def scale(self) -> float:
        """Units of its file for one metre of the SMPL body, by the length of the legs."""
        return self._stance.scale

    @functools.cached_property
    def height(self) -> float:
        """How tall it stands at rest, in metres of an SMPL body with legs as long as its own."""
        up, stance = self._stance.up, self._stance
        sole = stance.places["left_ankle"] @ up - stance.heights[0]
        points = self._surface.mostly(set(range(len(self._rig.nodes))), _HEAVY)
        if len(points):
            top = float((points @ up.numpy()).max())
        else:
            top = float(self._rig.places[self._found["head"]] @ up) + _HEAD * stance.scale
        return (top - float(sole)) / stance.scale

    def save(self, motion: Motion, path: Path) -> None:
        """Write the character's file with the motion as its first animation.

        Args:
            motion: the motion.
            path: the file.

        Raises:
            OSError: where it can't be written.
        """
        path.write_bytes(self.to_bytes(motion))

    def to_bytes(self, motion: Motion) -> bytes:
        """Make the content of the file that `save` writes.

        Args:
            motion: the motion.

        Returns:
            The bytes.
        """
        tracks = self.tracks(motion)
        arrays = Arrays.after(self._document)
        animation = arrays.animation(
            motion.name or "motion",
            np.arange(len(motion)) / FPS,
            tracks,
        )
        content, items = self._document.content, [*self._document.items("nodes")]
        for node, *_ in tracks:
            items[node] = self._without_matrix(items[node], self._order[node])
        buffer, *others = self._document.items("buffers") or [{}]
        content_with_motion = content | {
            "nodes": items,
            "animations": [animation, *self._document.items("animations")],
            "accessors": arrays.accessors,
            "bufferViews": arrays.views,
            "buffers": [buffer | {"byteLength": arrays.size}, *others],
        }
        return packed(content_with_motion, arrays)

    def tracks(self, motion: Motion) -> Tracks:
        """Compute how its nodes move.

        Args:
            motion: the motion.

        Returns:
            Number of the node in the file, "rotation" or "translation", and (frames, 4 or 3) values of each.
        """
        turns = self._turned(motion)
        pelvis = set_down(motion, turns, self._stance)
        turns |= {part: turns[carrier] for part, carrier in self._loose.items()}
        place = {index: number for number, index in self._order.items()}
        tracks = self._rig.posed(self._body_parts(), turns, pelvis, self._loose)
        return [(place[node], path, values) for node, path, values in tracks]

    def _armature(self) -> Armature:
        rig = self._rig
        return Armature(
            names=[node.name for node in rig.nodes],
            parents=[node.parent for node in rig.nodes],
            rest_rotations=rig.rest,
            rest_positions=rig.places,
            rotations=rig.rest[None],
            positions=rig.places[None],
            parts=vrm_parts(self._document, self._order),
            meshes=frozenset(index for index, node in enumerate(rig.nodes) if node.skinned),
            bodies=skinned_bodies(self._document, rig.nodes, self._order),
            up="y",
        )

    def _refuse_several(self, armature: Armature, named: Mapping[str, str] | None) -> None:
        """Raise MotionFileError for several skeletons of humans: one alone would move."""
        path = self._document.path
        humans = max(joint_names.humans(armature, path), joint_names.humans(armature, path, named), key=len)
        if len(humans) > 1:
            hips = ", ".join(body.names[found["pelvis"]] for body, found in humans)
            raise self._document.wrong(
                "skeleton",
                f"there are {len(humans)}, with the hips {hips}, and one is moved: delete other characters; clothes "
                "with a skeleton of their own belong on the body's (Blender: set it in their Armature modifier). Then "
                "export again",
            )

    def _check(self, armature: Armature, body: SourceSkeleton) -> None:
        """Raise MotionFileError for a body without hands or length, and for scales that bend what they turn."""
        rig, wrong = self._rig, self._document.wrong

        def unmapped(field: str, reason: str) -> SkeletonError:
            return SkeletonError(self._document.path, field, reason, joint_names.form(armature, self._found), _MAP)

        for side in joint_names.SIDES:
            if f"{side}_wrist" not in body.places:
                forearm = rig.nodes[self._found[f"{side}_elbow"]].name
                raise unmapped(forearm, f"has no hand: name one in the map, as {side}_wrist = NODE")
        bones = [(f"{side}_{a}", f"{side}_{b}") for side in joint_names.SIDES for a, b in (
            ("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))]  # fmt: skip
        lengths = [float((body.at(a) - body.at(b)).norm()) for a, b in [*bones, ("left_hip", "right_hip")]]
        if min(lengths) < 1e-3 * max(lengths) or max(lengths) < 1e-9:
            raise unmapped("skeleton", "has arms, legs or hips of no length: two parts are at one place")
        for node in {above for joint in self._found.values() for above in rig.above(joint)}:
            scale = rig.nodes[node].scale
            if scale.min() <= 0 or scale.max() > (1 + _UNEVEN) * scale.min():
                raise wrong(
                    rig.nodes[node].name,
                    f"is scaled by {', '.join(f'{x:.4g}' for x in scale)}, unevenly or mirrored: apply the scale and "
                    "export again (Blender: Object, Apply, Scale)",
                )

    def _levels(self) -> dict[str, torch.Tensor]:
        """Side → (3, 3), what turns the foot at rest so that its sole is level; only of feet that point down."""
        result = {}
        for side in joint_names.SIDES:
            left, up, forward = self._calibration[f"{side}_ankle"].T
            points = self._surface.mostly(self._foot(side), _HEAVY)
            down = slope(points, forward.numpy(), up.numpy())
            result[side] = roma.rotvec_to_rotmat(-down * left * (down > _POINTS))
        return result

    def _standing(self, body: SourceSkeleton, levels: Mapping[str, torch.Tensor]) -> Stance:
        """The legs at rest, with the soles where the mesh of the feet ends, once these are level."""
        scale = body.length("hip", "knee", "ankle") / _SMPL_LEGS
        up = self._calibration["pelvis"][:, 1]
        legs = [f"{side}_{part}" for side in joint_names.SIDES for part in ("hip", "knee", "ankle")]
        places = {part: body.at(part)[0] for part in ["pelvis", *legs]}
        balls, hulls, heights, soles = {}, {}, [], []
        for side in joint_names.SIDES:
            ankle = places[f"{side}_ankle"]
            bone = skeleton.OFFSETS[_J[f"{side}_foot"]].double()
            usual = ankle + scale * (self._calibration[f"{side}_ankle"] @ bone)
            balls[side] = body.at(f"{side}_foot")[0] if f"{side}_foot" in body.places else usual
            heights += [ankle @ up, ankle @ up + levels[side] @ (balls[side] - ankle) @ up]
            points = torch.from_numpy(self._surface.mostly(self._foot(side), _HEAVY))
            hulls[side] = self._hulls(side, ankle, balls[side])
            soles += [ankle @ up + ((points - ankle) @ levels[side].T @ up).min()] if len(points) else []
        if soles:
            over_soles = torch.stack(heights) - min(soles)
        else:
            self.notes.append("no mesh of the feet could be read: the soles were taken to be where a human's are")
            over_soles = scale * _HEIGHTS
        return Stance(places, balls, up, over_soles, levels, hulls, scale)

    def _hulls(self, side: str, ankle: torch.Tensor, ball: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, 3) corners of the foot without its toes, from the ankle, and (m, 3) of its toes, from the ball."""
        toes = self._hanging_on(f"{side}_foot") if f"{side}_foot" in self._found else set()
        rear, front = (
            np.concatenate([joint[None], corners(self._surface.mostly(nodes, _HEAVY))]) - joint.numpy()
            for joint, nodes in ((ankle, self._foot(side) - toes), (ball, toes))
        )
        return torch.from_numpy(rear), torch.from_numpy(front)

    def _foot(self, side: str) -> set[int]:
        """The nodes of a foot."""
        return self._hanging_on(f"{side}_ankle")

    def _hanging_on(self, part: str) -> set[int]:
        """The node of a part, and those below it."""
        top = self._found[part]
        return {node for node in range(len(self._rig.nodes)) if top in (node, *self._rig.above(node))}

    @functools.cached_property
    def _surface(self) -> Surface:
        return Surface.of(self._document, self._order, self._rig, set(self._body_parts().values()))

    @functools.cached_property
    def _loose(self) -> dict[str, str]:
        """Bones that move the mesh but hang on no part of the body → the part nearest to each, with which it moves."""
        rig, parts = self._rig, self._body_parts()
        nodes = set(parts.values())
        trunk = nodes | {above for node in nodes for above in rig.above(node)}
        heavy = self._surface.movers(least=0.01)
        heavy |= {above for node in heavy for above in rig.above(node)}
        result = {}
        for node in sorted(heavy - trunk):
            above = rig.above(node)
            if nodes & set(above) or (above and above[0] not in trunk):
                continue
            result[f"{LOOSE}{node}"] = rig.nearest(parts, node)
        return result

    def _body_parts(self) -> dict[str, int]:
        """Part → node, of the body's parts and the spine's."""
        spine = (part for part in self._found if part.startswith("spine:"))
        return {part: self._found[part] for part in (*joint_names.PARTS, *spine) if part in self._found}

    def _turned(self, motion: Motion) -> dict[str, torch.Tensor]:
        """Part → (frames, 3, 3), how it is turned in the world from where it is at rest, as the motion's body is."""
        still = torch.zeros(len(motion), 3, dtype=torch.float64)
        world = skeleton.global_transforms(motion.rotations().double(), still)[0]
        rest, spine = self._calibration, [part for part in self._found if part.startswith("spine:")]
        turns = {part: world[:, _J[part]] @ rest[part].T for part in self._found if part in joint_names.PARTS}
        for part in spine:
            # The topmost turns as the chest does, and those below by their share of what lies between.
            share = (int(part[6:]) + 1) / len(spine) * (len(_SPINE) - 1)
            lower = min(int(share), len(_SPINE) - 2)
            start, end = (world[:, _J[_SPINE[number]]] for number in (lower, lower + 1))
            turns[part] = between(start, end, share - lower) @ rest["pelvis"].T
        return turns

    def _without_matrix(self, item: Json, node: int) -> Json:
        """A document's node; one with a matrix, which must not be animated, in its parts instead."""
        if "matrix" not in item:
            return item
        pose = self._rig.nodes[node]
        parts = {path: [float(x) for x in getattr(pose, path)] for path in PATHS}
        return {key: value for key, value in item.items() if key != "matrix"} | parts


def _opened(path: Path) -> Document:
    """The document of a character's file, whole and in one piece. Raises MotionFileError."""
    with file_access(path), path.open("rb") as file:
        start = file.read(len(GLB))
    if not start:
        raise MotionFileError(path, "file", EMPTY)
    if path.suffix.lower() not in FOR_CHARACTERS or not GLB.startswith(start):
        raise MotionFileError(
            path,
            "file",
            "a character is a .glb or .vrm: save it as one (Blender: Export, glTF 2.0, format glTF Binary)",
        )
    if len(start) < len(GLB):
        raise MotionFileError(path, "file", CUT_OFF)
    document = Document(path)
    document.refuse_packed()
    for number, buffer in enumerate(document.items("buffers")):
        if "uri" in buffer and (number == 0 or not str(buffer["uri"]).startswith("data:")):
            raise document.wrong(f"buffers[{number}]", "is not inside the file: save all in one .glb")
    for number, image in enumerate(document.items("images")):
        if not str(image.get("uri", "data:")).startswith("data:"):
            raise document.wrong(f"images[{number}]", "is not inside the file: save all, textures too, in one .glb")
    return document
