"""Fixtures of the tests in this folder."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture
def x():
    return torch.randn(2, 4, 7, 7, generator=torch.Generator().manual_seed(0))
