"""Tests of :mod:`mmpretrain.compat.schedulers.policies`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.schedulers import policies
from mmpretrain.errors import ConfigError


@pytest.mark.parametrize(
    ("policy", "options", "values"),
    [
        (policies.fixed, {}, {0: 1.0, 9: 1.0}),
        (policies.step, dict(step=3, gamma=0.5), {2: 1.0, 3: 0.5, 6: 0.25}),
        (policies.step, dict(step=[2, 5]), {1: 1.0, 2: 0.1, 5: 0.01}),
        (policies.step, dict(step=[2, 5], minimum=0.05), {5: 0.05}),
        (policies.exp, dict(gamma=0.5), {3: 0.125}),
        (policies.poly, dict(power=2.0, minimum=0.2), {0: 1.0, 5: 0.4, 10: 0.2}),
        (policies.inv, dict(gamma=1.0, power=2.0), {1: 0.25}),
        (policies.cosine_annealing, dict(minimum=0.0), {0: 1.0, 5: 0.5, 10: 0.0}),
        (policies.cosine_annealing, dict(minimum_ratio=0.5), {10: 0.5}),
        (policies.linear_annealing, dict(minimum=0.5), {4: 0.8}),
        (policies.flat_cosine_annealing, dict(start_percent=0.6, minimum=0.0), {5: 1.0, 8: 0.5}),
    ],
    ids=lambda value: value.__name__ if callable(value) else None,
)
def test_values_of_ten_steps(policy, options, values):
    for at, value in values.items():
        assert policy(1.0, at, 10, **options) == pytest.approx(value)


def test_an_annealing_needs_an_end():
    with pytest.raises(ConfigError, match="either a minimum or the ratio"):
        policies.linear_annealing(1.0, 3, 10)
