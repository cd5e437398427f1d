"""Fixtures of the tests in this folder."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.models.wrapper_cases import Net


@pytest.fixture
def timm(monkeypatch):
    calls = []

    def create_model(model_name, pretrained=False, checkpoint_path="", norm_layer=None, **kwargs):
        if model_name != "net":
            raise RuntimeError(f"Unknown model ({model_name})")
        calls.append({"model_name": model_name, "norm_layer": norm_layer})
        return Net(**kwargs)

    module = ModuleType("timm")
    module.create_model = create_model
    module.list_models = lambda: ["net", "resnet18"]
    module.calls = calls
    monkeypatch.setitem(sys.modules, "timm", module)
    return module
