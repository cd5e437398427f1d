"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest

from mmpretrain.registry import Registry


@pytest.fixture
def pets():
    registry = Registry("pet")

    @registry.register_module()
    class Cat:
        def __init__(self, lives, name="Tom"):
            self.lives = lives
            self.name = name

    registry.register_module(name=["Dog", "Hound"], module=type("Dog", (), {}))
    return registry
