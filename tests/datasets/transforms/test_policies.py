"""Tests of :mod:`mmpretrain.datasets.transforms.policies`."""

from __future__ import annotations

import pytest

from mmpretrain.datasets.transforms import (
    AUTOAUG_POLICIES,
    RANDAUG_POLICIES,
    RandAugment,
)


@pytest.mark.parametrize("policies", RANDAUG_POLICIES)
def test_increasing_policies_increase(policies):
    """At level 0, no operation with a range does anything (Posterize keeps 4 bits); at 10, all do."""
    neutral = {"Posterize": 4, "Solarize": 256}
    for policy in RANDAUG_POLICIES[policies]:
        if "magnitude_range" in policy:
            start, end = policy["magnitude_range"]
            assert start == neutral.get(policy["type"], 0)
            assert end != start


def test_policies_in_configs_are_not_changed():
    policies = [dict(type="Rotate", magnitude_range=(0, 30), magnitude_key="angle"), dict(type="Invert")]
    RandAugment(policies, 1, 5)
    assert policies == [
        dict(type="Rotate", magnitude_range=(0, 30), magnitude_key="angle"),
        dict(type="Invert"),
    ]
    assert len(AUTOAUG_POLICIES["imagenet"]) == 25
