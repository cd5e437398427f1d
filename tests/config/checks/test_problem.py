"""Tests of :mod:`mmpretrain.config.checks.problem`."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.checks.problem import Problem, problem


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.b", "No good"), "a.b: No good"),
        (Problem("a.b", "No good", "x.py:3"), "x.py:3 (a.b): No good"),
        (Problem("a.b", "No good", None, "Change it."), "a.b: No good. Change it."),
        (Problem("a.b", "Is it?", None, "Change it."), "a.b: Is it? Change it."),
    ],
)
def test_sentence(problem, text):
    assert str(problem) == text


def test_a_value_that_is_not_there_is_located_by_what_is_around_it(tmp_path):
    path = tmp_path / "a.py"
    path.write_text("x = 1\nmodel = dict(\n    head=dict(topk=1),\n)\n")
    cfg = Config.fromfile(path)
    assert problem(cfg, "model.head.topk", "No").place.endswith("a.py:3")
    assert problem(cfg, "model.head.loss.weight", "No").place.endswith("a.py:3")
    assert problem(cfg, "optim_wrapper", "No").place is None
    assert problem({"x": 1}, "x", "No").place is None
