"""The rooms of the package: who imports whom, and how winding a function may be."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest
from radon.complexity import cc_visit

ROOT = Path(__file__).resolve().parent.parent
# From the top floor down: a module imports from the floors below its own, and from its own folder.
FLOORS = (
    {"__main__"},
    {"cli"},
    {"evaluation"},
    {"paper_inputs", "space"},
    {"training"},
    {"pipeline"},
    {"links", "verdict"},
    {"bank", "completions", "counting", "evenness", "hub", "reader", "storyboard"},
    {"atlas", "composition", "recognition", "takes"},
    {"towers"},
    {"models"},
    {"files"},
    {"viz"},
    {"motion"},
    {"labels", "project_folders", "prompt_parsing"},
    {"constants", "errors", "progress"},
)
ALLOWED = {
    # The one circle: a motion knows how to load and save itself. It imports the files when it does.
    ("motionclip.motion.motion", "motionclip.files"),
    ("motionclip.cli", "motionclip"),  # the command line says the version
}

WINDING = 15  # the complexity (McCabe 1976) from which a function is hard to follow
# Functions above it. Parsers look at one thing after another, each of which may be wrong, and say which it is.
PARSERS = {
    "files/animations.py": {"_tracks", "_moving"},  # glTF's tracks: each kind and each way to be torn
    "files/c3d.py": {"_joints"},  # which markers stand for a joint
    "files/gltf.py": {"array"},  # accessors, their kinds and bounds
    # which of many names means which joint
    "files/joint_names.py": {"place_joints", "_flat_trunk", "_neck_and_head", "_limb"},
    "files/nodes.py": {"bind_pose"},  # where glTF keeps the pose that a skin was made in
    "files/results.py": {"_people"},  # the layouts of other tools
    "models/official.py": {"import_official"},  # keys and shapes of a checkpoint
    "models/storage.py": {"parse_config"},  # each setting's kind and bounds
    "prompt_parsing.py": {"ordered"},  # the ways in which English puts one thing after another
    "training/clip_cutting.py": {"by_label", "by_chunks"},  # BABEL's labels, and the paper's own cuts of them
    "training/dataset.py": {"load_clips"},  # columns of a table
    "training/prepare.py": {"prepare_babel"},  # files of BABEL and AMASS, each of which may be missing
}


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("motionclip", exclude_type_checking_imports=True, cache_dir=None)


def room(module):
    return module.split(".")[1]


def imports(graph):
    modules = sorted(graph.modules - {"motionclip"})
    for module in modules:
        for imported in sorted(graph.find_modules_directly_imported_by(module)):
            if (module, imported) not in ALLOWED:
                yield module, imported


def test_every_module_has_a_floor(graph):
    assert {room(module) for module in graph.modules - {"motionclip"}} <= set().union(*FLOORS)


def test_modules_import_from_the_floors_below(graph):
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    wrong = [
        f"{module} imports {imported}"
        for module, imported in imports(graph)
        if imported == "motionclip"
        or room(module) != room(imported)
        and not floor[room(module)] < floor[room(imported)]
    ]
    assert not wrong


def test_no_modules_import_in_a_circle(graph):
    waiting = {module: set() for module in graph.modules}
    for module, imported in imports(graph):
        waiting[module].add(imported)
    while free := {module for module, needs in waiting.items() if not needs}:
        waiting = {module: needs - free for module, needs in waiting.items() if module not in free}
    assert not waiting


def test_inference_imports_no_training(graph):
    below = {f"motionclip.{name}" for names in FLOORS[5:] for name in names}
    above = {"motionclip.training", "motionclip.evaluation"}
    assert not [
        pair
        for pair in imports(graph)
        if ".".join(pair[0].split(".")[:2]) in below and any(pair[1].startswith(name) for name in above)
    ]


def test_constants_errors_and_the_command_line_need_no_torch():
    code = "import sys, motionclip.constants, motionclip.errors, motionclip.cli; print('torch' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "False"


def test_no_model_is_told_apart_by_its_class_outside_of_models():
    for path in (ROOT / "motionclip").rglob("*.py"):
        if path.parent.name != "models":
            text = path.read_text(encoding="utf-8")
            assert "isinstance(model" not in text and "isinstance(self.model" not in text, path


@pytest.mark.parametrize("folder, allowed", [("motionclip", PARSERS), ("demo", {}), ("benchmarks", {})])
def test_functions_are_not_winding_but_for_parsers(folder, allowed):
    winding = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        names = {
            block.name
            for block in cc_visit(path.read_text(encoding="utf-8"))
            if block.letter != "C" and block.complexity > WINDING
        }
        if names:
            winding[path.relative_to(ROOT / folder).as_posix()] = names
    assert all(names <= allowed.get(path, set()) for path, names in winding.items()), winding
