"""Tests of :mod:`mmpretrain.engine.hooks.best_by`."""

from __future__ import annotations

import pytest

from mmpretrain.engine.hooks.best_by import rules_of
from mmpretrain.errors import ConfigError

KEYS = (("acc",), ("loss",))


@pytest.mark.parametrize(
    ("save_best", "rule", "expected"),
    [
        ([], None, {}),
        (["auto"], None, {"auto": None}),
        (["auto"], "less", {"auto": "less"}),
        (["my_acc", "my_loss"], None, {"my_acc": "greater", "my_loss": "less"}),
        (["my_acc", "error"], "less", {"my_acc": "less", "error": "less"}),
        (["my_acc", "error"], [None, "less"], {"my_acc": "greater", "error": "less"}),
    ],
)
def test_rules(save_best, rule, expected):
    assert rules_of(save_best, rule, *KEYS) == expected


@pytest.mark.parametrize(
    ("save_best", "rule", "message"),
    [
        (["auto", "acc"], None, "'auto' stands alone"),
        (["acc", "acc"], None, "names a metric twice"),
        (["acc"], ["less", "less"], "1 metrics and rule has 2 entries"),
        (["acc"], "more", "'greater' or 'less', got 'more'"),
        (["error"], None, "'error' does not say whether greater or less"),
    ],
)
def test_contradictions(save_best, rule, message):
    with pytest.raises(ConfigError, match=message):
        rules_of(save_best, rule, *KEYS)
