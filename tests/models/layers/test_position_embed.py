"""What checkpoints say about positions is made to fit a model's input size, with the reference's numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mmpretrain.checkpoints.fitting import COMPUTED, load_into
from mmpretrain.models.layers import resize_pos_embed
from mmpretrain.registry import MODELS
from tests.golden.fingerprint import fill, fingerprint
from tests.models.layers.position_cases import CASES, VIT

REFERENCE = json.loads((Path(__file__).parent / "data" / "positions.json").read_text())


def filled(cfg):
    model = MODELS.build(cfg)
    with torch.no_grad():
        for key, value in model.state_dict().items():
            if not key.endswith(COMPUTED):
                fill(key, value)
    return model


@pytest.mark.parametrize("name", CASES)
def test_resized_as_in_the_reference(name):
    source, target = CASES[name]
    weights, model = filled(source).state_dict(), MODELS.build(target)
    report = load_into(model, weights)
    assert len(report.loaded) == report.total
    assert report.mismatched == {}
    state = model.state_dict()
    for key, expected in REFERENCE[name].items():
        got = fingerprint(state[key])
        assert got.pop("shape") == expected["shape"]
        assert got == {k: pytest.approx(v, abs=1e-6) for k, v in expected.items() if k != "shape"}, key
        assert key.endswith(COMPUTED) or key not in weights or key in report.resized
    if "swin" not in name:
        model(torch.rand(1, 3, *model.img_size))


def plain_vit(kind="VisionTransformer", size=32, **more):
    return {"type": kind, "arch": VIT, "patch_size": 8, "img_size": size, **more}


NO_CLASS_TOKEN = {"with_cls_token": False, "out_type": "raw"}


@pytest.mark.parametrize("size", [32, 56])
@pytest.mark.parametrize(
    ("source", "target", "kept"),
    [
        ({}, NO_CLASS_TOKEN, 0),
        (NO_CLASS_TOKEN, {}, 0),
        ({}, {"kind": "DistilledVisionTransformer"}, 1),
        ({"kind": "DistilledVisionTransformer"}, {}, 1),
    ],
)
def test_other_extra_tokens(source, target, kept, size):
    weights, model = filled(plain_vit(**source)).state_dict(), MODELS.build(plain_vit(size=size, **target))
    own = model.pos_embed.detach().clone()
    report = load_into(model, weights)
    assert report.mismatched == {}
    extra = model.num_extra_tokens
    assert torch.equal(model.pos_embed[:, :kept], weights["pos_embed"][:, :kept])
    assert torch.equal(model.pos_embed[:, kept:extra], own[:, kept:extra])
    if size == 32:
        assert torch.equal(model.pos_embed[:, extra:], weights["pos_embed"][:, -16:])


def test_positions_of_no_square_stay_as_they_are():
    weights, model = filled(plain_vit(size=(40, 56))).state_dict(), MODELS.build(plain_vit())
    own = model.pos_embed.detach().clone()
    report = load_into(model, weights)
    assert report.mismatched == {"pos_embed": ((1, 36, 16), (1, 17, 16))}
    assert torch.equal(model.pos_embed, own)


def test_resize_pos_embed_checks_the_grid():
    with pytest.raises(ValueError, match="Check img_size"):
        resize_pos_embed(torch.zeros(1, 17, 8), (5, 5), (6, 6))
