"""Tests of :mod:`mmpretrain.config.merge`."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given

from mmpretrain.config import ConfigDict
from mmpretrain.config.merge import DELETE, merge_into
from tests.config.property_cases import dicts, fast, names, same


def reference_merge(child: dict, base: dict) -> dict:
    """The rule in one sentence: dicts are merged key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in child.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = reference_merge(value, merged[key])
        else:
            merged[key] = value
    return merged


def compatible(child: Any, base: Any) -> bool:
    """Whether no dict is merged into something that is none."""
    return all(
        key not in base
        or not isinstance(value, dict)
        or base[key] is None
        or (isinstance(base[key], dict) and compatible(value, base[key]))
        for key, value in child.items()
    )


def merged(child: dict, base: dict) -> ConfigDict:
    result = ConfigDict(copy.deepcopy(base))
    merge_into(result, ConfigDict(child))
    return result


@fast
@given(dicts, dicts)
def test_merge_follows_the_rule(child, base):
    if compatible(child, base):
        assert same(merged(child, base), ConfigDict(reference_merge(child, base)))


@fast
@given(dicts, dicts)
def test_merge_keeps_the_order_of_the_base_and_all_of_the_child(child, base):
    if compatible(child, base):
        result = merged(child, base)
        assert list(result) == [*base, *(key for key in child if key not in base)]
        assert same(merged(child, result), result)


@fast
@given(dicts)
def test_empty_configs_are_neutral(config):
    assert same(merged(config, {}), ConfigDict(config))
    assert same(merged({}, config), ConfigDict(config))


@fast
@given(names, dicts, dicts)
def test_delete_replaces(key, child, base):
    result = merged({key: {**child, DELETE: True}}, {key: base})
    assert same(result, ConfigDict({key: child}))
