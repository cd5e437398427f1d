"""Tests of :mod:`mmpretrain.compat.names.exact`."""

from __future__ import annotations

import pytest

from mmpretrain.compat.names.exact import EXACT
from mmpretrain.compat.names.resolve import resolve


@pytest.mark.parametrize("module", EXACT)
def test_names_lead_to_what_is_there(module):
    for names in EXACT[module].values():
        for entry in names.split():
            target = resolve(module, entry.partition("=")[0])
            assert target is not None, entry
            assert target.load() is not None
