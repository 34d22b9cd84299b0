"""Do the tests notice when the code is wrong? Mutants of central modules, each of which some test should fail.

    python benchmarks/mutants.py --mechanisms        # what makes the model good, taken out a piece at a time
    python benchmarks/mutants.py --sample 40         # and random ones, by the operators of cosmic-ray
    python benchmarks/mutants.py --only bank --sample 1000

Random mutants need `pip install cosmic-ray`. A mutant is put into this process' copy of the module, and the tests run
in a fork of it, so that torch and the weights are loaded once. Prints each mutant with the test that noticed it, and
those that none did again at the end.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import importlib
import inspect
import itertools
import os
import random
import signal
import sys
import time
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
sys.path[:0] = [str(ROOT), str(TESTS)]

# The tests that have to do with a module, the quick ones first.
RELEVANT = {
    "bank": ("test_mechanisms.py", "test_atlas.py", "test_clip_geometry.py", "test_golden.py", "test_pipeline.py"),
    "composition": ("test_prompt_parsing.py", "test_storyboard.py"),
    "counting": ("test_prompt_parsing.py",),
    "files.retarget_to_smpl": ("test_skeletons.py", "test_files.py", "test_gltf.py"),
    "files.foot_placement": ("test_character.py",),
    "models.flow": ("test_losses.py", "test_models.py", "test_mechanisms.py", "test_golden.py", "test_pipeline.py"),
    "motion.foot_contact": ("test_grounding.py", "test_motion.py"),
    "motion.discontinuities": ("test_grounding.py",),
    "motion.root_path": ("test_row_25.py",),
    "pipeline": ("test_mechanisms.py", "test_recognition.py", "test_golden.py", "test_pipeline.py"),
    "prompt_parsing": ("test_prompt_parsing.py",),
    "reader": ("test_reader.py",),
    "training.losses": ("test_losses.py", "test_train.py"),
    "verdict": ("test_mechanisms.py", "test_pipeline.py"),
}
# Kinds of mutations. Others of cosmic-ray's change types, not decisions.
OPERATORS = (
    "core/AddNot", "core/NumberReplacer", "core/ReplaceBinaryOperator_Add_Sub", "core/ReplaceBinaryOperator_Sub_Add",
    "core/ReplaceBinaryOperator_Mul_Div", "core/ReplaceBinaryOperator_Div_Mul", "core/ReplaceAndWithOr",
    "core/ReplaceOrWithAnd", "core/ReplaceComparisonOperator_Lt_GtE", "core/ReplaceComparisonOperator_Gt_LtE",
    "core/ReplaceUnaryOperator_Delete_USub", "core/ZeroIterationForLoop",
)  # fmt: skip
TIME_LIMIT = 600  # seconds for the tests of one mutant; one that never ends is noticed, too


@dataclass(frozen=True)
class Mutant:
    """A module's source with a change. tests: what should fail, as pytest takes it."""

    module: str
    name: str
    source: str
    tests: tuple[str, ...]


# A mechanism, its module, and how it is taken out: what stands there, and what instead.
_VOTE = "functional.avg_pool1d(scores.T[None], 3, 1, padding=1, count_include_pad=False)[0].T"
_SOUND = "slowed(lock_feet(smoothed(decoded)))"
_TO_TARGET = "terms.add(row, {}, config.edit_guidance)"
MECHANISMS = (
    ("closeness", "bank", "if not closeness:", "if True:"),
    (
        "the nearest texts count most",
        "bank",
        "z @ self._text_directions.T / TEMPERATURE",
        "0 * (z @ self._text_directions.T)",
    ),
    ("guidance to the target", "models.flow", _TO_TARGET.format("wanted"), _TO_TARGET.format("z")),
    ("guidance along known changes", "models.flow", "terms.add(row, after, share)", "terms.add(row, before, share)"),
    ("guidance to what should stay", "models.flow", "if held:", "if False:"),
    ("the vote of neighbouring windows", "pipeline", _VOTE, "scores"),
    ("the feet's lock", "models.flow", _SOUND, "slowed(settled(smoothed(decoded)))"),
    ("nothing is faster than a body", "models.flow", _SOUND, "lock_feet(decoded)"),
    ("the verdict's promise", "verdict", "all(reading.known for reading in readings)", "True"),
    ("the verdict's doubt", "verdict", "if all(reading.known for reading in readings)", "if False"),
    ("what else may be meant", "verdict", "if not reading.known for other", "if False for other"),
    ("the best of several draws", "pipeline", "return int(likely.argmax())", "return 0"),
    ("the most one-sided draw", "pipeline", "composition.most_one_sided(decoded[likely], clause.limb)", "decoded[0]"),
    ("the clearest of one-sided draws", "pipeline", "most_one_sided(decoded[likely]", "most_one_sided(decoded"),
    ("the words for an edit's base", "pipeline", "taken = described *", "taken = 0 *"),
    ("the typical motion of a label", "bank", "int((latents @ latents.mean(0)).argmax())", "0"),
)


def mechanisms() -> Iterator[Mutant]:
    """One mutant for each mechanism."""
    for name, module, old, new in MECHANISMS:
        source = inspect.getsource(importlib.import_module(f"motionclip.{module}"))
        if source.count(old) != 1:
            raise SystemExit(f"{module}: holds {old!r} {source.count(old)} times; fix MECHANISMS")
        yield Mutant(module, name, source.replace(old, new), ("test_mechanisms.py",))


def sampled(modules: list[str], count: int, seed: int) -> list[Mutant]:
    """Random mutants of these modules, about as many of each."""
    import parso
    from cosmic_ray.ast import ast_nodes
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    sample: list[Mutant] = []
    for module in modules:
        source = inspect.getsource(importlib.import_module(f"motionclip.{module}"))
        nodes = list(ast_nodes(parso.parse(source)))
        operators = {name: get_operator(name)() for name in OPERATORS}
        places = [
            (operator, occurrence)
            for operator in operators.values()
            for occurrence in range(sum(len(list(operator.mutation_positions(node))) for node in nodes))
        ]
        random.Random(seed).shuffle(places)
        sources = (mutate_code(source, operator, occurrence) for operator, occurrence in places)
        mutants = (Mutant(module, _difference(source, new), new, RELEVANT[module]) for new in sources if new)
        within = (mutant for mutant in mutants if _changed(mutant))  # constants of a module are not what is tried
        sample += itertools.islice(within, count // len(modules))
    return sample


def _difference(old: str, new: str) -> str:
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[3:]
    return "  →  ".join(line[1:].strip() for line in lines)


def _changed(mutant: Mutant) -> dict[str, tuple[types.CodeType, types.CodeType]]:
    """The functions that differ, by qualified name: the module's code, and the mutant's."""
    module = importlib.import_module(f"motionclip.{mutant.module}")
    before, after = (
        _codes(compile(source, str(module.__file__), "exec")) for source in (inspect.getsource(module), mutant.source)
    )
    return {name: (code, after[name]) for name, code in before.items() if code != after[name]}


def put_in(mutant: Mutant) -> None:
    """Give the functions of the loaded module the mutant's code, wherever they are held."""
    functions = _changed(mutant)
    for function in gc.get_objects():
        if isinstance(function, types.FunctionType):
            before, after = functions.get(function.__code__.co_qualname, (None, None))
            if after is not None and function.__code__ == before:
                function.__code__ = after


def _codes(code: types.CodeType) -> dict[str, types.CodeType]:
    """The functions of a module by qualified name, those inside of functions left out: they come with these."""
    codes = {}
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            if inner.co_flags & inspect.CO_NEWLOCALS:
                codes[inner.co_qualname] = inner
            else:
                codes |= _codes(inner)
    return codes


class FirstFailure:
    """A plugin of pytest's that writes the name of the test that fails into a pipe."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._pipe, report.nodeid.split("::")[-1].encode())


def noticed(mutant: Mutant) -> str:
    """Run the tests in a fork: what noticed the mutant, or "" where nothing did."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sink = os.open(os.devnull, os.O_WRONLY)
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        signal.alarm(TIME_LIMIT)
        put_in(mutant)
        options = ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "--rootdir", str(ROOT)]
        tests = [str(TESTS / test) for test in mutant.tests]
        os._exit(int(pytest.main([*options, *tests], [FirstFailure(writing)])))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        test = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "the time limit" if os.WTERMSIG(status) == signal.SIGALRM else "a crash"
    return (test or "an error") if os.waitstatus_to_exitcode(status) else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mechanisms", action="store_true", help="take out each mechanism")
    parser.add_argument("--sample", type=int, default=0, help="how many random mutants to try")
    parser.add_argument("--only", choices=RELEVANT, action="append", help="of this module; repeatable")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    from shipped import default_model

    from motionclip import bank

    os.environ["OMP_NUM_THREADS"] = "1"  # a fork has no threads of torch's
    torch.set_num_threads(1)
    default_model().generate("walk")  # loaded once, for all forks
    mutants = list(mechanisms()) if options.mechanisms else []
    if options.sample:
        mutants += sampled(options.only or list(RELEVANT), options.sample, options.seed)
    tests = dict.fromkeys(test for mutant in mutants for test in mutant.tests)
    if failing := noticed(Mutant("bank", "", inspect.getsource(bank), tuple(tests))):
        raise SystemExit(f"{failing} fails without any mutation")
    survivors = []
    for mutant in mutants:
        start = time.monotonic()
        test = noticed(mutant)
        print(
            f"{time.monotonic() - start:5.0f} s  {mutant.module}: {mutant.name}\n         {test or 'SURVIVED'}",
            flush=True,
        )
        if not test:
            survivors.append(mutant)
    print(f"{len(survivors)} of {len(mutants)} survived")
    for mutant in survivors:
        print(f"  {mutant.module}: {mutant.name}")


if __name__ == "__main__":
    main()
