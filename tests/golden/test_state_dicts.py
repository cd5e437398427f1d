"""State-dict keys and shapes are public API: 1.x checkpoints load strictly.

So is the order of the parameters, by which the state of an optimizer numbers them. ``parameter_orders`` holds
the CRC-32 of their names, in order and one a line, in the reference environment (mmpretrain 1.2).
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path

import pytest
import torch

from . import facts

STATE_DICTS = facts.load("state_dicts")
ORDERS_FILE = Path(__file__).parent / "data" / "parameter_orders.json.gz"
ORDERS = json.loads(gzip.decompress(ORDERS_FILE.read_bytes()))


@pytest.mark.parametrize("name", STATE_DICTS)
def test_keys_shapes_and_order(name):
    with torch.device("meta"):
        model = facts.build(name)
    assert {k: list(v.shape) for k, v in model.state_dict().items()} == STATE_DICTS[name]["state_dict"]
    assert sum(p.numel() for p in model.parameters()) == STATE_DICTS[name]["params"]
    order = [key for key, _ in model.named_parameters()]
    assert zlib.crc32("\n".join(order).encode()) == ORDERS[name], f"order of definition differs: {order}"
