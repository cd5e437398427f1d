"""Tests of :mod:`mmpretrain.config.yaml_format`."""

from __future__ import annotations

import pytest

from mmpretrain.config.tracked import sources_of
from mmpretrain.config.yaml_format import dump, parse
from mmpretrain.errors import ConfigError


def test_dicts_know_their_lines():
    parsed = parse("a: 1\nb:\n  c: [1, 2]\n", "x.yml")
    assert parsed == {"a": 1, "b": {"c": [1, 2]}}
    assert sources_of(parsed)["b"].line == 2
    assert sources_of(parsed["b"])["c"].line == 3


def test_tuples_sets_and_odd_texts_come_back():
    values = {"t": (1, (2, "a")), "s": {3, 1}, "u": "a\u2028b", "n": None, "long": "x " * 100, "e": []}
    text = dump(values, 80)
    assert parse(text, "x.yml") == values
    assert dump({"s": {1, 3}}, 80) == dump({"s": {3, 1}}, 80)


def test_no_aliases_are_written():
    shared = [1]
    assert dump({"a": shared, "b": shared}, 80).count("- 1") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", r"x\.yml:1.*not valid YAML"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", r"x\.yml:2.*could not determine a constructor"),
        ("a: 1\nb: 2001-13-01", r"x\.yml:2.*month must be in 1\.\.12"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_wrong_and_where(text, message):
    with pytest.raises(ConfigError, match=message):
        parse(text, "x.yml")
