"""Tests of :mod:`mmpretrain.utils.pickles.plain`."""

from __future__ import annotations

import collections
import pickle

import pytest

from mmpretrain.utils import pickles
from tests.utils.pickles.pickle_cases import VALUES


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


def test_texts_of_python_2():
    data = b"(dp0\nS'caf\\xc3\\xa9'\np1\nI1\nsS'data'\np2\n(lp3\nI01\naL5L\nas."
    assert pickles.loads(data, encoding="utf-8") == {"café": 1, "data": [True, 5]}
    assert pickles.loads(data, encoding="latin1") == {"cafÃ©": 1, "data": [True, 5]}
    assert pickles.loads(data) == {"cafÃ©": 1, "data": [True, 5]}
    assert pickles.loads(data, encoding="bytes") == {b"caf\xc3\xa9": 1, b"data": [True, 5]}
