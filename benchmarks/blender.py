"""Has Blender open characters that move, and compares its vertices with where they should be, in every frame.

    python -m venv VENV && VENV/bin/pip install bpy
    python benchmarks/blender.py --python VENV/bin/python

The characters are made here, as Mixamo, Unreal, VRM and Rigify have them, and the wooden figure, too. What should be is
worked out by the definition of glTF 2.0. Prints the largest distance for each, which must be at most a millimetre.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import numpy as np

FRAMES, MOST = 40, 0.001
_SCRIPT = """
import sys
import bpy
import numpy as np
for path in sys.argv[1:]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 30
    bpy.ops.import_scene.gltf(filepath=path, merge_vertices=False, disable_bone_shape=True)
    meshes = [one for one in bpy.context.scene.objects if one.type == "MESH" and one.vertex_groups]
    frames = []
    for frame in range(%d):
        bpy.context.scene.frame_set(frame)
        graph, points = bpy.context.evaluated_depsgraph_get(), []
        for one in meshes:
            moved = one.evaluated_get(graph)
            points += [moved.matrix_world @ vertex.co for vertex in moved.to_mesh().vertices]
        frames.append([tuple(point) for point in points])
    np.save(path + ".npy", np.array(frames))
    print("read", path)
"""


def in_blender(python: Path, paths: list[Path]) -> list[np.ndarray]:
    """(frames, vertices, 3) of each file as Blender shows it, with y up again.

    Raises RuntimeError where the Python given has no bpy.
    """
    process = subprocess.run([python, "-c", _SCRIPT % FRAMES, *map(str, paths)], capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(f"Blender did not run: {process.stderr.strip()[-500:]}")
    vertices = [np.load(f"{path}.npy") for path in paths]
    return [np.stack([points[..., 0], points[..., 2], -points[..., 1]], axis=-1) for points in vertices]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", type=Path, required=True, help="a Python in which bpy is installed")
    parser.add_argument("--character", type=Path, action="append", default=[], help="more rigged files")
    options = parser.parse_args()

    import characters
    from conftest import synthetic_motion
    from scipy.spatial import cKDTree

    motion, far = synthetic_motion("walk", FRAMES).turned(0.6), 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        theirs = [characters.write(kind, folder, name) for name, kind in characters.KINDS.items()] + options.character
        paths = [motion.save(folder / "wooden figure.glb")]
        for character in theirs:
            paths.append(motion.save(folder / f"on {character.stem}.glb", character=character))
        for path, shown in zip(paths, in_blender(options.python, paths), strict=True):
            wanted = characters.play(path).mesh
            # Blender leaves out what no face uses, and has an order of its own.
            away = [cKDTree(there).query(here)[0].max() for here, there in zip(shown, wanted, strict=True)]
            far = max(far, *away)
            print(f"{path.stem:20} {shown.shape[1]:,} vertices, {1000 * max(away):.3f} mm at most")
    return int(far > MOST)


if __name__ == "__main__":
    sys.exit(main())
