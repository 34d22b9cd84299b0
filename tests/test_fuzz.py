"""Some hundred damaged files at every reader; `benchmarks/fuzz.py` tries thousands."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

import fuzz


def test_spoiled_files_are_read_or_refused_by_name_and_nothing_else():
    cases = [(name, case) for name in fuzz.FORMATS for case in range(50)]
    outcomes = fuzz.fuzz(cases, seed=1)
    assert {key: value for key, (value, _) in outcomes.items() if value not in ("read", "refused")} == {}
    for name in fuzz.FORMATS:  # the damage is neither harmless nor total
        assert {value for (of, _), (value, _) in outcomes.items() if of == name} == {"read", "refused"}
