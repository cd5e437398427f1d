"""What is data in a pickle comes back as the standard reader gives it."""

from __future__ import annotations

import collections
import datetime
import pathlib
import pickle
import types

import numpy as np
import pytest

from mmpretrain.utils import pickles

VALUES = {
    "numbers": [1, -5, 255, 256, 65536, 2**40, -(2**70), 1.5, float("inf"), 1 + 2j, None, True, False],
    "texts": ["ü", "", "x" * 300, "a\nb", b"x", b"", b"\xff" * 300, bytearray(b"abc"), bytearray()],
    "containers": [{1, 2}, frozenset({3}), set(), (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {"a": []}],
    "keys": {(1, "a"): 1, 1.5: 2, None: 3, True: 4, b"x": 5, np.int64(7): 6},
    "moments": [
        datetime.datetime(2020, 1, 2, 3, 4, 5, 6),
        datetime.datetime(2020, 1, 2, tzinfo=datetime.timezone.utc),
        datetime.date(2020, 1, 2), datetime.time(3, 4, fold=1), datetime.timedelta(3, 4, 5),
    ],
    "collections": [
        collections.OrderedDict(b=1, a=2), collections.defaultdict(list, {1: [2]}),
        collections.Counter("abca"), collections.deque([1, 2], 5),
    ],
    "rest": [range(5), range(5, 0, -2), slice(1, None), pathlib.PurePosixPath("a/b")],
    "namespace": types.SimpleNamespace(x=[1]),
    "shared": [[1]] * 3,
}  # fmt: skip
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
@pytest.mark.parametrize("name", VALUES)
def test_plain_values(name, protocol):
    data = pickle.dumps(VALUES[name], protocol)
    back = pickles.loads(data)
    assert back == pickle.loads(data)
    assert (
        [type(item) for item in back]
        == [
            collections.OrderedDict if type(item) is collections.defaultdict else type(item)
            for item in VALUES[name]
        ]
        if name not in ("keys", "namespace")
        else True
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("name", ARRAYS)
def test_arrays(name, protocol):
    data = pickle.dumps(ARRAYS[name], protocol)
    back, expected = pickles.loads(data), pickle.loads(data)
    assert type(back) is type(expected)
    assert (back.dtype, back.shape) == (expected.dtype, expected.shape)
    assert repr(back.tolist()) == repr(expected.tolist())
    assert back.flags.f_contiguous == expected.flags.f_contiguous


def test_texts_of_python_2():
    data = b"(dp0\nS'caf\\xc3\\xa9'\np1\nI1\nsS'data'\np2\n(lp3\nI01\naL5L\nas."
    assert pickles.loads(data, encoding="utf-8") == {"café": 1, "data": [True, 5]}
    assert pickles.loads(data, encoding="latin1") == {"cafÃ©": 1, "data": [True, 5]}
    assert pickles.loads(data) == {"cafÃ©": 1, "data": [True, 5]}
    assert pickles.loads(data, encoding="bytes") == {b"caf\xc3\xa9": 1, b"data": [True, 5]}


def test_what_is_shared_stays_shared():
    back = pickles.loads(pickle.dumps(VALUES["shared"]))
    assert back[0] is back[1] is back[2]


def test_a_nest_may_be_as_deep_as_configs_are():
    value: list = []
    for _ in range(100):
        value = [value]
    assert pickles.loads(pickle.dumps(value)) == value


def test_a_placeholder_keeps_what_it_was_given():
    data = pickle.dumps(pathlib.PurePosixPath)  # a class itself
    assert repr(pickles.loads(data)) in (
        "<class pathlib.PurePosixPath>",
        "<class pathlib._local.PurePosixPath>",
    )
    back = pickles.loads(pickle.dumps(ValueError("x")), unknown=pickles.placeholder)
    assert (back.path, back.args) == ("builtins.ValueError", ("x",))
    with pytest.raises(pickles.PickleError, match=r"holds a builtins\.ValueError, which is not plain data"):
        pickles.loads(pickle.dumps(ValueError("x")))
