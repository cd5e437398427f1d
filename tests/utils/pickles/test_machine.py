"""Tests of :mod:`mmpretrain.utils.pickles.machine`."""

from __future__ import annotations

import pickle

from mmpretrain.utils import pickles
from tests.utils.pickles.pickle_cases import VALUES


def test_what_is_shared_stays_shared():
    back = pickles.loads(pickle.dumps(VALUES["shared"]))
    assert back[0] is back[1] is back[2]


def test_a_nest_may_be_as_deep_as_configs_are():
    value: list = []
    for _ in range(100):
        value = [value]
    assert pickles.loads(pickle.dumps(value)) == value
