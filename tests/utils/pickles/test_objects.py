"""Tests of :mod:`mmpretrain.utils.pickles.objects`."""

from __future__ import annotations

import pathlib
import pickle

import pytest

from mmpretrain.utils import pickles


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
