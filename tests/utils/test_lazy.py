"""Tests of :mod:`mmpretrain.utils.lazy`."""

from __future__ import annotations

import sys
import types

import pytest

from mmpretrain.utils.lazy import TABLE, lazy_package


@pytest.fixture
def package(monkeypatch):
    """A package of two modules, one of which cannot be imported."""
    root = types.ModuleType("lazy_pkg")
    root.__path__ = []
    good = types.ModuleType("lazy_pkg.good")
    good.Thing = type("Thing", (), {})
    for module in (root, good):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    exports = {"good": ["Thing"], "missing": ["Other"]}
    root.__getattr__, root.__dir__, root.__all__ = lazy_package(
        "lazy_pkg", exports, registered={"norms": ["BN"]}
    )
    return root


def test_a_module_is_imported_with_the_first_of_its_names(package):
    assert package.__all__ == ["Other", "Thing"]
    assert "Thing" in dir(package)
    assert "Thing" not in vars(package)
    assert package.Thing is sys.modules["lazy_pkg.good"].Thing
    assert "Thing" in vars(package)  # found at once from now on
    with pytest.raises(ModuleNotFoundError, match=r"lazy_pkg\.missing"):
        _ = package.Other


def test_a_registry_finds_names_that_are_not_exported(package):
    assert vars(package)[TABLE] == {
        "Thing": "lazy_pkg.good", "Other": "lazy_pkg.missing", "BN": "lazy_pkg.norms",
    }  # fmt: skip
    with pytest.raises(AttributeError):
        _ = package.BN
