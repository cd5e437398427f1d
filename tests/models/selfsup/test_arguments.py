"""Arguments that no other recording varies, and many steps: losses of MMPretrain 1.2 in float64.

Each loss but the first depends on all gradients before it, as AdamW takes a step with a rate of 1e-3 between
them. In float64 rounding does not grow, so that 40 steps agree as well as one. ``data/arguments.json.gz`` was
recorded by playing the cases in 1.2 as :mod:`tests.models.selfsup.facts` says.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch

from tests.models.selfsup.draws import fixed_draws
from tests.models.selfsup.facts import batch_of, build, fill_all

RECORDED = json.loads(gzip.decompress((Path(__file__).parent / "data" / "arguments.json.gz").read_bytes()))
#: Methods whose target generator works in float32 in 1.2.
SINGLE = ("BEiT", "CAE", "MaskFeat", "EVA", "MILAN")
#: Batches come again after this many steps.
BATCHES = 7


def losses_of(case: dict, steps: int, dtype: torch.dtype) -> list[float]:
    model = build(case["model"])
    model.init_weights()
    fill_all(model, case.get("unit", ()), case.get("set"))
    model.to(dtype).train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    found = []
    with fixed_draws():
        for step in range(steps):
            inputs, samples = batch_of(case, step % BATCHES)
            inputs = [x.to(dtype) for x in inputs] if isinstance(inputs, list) else inputs.to(dtype)
            loss, _ = model.parse_losses(model(inputs, samples, mode="loss"))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            found.append(loss.item())
    return found


@pytest.mark.parametrize("name", RECORDED)
def test_losses(name):
    case, wanted = RECORDED[name]["case"], RECORDED[name]["losses"]
    single = name.startswith(SINGLE)
    wanted = wanted if name.endswith(".many") else wanted[:2]
    found = losses_of(case, len(wanted), torch.float32 if single else torch.float64)
    assert found == pytest.approx(wanted, rel=2e-6 if single else 1e-7)
