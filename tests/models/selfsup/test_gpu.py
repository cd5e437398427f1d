"""The recorded steps of all algorithms of 1.x, on a CUDA device; `benchmarks/gpu_check.py` runs these."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.engine.optimizers.builder import build_optim_wrapper
from tests.models.selfsup.cases import model_of
from tests.models.selfsup.facts import batch_of, differences, fill_all, record, recorded
from tests.models.selfsup.test_masked import MENDED

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
NAMES = list(recorded("algorithms"))


@pytest.fixture(autouse=True)
def plain_float32(monkeypatch):
    """Convolutions and products as exact as on a CPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_those_of_the_original(name):
    want = recorded("algorithms")[name]
    got = record(want["case"], want, device="cuda")
    allowed = MENDED.get(name, [])
    found = [(aspect, text) for aspect, text, _ in differences(want, got, "algorithms") if text]
    assert [text for aspect, text in found if aspect not in allowed] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_step_with_bfloat16(name):
    case = recorded("algorithms")[name]["case"]
    model = model_of(name)
    fill_all(model, case.get("unit", ()), case.get("set"))
    model.cuda().train()
    wrapper = build_optim_wrapper(
        model,
        {"type": "AmpOptimWrapper", "dtype": "bfloat16", "optimizer": {"type": "SGD", "lr": 0.01}},
    )
    with wrapper.optim_context(model):
        losses = model(*batch_of(case, 0, "cuda"), mode="loss")
    total, _ = model.parse_losses(losses)
    wrapper.update_params(total)
    assert total.isfinite()
    assert all(value.isfinite().all() for value in model.state_dict().values())
