"""Tests of :mod:`mmpretrain.engine.hooks.priority`."""

from __future__ import annotations

import pytest

from mmpretrain.engine.hooks.priority import Priority, get_priority
from mmpretrain.errors import ArgumentError, ConfigError


@pytest.mark.parametrize(
    ("priority", "number"), [("VERY_LOW", 90), ("very_low", 90), (Priority.HIGH, 30), (0, 0), (55, 55)]
)
def test_a_priority_is_a_name_or_a_number(priority, number):
    assert get_priority(priority) == number


@pytest.mark.parametrize(
    ("priority", "error", "message"),
    [
        ("VERY_LOWW", ConfigError, "Did you mean 'VERY_LOW'"),
        ("soon", ConfigError, "Choose one of HIGHEST, VERY_HIGH"),
        (101, ConfigError, "between 0 and 100, got 101"),
        (True, ArgumentError, "an int or a name, got bool"),
        (1.5, ArgumentError, "got float: 1.5"),
    ],
)
def test_other_priorities_are_refused(priority, error, message):
    with pytest.raises(error) as caught:
        get_priority(priority)
    assert message in str(caught.value)
