"""Methods that compare views: the numbers of the reference environment, and what they refuse."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.registry import MODELS
from tests.contracts.signatures import check_signature
from tests.models.selfsup.facts import build, picture, play, recorded

ALGORITHMS = ["BarlowTwins", "BYOL", "DenseCL", "MoCo", "MoCoV3", "SimCLR", "SimSiam", "SwAV"]


def model_of(name: str, **changes) -> torch.nn.Module:
    return build({**recorded("algorithms")[name]["case"]["model"], **changes})


@pytest.mark.parametrize("name", ALGORITHMS)
def test_two_steps_as_recorded(name):
    assert play("algorithms", name) == []


@pytest.mark.parametrize("name", [*ALGORITHMS, "MoCoV3ViT"])
def test_signature(name):
    check_signature("mmpretrain.MODELS", name, MODELS.get(name))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_views_that_differ_in_number(name):
    model, view = model_of(name), picture((4, 3, 32, 32), 0)
    for inputs in (view, [view], [view] * 9, [view, view[:2], *[view] * 3][: 5 if name == "SwAV" else 2]):
        with pytest.raises(DataError, match="views of"):
            model(inputs, mode="loss")


def test_dense_pairs_follow_the_grid_of_the_neck():
    """A neck that averages the map to fewer positions gets pairs of those, not of the whole map."""
    torch.manual_seed(0)
    model = model_of("DenseCL")
    neck = {**recorded("algorithms")["DenseCL"]["case"]["model"]["neck"], "num_grid": 2}
    pooled = model_of("DenseCL", neck=neck)
    pooled.load_state_dict(model.state_dict())
    views = [picture((4, 3, 64, 64), 0, i) for i in range(2)]
    maps, (_, grid, _) = pooled._project(torch.nn.Sequential(pooled.backbone, pooled.neck), views[0])
    assert maps.shape[2] == grid.shape[2] == 4
    losses = pooled(views, mode="loss")
    assert all(torch.isfinite(value) for value in losses.values())


def test_a_queue_wraps_around_whatever_the_batch():
    model = model_of("MoCo", queue_len=6)
    before = model.queue.clone()
    views = [picture((4, 3, 32, 32), 0, i) for i in range(2)]
    model(views, mode="loss")
    assert model.queue_ptr.item() == 4
    assert torch.equal(model.queue[:, 4:], before[:, 4:])
    model(views, mode="loss")
    assert model.queue_ptr.item() == 2
    assert not torch.equal(model.queue[:, 4:], before[:, 4:])
    with pytest.raises(ConfigError, match="A queue of 2 is shorter than a batch of 4 images"):
        model_of("MoCo", queue_len=2)(views, mode="loss")


def test_simclr_needs_two_images():
    model = model_of("SimCLR").eval()
    with pytest.raises(DataError, match="at least two"):
        model([picture((1, 3, 32, 32), 0)] * 2, mode="loss")


def test_mocov3_keeps_what_is_fixed():
    model = MODELS.build(dict(type="MoCoV3ViT", arch="mocov3-small", patch_size=16, stop_grad_conv1=True))
    model.init_weights()
    assert model.embed_dims == 384
    assert not model.train().pos_embed.requires_grad
    assert not model.patch_embed.projection.weight.requires_grad
    assert model.cls_token.requires_grad


@pytest.mark.parametrize("name", ["DenseCLHook", "SimSiamHook", "SwAVHook"])
def test_hooks_as_recorded(name):
    assert play("hooks", name) == []
