"""What the tests of the config language share."""

from __future__ import annotations

BASE = """
    model = dict(
        type='ResNet',
        depth=50,
        stages=[dict(name='a'), dict(name='b')],
        norm=dict(type='BN', eps=1e-5))
    name = 'base'
    scale = 224
"""
