"""How much a file may cost."""

from __future__ import annotations

import pytest

from mmpretrain.utils.budget import DEPTH, Budget, BudgetError, check_nest


def test_memory_in_proportion():
    budget = Budget(10, factor=2, slack=5)
    budget.take(25)
    with pytest.raises(BudgetError, match="than a file of 10 bytes can need"):
        budget.take(1)


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def test_depth():
    check_nest(nested(DEPTH - 1), 10)
    with pytest.raises(BudgetError, match=f"more than {DEPTH} deep"):
        check_nest(nested(DEPTH), 10)


def test_lists_that_hold_a_list_twice():
    value: list = [0]
    for _ in range(40):
        value = [value, value]
    with pytest.raises(BudgetError, match="would never end"):
        check_nest(value, 1000)


def test_keys_count_as_items():
    check_nest({"a": 1}, 0, slack=2)
    with pytest.raises(BudgetError):
        check_nest({"a": 1, "b": 2}, 0, slack=2)
