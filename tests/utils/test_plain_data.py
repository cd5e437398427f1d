"""Tests of :mod:`mmpretrain.utils.plain_data`."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from mmpretrain.errors import DataError
from mmpretrain.utils.plain_data import load, load_pickle


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
