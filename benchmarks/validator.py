"""Has Khronos's gltf-validator read ten files that are written here, four of them characters of others.

    npm install --prefix FOLDER gltf-validator
    NODE_PATH=FOLDER/node_modules python benchmarks/validator.py [--character FILE ...]

Prints errors and warnings for each, which must be none. Needs node.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

_SCRIPT = """
const validator = require('gltf-validator'), fs = require('fs');
(async () => {
  const result = {};
  for (const path of process.argv.slice(1)) {
    const report = await validator.validateBytes(new Uint8Array(fs.readFileSync(path)), {maxIssues: 0});
    result[path] = report.issues;
  }
  console.log(JSON.stringify(result));
})();
"""


def validate(paths: list[Path]) -> dict[str, tuple[int, int]]:
    """File name → how many errors and warnings the validator has for it; what they are is printed.

    Raises RuntimeError where node or gltf-validator is missing.
    """
    command = ["node", "-e", _SCRIPT, *map(str, paths)]
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode:
        raise RuntimeError(f"the validator did not run: {process.stderr.strip()[-300:]}")
    result = {}
    for path, issues in json.loads(process.stdout).items():
        serious = [message for message in issues["messages"] if message["severity"] < 2]
        for message in serious[:5]:
            print(f"  {Path(path).name}: {message['code']} {message.get('pointer', '')}: {message['message']}")
        result[Path(path).name] = issues["numErrors"], issues["numWarnings"]
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--character", type=Path, action="append", default=[], help="more rigged files")
    options = parser.parse_args()

    import characters
    from conftest import synthetic_motion

    from motionclip.files import glb

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        walk, squat, wave = (synthetic_motion(kind, 60) for kind in ("walk", "squat", "wave left hand"))
        paths = [motion.save(folder / f"{motion.name}.glb") for motion in (walk, squat, wave)]
        paths += [walk.save(folder / "walk.vrma"), squat.crop(0, 1).save(folder / "one frame.glb")]
        glb.save(walk, folder / "with floor.glb", floor=True)
        paths.append(folder / "with floor.glb")
        theirs = [characters.write(kind, folder, name) for name, kind in characters.KINDS.items()] + options.character
        for character in theirs:
            paths.append(walk.save(folder / f"on {character.name}", character=character))
        found = validate(paths)
    for file, (errors, warnings) in found.items():
        print(f"{file:28} {errors} errors, {warnings} warnings")
    return any(errors or warnings for errors, warnings in found.values())


if __name__ == "__main__":
    sys.exit(main())
