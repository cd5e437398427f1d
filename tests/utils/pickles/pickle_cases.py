"""What the tests of pickles share."""

from __future__ import annotations

import collections
import datetime
import pathlib
import types

import numpy as np

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
