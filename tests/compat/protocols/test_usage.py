"""Tests of :mod:`mmpretrain.compat.protocols.usage`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.protocols.usage import codes, is_used


class Base:
    def by_base(self):
        return self.helper()


class Old(Base):
    @property
    def shown(self):
        return [self.in_a_property() for _ in range(2)]

    @staticmethod
    def still(other):
        def inner():
            return other.in_an_inner_function()

        return inner

    def helper(self):
        return "not_mentioned"


@pytest.mark.parametrize(
    ("name", "used"),
    [("helper", True), ("in_a_property", True), ("in_an_inner_function", True), ("not_mentioned", False)],
)
def test_whether_a_class_mentions_a_method(name, used):
    assert is_used(Old, name) is used


def test_attributes_without_code():
    assert list(codes(3)) == []
    assert [code.co_name for code in codes(vars(Base)["by_base"])] == ["by_base"]
