"""What every backbone of the registry promises on a CUDA device; `benchmarks/gpu_check.py` runs these."""

from __future__ import annotations

import copy

import pytest
import torch

from .test_backbones import each, filled, images, score, tensors

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.fixture(autouse=True)
def plain_float32(monkeypatch):
    """Convolutions and products as exact as on a CPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    monkeypatch.setattr(torch.backends.cuda.matmul, "allow_tf32", False)


@each
def test_outputs_and_gradients_are_those_of_the_cpu(name):
    here = filled(name)
    there, x = copy.deepcopy(here).cuda(), images(name)
    for a, b in zip(tensors(here(x)), tensors(there(x.cuda()))):
        torch.testing.assert_close(b.cpu(), a, rtol=1e-3, atol=1e-4 * max(1.0, a.abs().max().item()))
    score(here(x)).backward()
    score(there(x.cuda())).backward()
    for (key, ours), theirs in zip(here.named_parameters(), there.parameters()):
        if ours.grad is not None:
            tolerance = 1e-3 * max(1e-3, ours.grad.abs().max().item())
            torch.testing.assert_close(
                theirs.grad.cpu(),
                ours.grad,
                rtol=1e-2,
                atol=tolerance,
                msg=lambda text, key=key: f"{key}: {text}",
            )


@each
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_trains(name, dtype):
    model = filled(name).cuda().train()
    with torch.autocast("cuda", dtype):
        loss = score(model(images(name).cuda().repeat(2, 1, 1, 1)))
    loss.backward()
    assert loss.isfinite()
    assert any(p.grad is not None for p in model.parameters())
    if dtype is torch.bfloat16:  # float16 may overflow without a scaler
        assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
