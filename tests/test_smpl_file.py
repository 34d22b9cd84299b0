"""SMPL's files as they are distributed, of random shape: numbers that need chumpy, and nothing that is run."""

import copyreg
import os
import pickle
import sys
import types

import numpy as np
import pytest
import scipy.sparse

from motionclip.viz import smpl_file
from motionclip.viz.bodies import load_body

NAMES = ["SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl", "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl",
         "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl"]  # fmt: skip


def body(vertices=50):
    rng = np.random.default_rng(0)
    regressor = rng.random((24, vertices)) * (rng.random((24, vertices)) < 0.2) + np.eye(24, vertices)
    return {
        "v_template": rng.normal(0, 0.3, (vertices, 3)),
        "shapedirs": rng.normal(0, 0.01, (vertices, 3, 10)),
        "posedirs": rng.normal(0, 0.01, (vertices, 3, 207)),
        "J_regressor": regressor / regressor.sum(1, keepdims=True),
        "weights": np.eye(24)[rng.integers(0, 24, vertices)],
        "kintree_table": np.array([[2**32 - 1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19,
                                    20, 21], range(24)], dtype=np.int64),
        "f": rng.integers(0, vertices, (80, 3)).astype(np.uint32),
    }  # fmt: skip


def write(path, content, monkeypatch):
    """A pickle as Python 2 wrote them: chumpy's arrays, of a module that nobody has, and a sparse matrix."""
    if path.suffix == ".npz":
        np.savez(path, **content)
        return
    chumpy = types.ModuleType("chumpy.ch")

    class Ch:
        def __reduce_ex__(self, protocol):
            return copyreg._reconstructor, (type(self), object, None), dict(self.__dict__)

    class Select(Ch):
        pass

    for kind in (Ch, Select):
        kind.__module__, kind.__qualname__ = "chumpy.ch", kind.__name__
        setattr(chumpy, kind.__name__, kind)
    for name in ("chumpy", "chumpy.ch"):
        monkeypatch.setitem(sys.modules, name, chumpy)
    shape, all_shapes, weights = Select(), Ch(), Ch()
    more = np.concatenate([content["shapedirs"], np.ones_like(content["shapedirs"])], axis=2)
    all_shapes.x, weights.x = more, content["weights"]
    shape.a, shape.preferred_shape = all_shapes, content["shapedirs"].shape
    shape.idxs = np.arange(more.size).reshape(more.shape)[..., :10].ravel()
    arrays_of_file = content | {
        "shapedirs": shape,
        "weights": weights,
        "J_regressor": scipy.sparse.csc_matrix(content["J_regressor"]),
        "bs_style": "lbs",
    }
    path.write_bytes(pickle.dumps(arrays_of_file, protocol=2))
    for name in ("chumpy", "chumpy.ch"):
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_found_and_read_as_they_are_distributed(tmp_path, monkeypatch, name):
    (tmp_path / "models/smpl").mkdir(parents=True)
    path = tmp_path / "models/smpl" / name
    write(path, body(), monkeypatch)
    assert smpl_file.find(tmp_path) == path == smpl_file.find(path)
    found = smpl_file.read(path)
    for key, value in body().items():
        assert np.array_equal(found[key], value), key


class Trap:
    def __reduce__(self):
        return os.mkdir, ("trapped",)


def test_nothing_that_is_pickled_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "SMPL_NEUTRAL.pkl").write_bytes(pickle.dumps(body() | {"weights": Trap()}))
    with pytest.raises(ValueError, match=r"SMPL_NEUTRAL\.pkl: is no SMPL body"):
        smpl_file.read(tmp_path / "SMPL_NEUTRAL.pkl")
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("spoil", [lambda b: b[:500], lambda b: b"", lambda b: pickle.dumps({"f": np.zeros(3)})])
def test_what_is_no_body_is_refused_by_name(tmp_path, spoil):
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(spoil(pickle.dumps(body())))
    with pytest.raises(ValueError, match=r"SMPL_NEUTRAL\.pkl: is no SMPL body.*smpl\.is\.tue"):
        smpl_file.read(path)


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"weights": np.ones((50, 52))}, r"weights is \(50, 52\), not \(50, 24\)"),
        ({"v_template": np.zeros((50, 2))}, "v_template is"),
        ({"J_regressor": np.full((24, 50), np.nan)}, "J_regressor holds what is no number"),
        ({"kintree_table": np.zeros((2, 24), int)}, "kintree_table is another skeleton's"),
        ({"f": np.full((80, 3), 50)}, "f holds corners"),
        ({"f": np.full((80, 3), -1)}, "f holds corners"),
        ({"weights": np.zeros((50, 24))}, "weights leaves vertices"),
    ],
)
def test_a_body_that_does_not_fit_together_is_refused(tmp_path, spoilt, why):
    np.savez(tmp_path / "SMPL_NEUTRAL.npz", **(body() | spoilt))
    with pytest.raises(ValueError, match=rf"SMPL_NEUTRAL\.npz: is no SMPL body.*{why}"):
        smpl_file.read(tmp_path / "SMPL_NEUTRAL.npz")


def test_a_folder_without_a_body_says_what_to_get(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"SMPL_NEUTRAL\.npz.*basicmodel_neutral.*smpl\.is\.tue"):
        load_body(str(tmp_path))
