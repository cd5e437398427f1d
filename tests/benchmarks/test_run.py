"""The quick set."""

from __future__ import annotations

import importlib
import inspect
import sys

from tests.benchmarks.conftest import BENCHMARKS


def test_every_module_of_the_set_is_a_case_and_fits_in_the_time():
    from run import CASES

    modules = {path.stem for path in (BENCHMARKS / "quick").glob("*.py")} - {"__init__", "shared"}
    assert {case.module for case in CASES} == modules
    assert sum(case.seconds for case in CASES) <= 540
    for case in CASES:
        parameters = inspect.signature(importlib.import_module(f"quick.{case.module}").setup).parameters
        assert list(parameters) == ["library", "folder", *(["count"] if case.sizes else [])]


def test_rounds_are_taken_in_turns_and_a_peer_that_fails_is_named(tmp_path):
    from run import Case, measure

    case = Case("config", "Configs", 0.0)
    (outcome,) = measure(case, tmp_path, sys.executable, rounds=2)
    assert outcome.figures.keys() == {"mmpretrain-2"}
    assert len(outcome.figures["mmpretrain-2"]["a config"]) == 2
    assert "No module named 'mmengine" in outcome.problems["mmpretrain-1"]


def test_without_peers_only_our_figures_are_taken(tmp_path):
    from run import Case, measure

    (outcome,) = measure(Case("config", "Configs", 0.0), tmp_path, None, rounds=1)
    assert list(outcome.figures) == ["mmpretrain-2"]
    assert not outcome.problems
