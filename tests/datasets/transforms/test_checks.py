"""Tests of :mod:`mmpretrain.datasets.transforms.checks`."""

from __future__ import annotations

import pytest

from mmpretrain import errors
from mmpretrain.datasets.transforms.checks import one_of, ordered_range, positive_pair, probability


@pytest.mark.parametrize(
    "check",
    [
        lambda: one_of("kind", "c", ("a", "b")),
        lambda: positive_pair("kind", -1),
        lambda: ordered_range("kind", (2, 1)),
        lambda: probability("kind", 2),
    ],
)
def test_checks_of_arguments_name_the_key(check):
    with pytest.raises(errors.ConfigError) as caught:
        check()
    assert caught.value.key == "kind"
