"""Tests of :mod:`mmpretrain.engine.runner.fsdp`."""

from __future__ import annotations

import torch

from tests.engine.ranks import run_ranks
from tests.engine.runner.distributed_cases import Normed, train, weights


def test_batch_norms_keep_their_precision_under_fsdp(tmp_path):
    """Their statistics are float32; on a GPU the backward pass takes no weights of another type."""
    seen = []

    class Watched(Normed):
        def forward(self, inputs, data_samples=None, mode="tensor"):
            result = super().forward(inputs, data_samples, mode)
            seen.append((self.norm.weight.dtype, self.body[0].weight.dtype))
            return result

    strategy = dict(
        type="FSDPStrategy", blocks=["norm", "body"], reshard_after_forward=False,
        mixed_precision=dict(param_dtype="bfloat16"),
    )  # fmt: skip

    def one():
        train(tmp_path / "run", launcher="pytorch", cfg=dict(strategy=strategy), model=Watched())
        return seen[0]

    assert run_ranks(one, tmp_path / "ranks", world_size=1) == [(torch.float32, torch.bfloat16)]
    assert weights(tmp_path / "run")["norm.running_mean"].dtype == torch.float32
