"""Tests of :mod:`mmpretrain.models.selfsup.densecl`."""

from __future__ import annotations

import torch

from tests.models.selfsup.cases import model_of
from tests.models.selfsup.facts import picture, recorded


def test_dense_pairs_follow_the_grid_of_the_neck():
    """A neck that averages the map to fewer positions gets pairs of those, not of the whole map."""
    torch.manual_seed(0)
    model = model_of("DenseCL")
    neck = {**recorded("algorithms")["DenseCL"]["case"]["model"]["neck"], "num_grid": 2}
    pooled = model_of("DenseCL", neck=neck)
    pooled.load_state_dict(model.state_dict())
    views = [picture((4, 3, 64, 64), 0, i) for i in range(2)]
    maps, (_, grid, _) = pooled._project(pooled.backbone, pooled.neck, views[0])
    assert maps.shape[2] == grid.shape[2] == 4
    losses = pooled(views, mode="loss")
    assert all(torch.isfinite(value) for value in losses.values())
