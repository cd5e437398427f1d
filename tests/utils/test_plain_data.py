"""Tests of :mod:`mmpretrain.utils.plain_data`."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.plain_data import dump, load, load_pickle


def test_structured_files(tmp_path):
    content = {"a": [1, 2.5, "x"], "b": None}
    (tmp_path / "x.json").write_text('{"a": [1, 2.5, "x"], "b": null}')
    (tmp_path / "x.yaml").write_text("a: [1, 2.5, x]\nb:\n")
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(content))
    for kind in ("json", "yaml", "pkl"):
        assert load(tmp_path / f"x.{kind}") == content
    arrays = [np.arange(3), np.float32(2), {1, 2}]
    for protocol in (2, 5):
        again = load_pickle(pickle.dumps(arrays, protocol=protocol))
        assert again[0].tolist() == [0, 1, 2]
        assert again[1:] == arrays[1:]
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataError, match="not a readable json"):
        load(tmp_path / "x.json")
    with pytest.raises(DataError, match="Use json, yaml"):
        load(tmp_path / "x.docx")


def test_pickles_cannot_run_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(DataError, match=r"mkdir, which is not plain data"):
        load(tmp_path / "x.pkl")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml", "pkl", "pickle"])
def test_writing(tmp_path, suffix):
    """Arrays come back as lists; NaN is null in JSON, which has no word for it."""
    path = tmp_path / f"x.{suffix}"
    dump({"a": np.arange(2), "b": (np.float32(0.5), "x"), 3: True, "nan": [float("nan"), float("inf")]}, path)
    read = load(path)
    nan, infinite = read.pop("nan")
    assert read == {"a": [0, 1], "b": [0.5, "x"], "3": True}
    assert (nan, infinite) == (None, None) if suffix == "json" else np.isnan(nan) and np.isinf(infinite)


def test_writing_to_an_unknown_suffix(tmp_path):
    with pytest.raises(ConfigError, match=r"x\.csv.*Use \.json"):
        dump({}, tmp_path / "x.csv")
    assert not any(tmp_path.iterdir())
