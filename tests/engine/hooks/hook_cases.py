"""What the tests of hooks share."""

from __future__ import annotations

from types import SimpleNamespace


def fake_runner(model, **attributes):
    return SimpleNamespace(**{"model": model, "iter": 0, "epoch": 0, **attributes})
