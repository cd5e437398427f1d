"""One reader of signatures for building, checking and freezing."""

from __future__ import annotations

import functools

import pytest

from mmpretrain.errors import ArgumentError
from mmpretrain.registry import Registry
from mmpretrain.signature import read


class Grand:
    def __init__(self, a, b=1):
        self.a, self.b = a, b


class Parent(Grand):
    def __init__(self, c, **kwargs):
        super().__init__(**kwargs)


class Child(Parent):
    def __init__(self, d, **kwargs):
        super().__init__(c=1, **kwargs)


class Elsewhere(Grand):
    def __init__(self, d, **kwargs):
        super().__init__(1)
        self.rest = kwargs


class Bare:
    pass


class InC(dict):
    pass


def test_arguments_that_are_handed_on():
    signature = read(Child)
    assert set(signature.all) == {"a", "b", "c", "d"}
    assert set(signature.own) == {"d"}
    assert not signature.open_ended
    assert signature.unknown(["a", "e"]) == ["e"]


def test_arguments_that_go_elsewhere_may_have_any_name():
    assert read(Elsewhere).open_ended
    assert read(Elsewhere).unknown(["anything"]) == []


def test_required_arguments():
    assert read(Grand).missing([]) == ["a"]
    assert read(Grand).missing(["a"]) == []
    assert read(Bare).missing([]) == []


def test_callables_of_other_kinds():
    assert read(Bare).unknown(["a"]) == ["a"]
    assert read(InC) is None or read(InC).open_ended
    assert set(read(functools.partial(Grand, b=2)).own) == {"a", "b"}
    assert read(lambda x: x).missing([]) == ["x"]


def test_defaults_and_the_function_that_names_an_argument():
    argument = read(Child).all["b"]
    assert argument.default == 1
    assert not argument.required
    assert argument.function is Grand.__init__


def test_the_registry_follows_what_is_handed_on():
    registry = Registry("thing")
    registry.register_module(module=Child)
    with pytest.raises(ArgumentError, match=r"Child has no argument 'aa'. Did you mean 'a'"):
        registry.build(dict(type="Child", d=1, aa=2))
