"""What the tests of speed share."""

from __future__ import annotations

import torch

from tests.engine import tiny


def losses(make_runner, model=None, **cfg):
    """The last losses of a run; its generators are those of every other run."""
    found = []

    class Model(model or tiny.TinyModel):
        def train_step(self, data, optim_wrapper):
            outputs = super().train_step(data, optim_wrapper)
            found.append(float(outputs["loss"].detach()))
            return outputs

    torch.manual_seed(0)
    runner = make_runner(model=Model(), cfg=dict(device="cpu", **cfg), log_level="ERROR")
    runner.train()
    return found, runner
