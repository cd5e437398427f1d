"""Spans of time, and how many epochs fit."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError
from mmpretrain.finetuning.timing import epochs_within, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("1h30m", 5400), ("90", 90), ("90s", 90), ("1.5 h", 5400), ("2min", 120), ("1d", 86400)],
)
def test_spans(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "30x", "-5m", "0s", "m", "1h x", "nan", "1e99"])
def test_what_is_no_span(text: str) -> None:
    with pytest.raises(ConfigError, match="is no span of time"):
        seconds_of(text)


def test_epochs() -> None:
    assert epochs_within(100, 10, 20) == 8
    assert epochs_within(100, 10, 5) == 5
    assert epochs_within(1, 10, 5) == 1
