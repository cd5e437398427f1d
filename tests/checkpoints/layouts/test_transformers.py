"""Tests of :mod:`mmpretrain.checkpoints.layouts.transformers`: registers, and DINOv2 of transformers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import CheckpointError
from mmpretrain.models.backbones import VisionTransformer
from tests.checkpoints.layouts.layout_cases import renamed
from tests.golden.fingerprint import fill, image

ARCH = {"embed_dims": 64, "num_layers": 2, "num_heads": 1, "feedforward_channels": 128}

#: Our names -> those of the authors of DINOv2.
AUTHORS = (
    (r"^patch_embed\.projection", "patch_embed.proj"), (r"^layers\.(\d+)\.ln(\d)", r"blocks.\1.norm\2"),
    (r"^layers", "blocks"), (r"^ln1", "norm"), (r"attn\.gamma1\.weight", "ls1.gamma"),
    (r"ffn\.gamma2\.weight", "ls2.gamma"), (r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2"),
    (r"ffn\.(w12|w3)\.", r"mlp.\1."),
)  # fmt: skip

#: Those of the authors -> those of transformers.
HUGGING_FACE = (
    (r"^(cls_token|register_tokens)$", r"embeddings.\1"), (r"^pos_embed$", "embeddings.position_embeddings"),
    (r"^patch_embed\.proj", "embeddings.patch_embeddings.projection"), (r"^blocks", "encoder.layer"),
    (r"ls(\d)\.gamma", r"layer_scale\1.lambda1"), (r"attn\.proj", "attention.output.dense"),
    (r"^norm\.", "layernorm."), (r"mlp\.w12\.", "mlp.weights_in."), (r"mlp\.w3\.", "mlp.weights_out."),
)  # fmt: skip

#: What timm 1.0.31 puts out, ``VisionTransformer(img_size=28, patch_size=14, embed_dim=64, depth=2,
#: num_heads=1, mlp_ratio=2, num_classes=0, init_values=1e-5, reg_tokens=3)``, with ``no_embed_class=True``
#: and without: the beginnings of the class token and of the last patch, of weights by ``fill``.
TIMM = {
    4: ([-0.7932739, -0.3739252, -0.5326651, 1.0274230], [0.3176172, -1.4394529, 0.5220149, 0.4878771]),
    8: ([-0.7550764, -0.5113227, -0.9685799, 0.1216470], [0.4454702, -1.0867757, -0.0979658, -1.1485465]),
}


def model(num_registers: int = 3, **changes) -> VisionTransformer:
    arch = {**ARCH, **changes.pop("arch", {})}
    vit = VisionTransformer(
        arch, img_size=28, patch_size=14, out_type="raw", layer_scale_init_value=1e-5,
        num_registers=num_registers, **changes,
    )  # fmt: skip
    with torch.no_grad():
        for key, value in vit.state_dict().items():
            fill(key, value)
    return vit.eval()


def of_authors(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    return {**renamed(ours, *AUTHORS), "mask_token": torch.zeros(1, 64)}


def separate(theirs: dict[str, Tensor], version: int) -> dict[str, Tensor]:
    """Give queries, keys and values layers of their own, under the names of a version of transformers."""
    for key in [key for key in theirs if ".attn.qkv." in key]:
        stem, kind = key.split("attn.qkv.")
        names = ("attention.query", "attention.key", "attention.value")
        if version > 4:
            names = ("q_proj", "k_proj", "v_proj")
        theirs |= {f"{stem}attention.{n}.{kind}": part for n, part in zip(names, theirs.pop(key).chunk(3))}
    if version > 4:
        return renamed(theirs, (r"attention\.output\.dense", "attention.o_proj"))
    return theirs


def of_transformers(ours: dict[str, Tensor], prefix: str = "", version: int = 4) -> dict[str, Tensor]:
    theirs = separate(renamed(ours, *AUTHORS, *HUGGING_FACE), version)
    head = {"classifier.weight": torch.zeros(5, 128), "classifier.bias": torch.zeros(5)}
    theirs = {prefix + key: value for key, value in theirs.items()}
    return {**theirs, f"{prefix}embeddings.mask_token": torch.zeros(1, 64), **(head if prefix else {})}


@pytest.mark.parametrize("arch", [{}, {"ffn_type": "swiglu"}])
@pytest.mark.parametrize("registers", [0, 3])
@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (of_authors, "dinov2/vit"),
        (of_transformers, "huggingface/dinov2"),
        (lambda ours: of_transformers(ours, "dinov2_with_registers."), "huggingface/dinov2"),
        (lambda ours: of_transformers(ours, "dinov2.", version=5), "huggingface/dinov2"),
    ],
)
def test_names(names, layout, registers, arch):
    ours = model(registers, arch=arch).state_dict()
    assert ("register_tokens" in ours) is (registers > 0)
    converted = layouts.convert(names(ours))
    assert converted.layout.name == layout
    assert {key.removeprefix("backbone.") for key in converted.weights} == set(ours)
    for key, value in ours.items():
        assert torch.equal(converted.weights[f"backbone.{key}"], value), key


@pytest.mark.parametrize("positions", TIMM)
@torch.no_grad()
def test_registers_of_timm(positions):
    vit = model()
    theirs = renamed(vit.state_dict(), *AUTHORS)
    theirs["reg_token"] = theirs.pop("register_tokens")
    theirs["pos_embed"] = torch.zeros(1, positions, 64)
    for key, value in theirs.items():
        fill(key, value)
    report = load_into(vit, theirs)
    assert not report.missing
    assert not report.unexpected
    out = vit(image(28))[0]
    assert out.shape == (2, 1 + 3 + 4, 64)
    for token, want in zip((0, -1), TIMM[positions]):
        torch.testing.assert_close(out[0, token, :4], torch.tensor(want), atol=2e-5, rtol=0)


@torch.no_grad()
def test_registers_have_no_place():
    """They are no part of maps, have no position, and images may have any size."""
    vit = model()
    vit.out_type = "featmap"
    assert vit(image(42))[0].shape == (2, 64, 3, 3)
    assert vit.num_extra_tokens == 4
    assert vit.pos_embed.shape == (1, 5, 64)
    bigger = VisionTransformer(ARCH, img_size=42, patch_size=14, layer_scale_init_value=1e-5, num_registers=3)
    assert list(load_into(bigger, vit.state_dict()).resized) == ["pos_embed"]


def test_a_model_without_registers_is_refused():
    theirs = of_authors(model(3).state_dict())
    with pytest.raises(CheckpointError, match=r"have 3 registers, .*Set num_registers=3 in the VisionTransf"):
        load_into(model(0), theirs)


#: Our names of a plain Vision Transformer -> those of transformers.
VIT = (
    (r"^cls_token$", "embeddings.cls_token"), (r"^pos_embed$", "embeddings.position_embeddings"),
    (r"^patch_embed\.projection", "embeddings.patch_embeddings.projection"),
    (r"\.ln1\.", ".layernorm_before."), (r"\.ln2\.", ".layernorm_after."),
    (r"attn\.proj", "attention.output.dense"), (r"^ln1\.", "layernorm."),
)  # fmt: skip
FFN = {
    4: ((r"ffn\.layers\.0\.0", "intermediate.dense"), (r"ffn\.layers\.1", "output.dense"),
        (r"^layers\.", "encoder.layer.")),
    5: ((r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2")),
}  # fmt: skip


@pytest.mark.parametrize("version", FFN)
@pytest.mark.parametrize("prefix", ["", "vit."])
def test_plain_vit_of_transformers(prefix, version):
    """With a pooler, as the model alone has it, or with MAE's decoder."""
    plain = VisionTransformer(ARCH, img_size=28, patch_size=14)
    ours = {key: torch.randn_like(value) for key, value in plain.state_dict().items()}
    theirs = separate(renamed(ours, *VIT, *FFN[version]), version)
    theirs = {prefix + key: value for key, value in theirs.items()}
    theirs |= {f"{prefix}pooler.dense.weight": torch.zeros(2), "decoder.decoder_norm.weight": torch.zeros(2)}
    converted = layouts.convert(theirs)
    assert converted.layout.name == "huggingface/vit"
    assert {key.removeprefix("backbone.") for key in converted.weights} == set(ours)
    for key, value in ours.items():
        assert torch.equal(converted.weights[f"backbone.{key}"], value), key
