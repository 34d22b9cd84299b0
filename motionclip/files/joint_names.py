"""Which joint of a skeleton is which part of the body: by its name, and by where it hangs.

Names can mislead (meshes, controls, helpers and dummies are called like bones), so the joints of a limb are chosen
together: hip above knee above ankle above toes, collar above shoulder above elbow above wrist.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import MotionFileError, SkeletonError, file_access
from .armature import Armature

SIDES = ("left", "right")
# For each part of a limb, from the trunk outwards, what names it; the surest first.
_LIMBS = {
    "leg": {
        "hip": (r"upleg|upperleg|thigh|femur", r"(?<!lower)(?<!fore)hip", r"(?<!lower)(?<!low)(?<!fore)leg"),
        "knee": (r"lowleg|loleg|lowerleg|calf|shin|shank|knee|tibia|crus", r"(?<!up)(?<!upper)leg"),
        "ankle": (r"(?<!fore)foot|ankle|talocrural|talus",),
        "foot": (r"toebase|toes?$|ball|forefoot", r"toe0$|midtarsal|metatarsals?$", r"toe3|toe2|metatarsal3", r"toe\d",
                 r"metatarsal", r"foot"),
    },
    "arm": {
        "collar": (r"clavicle|collar|scapula|sternoclavicular", r"shoulder|shldr"),
        "shoulder": (r"upperarm|uparm|uarm|shldr|humerus|bicep", r"(?<!fore)(?<!lower)(?<!low)(?<!lo)arm", r"shoulder"),
        "elbow": (r"forearm|lowerarm|lowarm|loarm|larm|elbow|ulna|radius", r"(?<!up)(?<!upper)arm"),
        "wrist": (r"wrist|radiocarpal", r"hand", r"palm"),
    },
}  # fmt: skip
_OPTIONAL = {"foot", "collar", "wrist"}
_LISTED = 200  # joints of a form
_DEEP = 50  # ancestors among which the next part of a limb is looked for
PARTS = ("pelvis", "neck", "head") + tuple(
    f"{side}_{part}" for side in SIDES for limb in _LIMBS.values() for part in limb
)
# No bones of the body: controls, helpers, meshes, fingers, face.
_IGNORED = re.compile(
    r"twist|share|roll|helper|nub|site|thumb|index|middle|ring|pinky|mid\d|finger|eye|jaw|tongue|teeth|breast|pectoral|"
    r"ribs|face|facial|(?<!b)end$|toe\d+end|metacarpal|(?<!radio)carpal$|prop|weapon|inhand|(?:pinky|big|mid|ring|index)toe|hindlimb|"
    r"wing|dummy|mesh|box$|null|proxy|target|ctrl|control|pole|physics|collider|volume|skirt|cloth|hair|bust|heel|butt|"
    r"glute|muscle|pant|sleeve|cape|palm\d|palmar"
)
_IGNORED_RAW = re.compile(
    r"^__|(?i:(?:^|[_. :-])(?:ik|fk|mch|org|vis|wgt|geo|msh|grp|ctl)(?=[_. :-]|$))|IK|ＩＫ", re.ASCII
)
# What MikuMikuDance calls the bones, the longer words first.
_JAPANESE = {
    "足首": "ankle", "手首": "wrist", "つま先": "toe", "爪先": "toe", "足先": "toe", "ひざ": "knee", "膝": "knee",
    "ひじ": "elbow", "肘": "elbow", "太もも": "thigh", "腿": "thigh", "足": "leg", "脚": "leg", "肩": "shoulder",
    "腕捩": "twist", "手捩": "twist", "捩": "twist", "捻": "twist", "親指": "thumb", "人指": "index", "人差指": "index",
    "中指": "middle", "薬指": "ring", "小指": "pinky", "指": "finger", "腕": "arm", "手": "hand", "首": "neck",
    "頭": "head", "上半身": "spine", "下半身": "lowerbody", "センター": "center", "目": "eye", "左": "left_",
    "右": "right_", "髪": "hair", "乳": "breast", "胸": "chest",
}  # fmt: skip
_PREFIXES = re.compile(
    r"^(?:mixamorig\d*[:_]?|.*[:|]|CC_Base_|(?:valvebiped[._ ])?bip\d*[_ ]?|DEF-|m(?=(?:Hip|Knee|Ankle|Foot|Toe|Collar|"
    r"Shoulder|Elbow|Wrist|Hand|Pelvis|Torso|Chest|Neck|Head|Spine|Tail|Hind|Wing|Groin)[A-Z0-9]?)|"
    r"(?:b|jnt|joint|def|rig)[_. -])",
    re.IGNORECASE,
)
_SIDE_WORD = re.compile(r"left|right", re.IGNORECASE)
_SIDE_LETTER = re.compile(r"(?:^|[_. -])(lf|rt|lt|rg|[lr])(?=\d*(?:[_. -]|$))", re.IGNORECASE)
_SIDE_CAPITAL = re.compile(r"^([lrLR])(?=[A-Z])|(?<=[a-z])([LR])(?=\d*$)")
_SIDE_BARE = re.compile(
    r"^([lr])(?=thigh|shin|shank|calf|hip|knee|ankle|foot|toe|leg|femur|tibia|collar|clavicle|shoulder|shldr|arm|uarm|"
    r"larm|upper|lower|up|elbow|fore|humerus|radius|wrist|hand|ball|metatarsal)",
    re.IGNORECASE,
)
# What a skeleton is called when its names hold this, tried in this order.
FAMILIES: tuple[tuple[str, str], ...] = (
    (r"mixamorig", "Mixamo"),
    (r"j_bip_", "VRoid"),
    (r"cc_base", "Character Creator"),
    (r"bip\d", "Biped"),
    (r"\bmpelvis\b.*\bmtorso\b", "Second Life"),
    (r"humanoidroot\b|sacroiliac|skullbase", "H-Anim"),
    (r"左|右", "MikuMikuDance"),
    (r"thighbend|shldrbend", "DAZ"),
    (r"def-|upper_arm\.l|upper_arm_l", "Rigify"),
    (r"upperleg01|loarm_l|lowerarm01", "MakeHuman"),
    (r"\bcalf_l\b|\bl_calf\b", "Unreal"),
    (r"lfemur|lhumerus", "CMU (asf)"),
    (r"lshldr|lcollar", "Poser"),
    (r"leftforearm", "HumanIK"),
    (r"lefthip\b.*leftknee|leftknee.*lefthip\b", "hip-knee-ankle names"),
    (r"left_hip", "SMPL names"),
    (r"lowerarm", "Unity"),
)


def family(names: list[str]) -> str:
    """Name the convention that joint names follow.

    Args:
        names: the names.

    Returns:
        The convention; "humanoid" for none that is known.
    """
    joined = " ".join(names).lower()[:20_000]
    return next((name for pattern, name in FAMILIES if re.search(pattern, joined)), "humanoid")


def read_map(path: Path) -> dict[str, str]:
    """Read a file with lines `part = joint`, as the error for an unknown skeleton prints them.

    Lines without a joint, and lines that begin with #, are skipped.

    Args:
        path: the file.

    Returns:
        Part → joint.

    Raises:
        MotionFileError: for a line that is wrong.
        OSError: for a file that can't be opened.
    """
    try:
        with file_access(path):
            text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise MotionFileError(path, "text", f"is not UTF-8 ({error.reason} at byte {error.start})") from error
    return parse_map(text, path)


def parse_map(text: str, path: Path) -> dict[str, str]:
    """Read the text of a map, as `read_map` does.

    Args:
        text: the text.
        path: the name for errors.

    Returns:
        Part → joint.

    Raises:
        MotionFileError: for a line that is wrong.
    """
    result: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        part, equals, joint = (piece.strip() for piece in line.partition("="))
        if not line.strip() or line.lstrip().startswith("#") or (equals and not joint):
            continue
        if part not in PARTS:
            raise MotionFileError(path, f"line {number}", f"{part!r} is no part; there are {', '.join(PARTS)}")
        if part in result:
            raise MotionFileError(path, f"line {number}", f"{part} is named twice; leave one of the lines")
        result[part] = joint
    return result


def place_joints(
    armature: Armature, path: Path, named: Mapping[str, str] | None = None, option: str = "--map"
) -> dict[str, int]:
    """Find the joint of each part of the body.

    Args:
        armature: the skeleton.
        path: its file, for errors.
        named: part → name of a joint; these go before all guesses.
        option: the command line's option for such names, for errors.

    Returns:
        Part ("pelvis", "left_knee", …) → index of the joint. Joints of the spine are "spine:0", … upwards. A wrist that
        is missing is left out.

    Raises:
        MotionFileError: for parts that could not be placed; it lists them and the joints, and gives a map to fill in.
    """
    # Rigify calls the bones that move a mesh DEF-; where there are such, all others are controls.
    deforming = sum(name.startswith("DEF-") for name in armature.names) >= 10
    names = [
        replace(name, part="") if joint in armature.meshes or (deforming and not called.startswith("DEF-")) else name
        for joint, (called, name) in enumerate(zip(armature.names, _parsed(armature.names), strict=True))
    ]
    places = {part: joint for part, joint in armature.parts.items() if part in PARTS}
    for part, name in (named or {}).items():
        if part not in PARTS:
            raise MotionFileError(path, "map", f"{part!r} is no part; there are {', '.join(PARTS)}")
        if name not in armature.names:
            raise MotionFileError(path, "map", f"{part}: there is no joint {name!r}; {_listed(armature)}")
        places[part] = armature.names.index(name)
    tree = _Tree(armature)
    _check_named(tree, named or {}, places, path)
    for side in SIDES:
        for limb in _LIMBS.values():
            places |= _limb(tree, names, side, limb, places)
    flat = _flat_trunk(tree, names, places)
    if "pelvis" not in places and "left_hip" in places and "right_hip" in places:
        places["pelvis"] = flat.get("pelvis", tree.common(places["left_hip"], places["right_hip"]))
    places = _neck_and_head(tree, names, places) | flat | places
    missing = [part.replace("_", " ") for part in PARTS if part not in places and _needed(part)]
    if {"neck", "head"} & set(missing):
        missing = [part for part in missing if part not in ("neck", "head")] + ["neck or head"]
    if missing:
        raise SkeletonError(
            path,
            "skeleton",
            f"is not understood as a human's: these could not be placed: {', '.join(missing)}. {_listed(armature)}"
            f"{'. Rigify: export it with Deformation Bones Only' if deforming else ''}",
            form(armature, places),
            option,
        )
    tails = [i for i, name in enumerate(names) if "tail" in name.part and "pony" not in name.part]
    if tails and not armature.parts and family(armature.names) != "Second Life":
        reason = (
            f"is not a human's: it has a tail ({armature.names[tails[0]]}). Remove the tail's joints, or export a human"
        )
        raise MotionFileError(path, "skeleton", reason)
    trunk = {places["pelvis"], *armature.above(places["pelvis"])}
    chain = [joint for joint in armature.above(places["neck"]) if joint not in trunk]
    return places | {f"spine:{i}": index for i, index in enumerate(reversed(chain))}


def humans(
    armature: Armature, path: Path, named: Mapping[str, str] | None = None
) -> list[tuple[Armature, dict[str, int]]]:
    """Find the humans among the skeletons that a file tells apart.

    Args:
        armature: all of the file's skeletons.
        path: its file.
        named: part → name of a joint, as for `place_joints`.

    Returns:
        Each human and its parts' joints; none where the file tells no two skeletons apart.
    """
    result = []
    for joints in armature.bodies if len(armature.bodies) > 1 else ():
        body = armature.only(joints)
        with suppress(MotionFileError):
            result.append((body, place_joints(body, path, named)))
    return result


def _check_named(tree: _Tree, named: Mapping[str, str], places: Mapping[str, int], path: Path) -> None:
    """Refuse a map that gives two parts one joint, or a limb whose joints do not follow one another."""
    for part, other in itertools.combinations(named, 2):
        if named[part] == named[other]:
            raise MotionFileError(path, "map", f"{part} and {other}: both are {named[part]!r}; name two joints")
    for side, limb in itertools.product(SIDES, _LIMBS.values()):
        chain = [f"{side}_{part}" for part in limb if f"{side}_{part}" in named]
        for upper, lower in itertools.pairwise(chain):
            if places[upper] in tree.below(places[lower]):
                raise MotionFileError(
                    path, "map", f"{lower}: {named[lower]!r} is above {named[upper]!r}, the {upper}; swap them"
                )


def _needed(part: str) -> bool:
    return part.rpartition("_")[2] not in _OPTIONAL


def _listed(armature: Armature) -> str:
    return f"Its joints are {', '.join(armature.names[:60])}" + (", …" if len(armature.names) > 60 else "")


def form(armature: Armature, places: Mapping[str, int]) -> str:
    """Write the lines `part = joint` of a map to fill in.

    Args:
        armature: the skeleton.
        places: part → index of the joint.

    Returns:
        The lines, with the joints that were found, and all joints as comments.
    """
    lines = [f"{part} = {armature.names[places[part]] if part in places else ''}".rstrip() for part in PARTS]
    return "\n".join(
        [*lines, "# The joints, each below the one it hangs on, with its x, y and z at rest:", *_outline(armature)]
    )


def _outline(armature: Armature) -> list[str]:
    """The hierarchy as indented comments."""
    children: dict[int, list[int]] = {}
    for joint, parent in enumerate(armature.parents):
        children.setdefault(parent, []).append(joint)
    lines: list[str] = []
    waiting = [(joint, 0) for joint in reversed(children.get(-1, []))]
    while waiting and len(lines) < _LISTED:
        joint, depth = waiting.pop()
        x, y, z = armature.rest_positions[joint].tolist()
        lines.append(f"# {'  ' * depth}{' '.join(armature.names[joint].split())}  {x:.3g} {y:.3g} {z:.3g}")
        waiting += [(child, depth + 1) for child in reversed(children.get(joint, []))]
    return [*lines, "# …"] if waiting else lines


@dataclass(frozen=True)
class _Name:
    """A joint's name taken apart: which side, and the part in lower case without separators, "" if it is no bone."""

    side: str
    part: str

    @classmethod
    def parse(cls, name: str) -> _Name:
        for word, meaning in _JAPANESE.items():
            name = name.replace(word, meaning)
        ignored = _IGNORED_RAW.search(name)
        bare = _PREFIXES.sub("", name)
        side = ""
        for pattern in (_SIDE_WORD, _SIDE_LETTER, _SIDE_CAPITAL, _SIDE_BARE):
            if match := pattern.search(bare):
                group = 0 if pattern is _SIDE_WORD else match.lastindex or 0
                side = "left" if match.group(group).lower().startswith("l") else "right"
                bare = bare[: match.start(group)] + bare[match.end(group) :]
                break
        part = re.sub(r"[^a-z0-9]", "", bare.lower())
        return cls(side, "" if ignored or _IGNORED.search(part) else part)


def _parsed(names: list[str]) -> list[_Name]:
    """The names, without what nearly all of them begin with ("Character1_")."""
    for _ in range(3):
        heads = [match.group() if (match := re.match(r"[^_:.\- ]+[_:.\- ]+", name)) else "" for name in names]
        usual = max(set(heads), key=heads.count, default="")
        if not usual or heads.count(usual) < max(6, 0.6 * len(names)):
            break
        names = [name.removeprefix(usual) for name in names]
    return [_Name.parse(name) for name in names]


class _Tree:
    """Questions about an armature's hierarchy and size."""

    def __init__(self, armature: Armature) -> None:
        self.parents = armature.parents
        self.above = [armature.above(joint) for joint in range(len(armature.parents))]
        self.children: list[list[int]] = [[] for _ in self.parents]
        for joint, parent in enumerate(self.parents):
            if parent >= 0:
                self.children[parent].append(joint)
        self._rest = armature.rest_positions
        self._small = 1e-4 * max(float((self._rest.amax(0) - self._rest.amin(0)).max()), 1e-9)

    def together(self, one: int, other: int) -> bool:
        """Whether two joints are at one place at rest."""
        return bool((self._rest[one] - self._rest[other]).norm() < self._small)

    def distance(self, one: int, other: int) -> float:
        """How far apart two joints are at rest, in the file's unit."""
        return float((self._rest[one] - self._rest[other]).norm())

    def share(self, joint: int, low: tuple[int, int], high: tuple[int, int]) -> float:
        """How far up a joint is at rest between the middles of two pairs: 0 as high as the low one, 1 as the high."""
        start, end = (self._rest[[*pair]].mean(0) for pair in (low, high))
        return float((self._rest[joint] - start) @ (end - start) / ((end - start) @ (end - start)).clamp(min=1e-12))

    def common(self, one: int, other: int) -> int:
        """The nearest joint that both hang on."""
        above = set(self.above[other])
        return next((joint for joint in self.above[one] if joint in above), 0)

    def below(self, joint: int) -> list[int]:
        """The joints that hang on this one, itself first."""
        result = [joint]
        for one in result:
            result += self.children[one]
        return result


def _limb(
    tree: _Tree, names: list[_Name], side: str, limb: Mapping[str, tuple[str, ...]], placed_joints: Mapping[str, int]
) -> dict[str, int]:
    """The joints of one limb, on one path from the trunk outwards, whose names fit best.

    placed_joints: part → joint, where it is known already. If no path has all parts that a limb needs, the result is
    the longest beginning of one.
    """
    # For each part so far: joint → (cost, the joints of the chain that ends here)
    chains: dict[int, tuple[float, dict[str, int]]] = {-1: (0.0, {})}
    best: dict[str, int] = {}
    for part, patterns in limb.items():
        longer: dict[int, tuple[float, dict[str, int]]] = {}
        for joint, name in enumerate(names):
            fixed = placed_joints.get(f"{side}_{part}")
            cost = _cost(name.part, patterns) if name.side == side and name.part else None
            if fixed is not None:
                cost = 0.0 if joint == fixed else None
            if cost is None:
                continue
            if any(names[c].side == side and tree.together(c, joint) and _cost(names[c].part, patterns) is not None
                   for c in tree.children[joint]):  # fmt: skip
                cost += 0.5  # a wrapper around the bone
            # The topmost first: bones are split downwards.
            for before in (*reversed(tree.above[joint][:_DEEP]), -1) if fixed is None else chains:
                if before not in chains:
                    continue
                whole = chains[before][0] + cost
                whole += 8 if before >= 0 and tree.together(before, joint) else 0
                if joint not in longer or whole < longer[joint][0]:
                    longer[joint] = whole, chains[before][1] | {f"{side}_{part}": joint}
        if part in _OPTIONAL:
            longer = {joint: (cost + 6.5, chain) for joint, (cost, chain) in chains.items()} | _cheaper(longer, chains)
        if not longer:
            return best
        chains = longer
        best = min(chains.values(), key=lambda chain: chain[0])[1]
    return best


def _cheaper(
    longer: dict[int, tuple[float, dict[str, int]]], chains: dict[int, tuple[float, dict[str, int]]]
) -> dict[int, tuple[float, dict[str, int]]]:
    """The chains with an optional part that cost less than the chain to the same joint without it."""
    return {j: chain for j, chain in longer.items() if j not in chains or chain[0] < chains[j][0] + 6.5}


def _cost(part: str, patterns: tuple[str, ...]) -> float | None:
    """How far a name is from the part's surest name; None if it isn't one at all."""
    for rank, pattern in enumerate(patterns):
        if match := re.search(pattern, part):
            rest = len(part) - len(match.group())
            digits = sum(letter.isdigit() for letter in part)
            return rank + min(0.05 * digits + 0.12 * max(rest - digits, 0), 0.9)
    return None


def _first_bones(tree: _Tree, names: list[_Name], joint: int, limbs: set[int]) -> list[int | None]:
    """Joints of the trunk that hang on this one, the topmost first; [None] for none, or if a limb hangs there."""
    below = tree.below(joint)
    bones = [i for i in below if names[i].part and not names[i].side]
    return [*bones] if bones and not limbs & set(below) else [None]


def _flat_trunk(tree: _Tree, names: list[_Name], places: Mapping[str, int]) -> dict[str, int]:
    """Pelvis and neck of skeletons whose limbs are not children of the spine (Rigify): by the height of joints."""
    left_hip, right_hip, left_arm, right_arm = (places.get(f"{s}_{p}") for p in ("hip", "shoulder") for s in SIDES)
    if left_hip is None or right_hip is None or left_arm is None or right_arm is None:
        return {}

    def share(joint: int) -> float:
        return tree.share(joint, (left_hip, right_hip), (left_arm, right_arm))

    root, chest = tree.common(left_hip, right_hip), tree.common(left_arm, right_arm)
    # What hangs on a joint near the hips: the face may be no child of the spine, either.
    trunks = [joint for joint in tree.children[root] if abs(share(joint)) < 0.5]
    below = [joint for trunk in trunks for joint in tree.below(trunk)]
    middle = [joint for joint in below if names[joint].part and not names[joint].side]
    named = [joint for joint in middle if re.search(r"head|skull$", names[joint].part)]
    head = places.get("head", max(named or middle, key=share, default=root))
    above = tree.above[head]
    if root not in above:
        return {}
    chain = above[: above.index(root)][::-1]
    result = {}
    if chain and abs(share(root)) > 0.5 > abs(share(chain[0])):
        result["pelvis"] = chain[0]
    if chest == root or chest in tree.above[root]:
        high = [joint for joint in chain[1:] if share(joint) > 0.9]
        result |= {"neck": high[0]} if high else {}
    return result


def _neck_and_head(tree: _Tree, names: list[_Name], places: Mapping[str, int]) -> dict[str, int]:
    """Neck and head by their names, if the head hangs on the neck; else the joints that go up from between the arms."""
    arms = [places.get(f"{side}_collar", places.get(f"{side}_shoulder", -1)) for side in SIDES]
    limbs = {joint for part, joint in places.items() if part.startswith(SIDES)}

    def named(word: str) -> list[int]:
        hits = [i for i, name in enumerate(names) if not name.side and re.search(word, name.part) and i not in limbs]
        return sorted(hits, key=lambda i: (len(names[i].part), len(tree.above[i])))

    head = places.get("head", next(iter(named(r"head|skullbase|skull$")), None))
    neck = places.get("neck")
    if neck is None:
        necks = named(r"neck|vc\d")
        if head is not None:
            necks = [joint for joint in necks if joint in tree.above[head]]
        neck = min(necks, key=lambda joint: len(tree.above[joint]), default=None)
    if min(arms) >= 0 and (head is None or neck is None):
        chest = tree.common(*arms)
        if head is not None and chest in tree.above[head]:  # the joint that hangs on the chest towards the head
            neck = [head, *tree.above[head]][tree.above[head].index(chest)]
        elif neck is None:
            neck = max((_first_bones(tree, names, c, limbs) for c in tree.children[chest]), key=len, default=[None])[0]
    if neck is not None and head is None:
        straight = [i for i in tree.below(neck) if not names[i].side and names[i].part and i not in limbs]
        head = max(straight, key=lambda i: len(tree.above[i]), default=neck)
    result = {"neck": neck if neck is not None else head, "head": head}
    return {part: joint for part, joint in result.items() if joint is not None}
