"""Tests of :mod:`mmpretrain.cli.report`."""

from __future__ import annotations

import pytest

from mmpretrain.cli.report import _names


@pytest.mark.parametrize(
    ("records", "names"),
    [
        (["runs/a", "runs/b"], ["a", "b"]),
        (["a/20260101", "b/20260101"], ["a/20260101", "b/20260101"]),
        (["x/a/t", "x/b/t", "x/a/u"], ["a/t", "b/t", "a/u"]),
        (["runs/a", "runs/a"], ["runs/a (1)", "runs/a (2)"]),
    ],
)
def test_models_are_named_by_what_differs_in_their_paths(records, names):
    assert _names(records) == names
