"""YAML from a stranger."""

from __future__ import annotations

import pytest
import yaml

from mmpretrain.utils.budget import BudgetError
from mmpretrain.utils.safe_yaml import load


def test_plain_values():
    found = load("a: [1, 2.5, yes]\nb: &x {c: null}\nd: *x\n")
    assert found == {"a": [1, 2.5, True], "b": {"c": None}, "d": {"c": None}}


def test_aliases_that_never_end():
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    with pytest.raises(BudgetError, match="would never end"):
        load(bomb)
    with pytest.raises(BudgetError, match="contain themselves"):
        load("a: &a [*a]")


def test_code_and_huge_numbers():
    with pytest.raises(yaml.YAMLError):
        load("!!python/object/apply:os.system ['true']")
    with pytest.raises(BudgetError, match="2,000 digits"):
        load("1" * 2000)
