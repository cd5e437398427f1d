"""Fixtures of the contracts."""

from __future__ import annotations

import pytest
from torch import nn

from mmpretrain.models.layers import configurable


@pytest.fixture
def builds_no_module(monkeypatch):
    """Fail where a forward pass makes a module, as by slicing a ``ModuleList``.

    It costs time in every step, and dynamo in torch 2.11 does not trace the constructor.
    """

    def refuse(self: nn.Module, *args: object, **kwargs: object) -> None:
        raise AssertionError(f"the forward pass builds a {type(self).__name__}")

    def start() -> None:
        monkeypatch.setattr(nn.Module, "__init__", refuse)

    yield start
    monkeypatch.undo()


@pytest.fixture
def layers_refuse_configs(monkeypatch):
    """Fail where a layer is built from a config: configs stop at the classes that they name."""

    def refuse(translate: object, value: object) -> None:
        raise AssertionError(f"a layer got the config {value!r}")

    monkeypatch.setattr(configurable, "_call", refuse)
