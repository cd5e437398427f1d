"""Tests of :mod:`mmpretrain.utils.pickles.arrays`."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from mmpretrain.utils import pickles

ARRAYS = {
    "numbers": np.arange(6.0).reshape(2, 3),
    "column-wise": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "bools": np.array([True, False]),
    "texts": np.array(["a", "bcd"]),
    "bytes": np.array([b"a", b"xyz"]),
    "objects": np.array([{"a": 1}, "x", None], dtype=object),
    "other order": np.arange(3, dtype=">i4"),
    "days": np.array(["2020-01-01", "2021-01-02"], dtype="M8[D]"),
    "records": np.array([(1, 2.5, "ab")], dtype=[("x", "i4"), ("y", "f8"), ("z", "U2")]),
    "parts": np.zeros(2, dtype=[("m", "f4", (2, 2))]),
    "empty": np.zeros((0, 3)),
    "one": np.array(5),
    "half": np.float16(0.5),
    "scalar": np.float64(2.5),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name, protocol):
    data = pickle.dumps(ARRAYS[name], protocol)
    back, expected = pickles.loads(data), pickle.loads(data)
    assert type(back) is type(expected)
    assert (back.dtype, back.shape) == (expected.dtype, expected.shape)
    assert repr(back.tolist()) == repr(expected.tolist())
    assert back.flags.f_contiguous == expected.flags.f_contiguous
