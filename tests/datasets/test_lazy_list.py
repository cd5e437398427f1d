from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain.datasets.lazy_list import LazyList


class Source:
    def __init__(self):
        self.read = 0

    def __len__(self):
        return 3

    def __iter__(self):
        self.read += 1
        return iter([3, 1, 2])


USES = {
    "iter": lambda x: [*x],
    "list": list,
    "tuple": lambda x: [*tuple(x)],
    "slice": lambda x: x[:],
    "zip": lambda x: [a for a, _ in zip(x, x)],
    "enumerate": lambda x: [a for _, a in enumerate(x)],
    "add": lambda x: x + [],
    "radd": lambda x: [] + x,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "method": lambda x: x.copy(),
    "twice reversed": lambda x: list(reversed(list(reversed(x)))),
    "star": lambda x: (lambda *a: list(a))(*x),
    "comprehension": lambda x: [x[i] for i in range(len(x))],
}


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_is_a_list(use):
    lazy = LazyList(Source())
    assert isinstance(lazy, list)
    assert use(lazy) == [3, 1, 2]


def test_nothing_is_read_before_it_is_needed():
    source = Source()
    lazy = LazyList(source)
    assert len(lazy) == 3
    assert bool(lazy)
    assert source.read == 0
    assert 3 in lazy
    assert lazy == [3, 1, 2]
    assert source.read == 1
    assert lazy.source is None


def test_changes_stay():
    lazy = LazyList(Source())
    lazy[0] = 9
    lazy.append(5)
    lazy.sort()
    del lazy[0]
    lazy += [7]
    assert lazy == [2, 5, 9, 7]
    assert sorted(lazy) == [2, 5, 7, 9]
    assert repr(lazy) == "[2, 5, 9, 7]"


def test_pickle_keeps_the_compact_form():
    assert pickle.loads(pickle.dumps(LazyList(range(3)))).source == range(3)
    filled = LazyList(range(3))
    filled.append(7)
    assert pickle.loads(pickle.dumps(filled)) == [0, 1, 2, 7]
