"""What holds for all configs."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmpretrain.config import Config, ConfigDict, parse_options
from mmpretrain.config.merge import DELETE, merge_into
from mmpretrain.config.pretty import format_value

#: Names of attributes of Config, and names that mean something in a config file, are no keys here.
names = st.sampled_from(["a", "b", "type", "lambda", "not a name", "x1", "depth_2", "ünï"])
numbers = st.integers(-(10**9), 10**9) | st.floats(allow_nan=False)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(names, inner, max_size=4)
    ),
    max_leaves=12,
)
dicts = st.dictionaries(names, values, max_size=4)
fast = settings(max_examples=60, deadline=None)


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


def same(a: Any, b: Any) -> bool:
    """Equal, of the same types, and in the same order."""
    if type(a) is not type(b) and not (isinstance(a, dict) and isinstance(b, dict)):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


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


@pytest.mark.parametrize("suffix", [".py", ".yaml"])
def test_dumps_come_back(suffix):
    @fast
    @given(dicts)
    def check(config):
        cfg = Config(config)
        dumper = {".py": cfg.dump, ".yaml": lambda: _written(cfg)}
        assert same(Config.fromstring(dumper[suffix](), suffix), cfg)

    check()


def _written(cfg: Config) -> str:
    from mmpretrain.config.pretty import to_yaml

    return to_yaml(cfg)


@fast
@given(values)
def test_values_are_written_as_python(value):
    assert same(eval(format_value(value)), value)


@fast
@given(dicts)
def test_copies_are_equal(config):
    cfg = Config(config)
    for other in (cfg.copy(), copy.deepcopy(cfg), pickle.loads(pickle.dumps(cfg)), Config(cfg)):
        assert same(other, cfg)
    assert same(cfg.to_dict(), config)


plain_text = st.text("abc/._-", min_size=1, max_size=6).filter(lambda text: not _is_number(text))
option_values = st.recursive(
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none() | plain_text,
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) or True
    except ValueError:
        return False


@fast
@given(option_values)
def test_options_mean_what_they_look_like(value):
    assert same(parse_options([f"key={value}"])["key"], value)
    assert same(parse_options([f"key={format_value(value)}"])["key"], value)
