"""Tests of :mod:`mmpretrain.models.backbones.dinov3`.

The numbers are those of timm 1.0.31 with the weights and the image of ``tests/golden/fingerprint.py``:

    model = timm.create_model(name, num_classes=0, dynamic_img_size=True).eval()
    y = model.forward_features(image(256)[:, :, :64, :96])  # class token, a register, the last patch
"""

from __future__ import annotations

import pytest
import torch

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.models.backbones import DINOv3ViT
from tests.checkpoints.layouts.layout_cases import foreign
from tests.golden.fingerprint import fill, image

#: Model of timm -> arch, and values of the class token, the second register and the last patch.
TIMM = {
    "vit_small_patch16_dinov3": (
        "small",
        [-0.55878, 0.4192, 0.54475, 1.1941],
        [0.02966, -0.07571, 0.85747, 1.21579],
        [0.33616, -0.40121, 0.62312, 1.22511],
    ),
    "vit_small_plus_patch16_dinov3": (
        "small-plus",
        [-0.14448, 0.3953, -0.72084, -0.77061],
        [-0.74354, 0.0914, -0.57372, -0.77563],
        [0.54074, 0.06164, -1.62005, 0.06631],
    ),
    "vit_tiny_patch16_dinov3_qkvb": (
        "tiny",
        [2.40954, -0.88155, 0.52298, -0.40489],
        [1.29369, -1.21785, 0.35759, 0.38188],
        [1.93116, -0.28613, 0.24296, -0.14616],
    ),
}


@pytest.mark.parametrize("name", TIMM)
def test_the_numbers_of_timm(name):
    arch, *values = TIMM[name]
    weights = foreign(f"timm/{name}", "cpu")
    for key, value in weights.items():
        fill(key, value)
    model = DINOv3ViT(arch, out_type="raw").eval()
    report = load_into(model, weights)
    assert len(report.loaded) == report.total
    assert not report.unexpected
    with torch.no_grad():
        tokens = model(image(256)[:1, :, :64, :96])[0]
    assert tokens.shape == (1, 1 + 4 + 24, model.embed_dims)
    for token, value in zip((0, 2, -1), values):
        torch.testing.assert_close(tokens[0, token, :4], torch.tensor(value), atol=2e-5, rtol=0)


def test_outputs_leave_the_registers_out():
    arch = {"embed_dims": 16, "num_layers": 2, "num_heads": 2, "feedforward_channels": 32}
    model = DINOv3ViT(
        arch, img_size=32, patch_size=8, num_registers=3, out_type="featmap", out_indices=(0, 1)
    )
    x = torch.rand(2, 3, 16, 40)
    assert [out.shape for out in model(x)] == [(2, 16, 2, 5)] * 2
    assert model.num_extra_tokens == 4
    model.out_type = "raw"
    assert model(x)[0].shape == (2, 4 + 10, 16)


def test_places_count_relative_to_the_image():
    """A picture that is drawn twice as large turns queries by the same angles at its middle."""
    rope = DINOv3ViT("tiny", img_size=32).layers[0].attn.rope
    small, large = rope.angles((3, 3)), rope.angles((9, 9))
    torch.testing.assert_close(small[4], large[40])
    assert not rope.state_dict()
