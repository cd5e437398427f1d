"""Tests of :mod:`mmpretrain.checkpoints.layouts.dinov3`: the names of the authors and of transformers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mmpretrain.checkpoints import layouts
from mmpretrain.finetuning.start import find_start
from mmpretrain.models.backbones import ConvNeXt, DINOv3ViT
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import renamed

ARCH = {"embed_dims": 128, "num_layers": 2, "num_heads": 2, "feedforward_channels": 24}

#: Our names -> those of the authors.
AUTHORS = (
    (r"^register_tokens", "storage_tokens"), (r"^patch_embed\.projection", "patch_embed.proj"),
    (r"^layers\.(\d+)\.ln(\d)", r"blocks.\1.norm\2"), (r"^layers", "blocks"), (r"^ln1", "norm"),
    (r"attn\.gamma1\.weight", "ls1.gamma"), (r"ffn\.gamma2\.weight", "ls2.gamma"),
    (r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2"), (r"ffn\.", "mlp."),
)  # fmt: skip

#: Those of the authors -> those of transformers.
HUGGING_FACE = (
    (r"^cls_token", "embeddings.cls_token"), (r"^storage_tokens", "embeddings.register_tokens"),
    (r"^patch_embed\.proj", "embeddings.patch_embeddings"), (r"^blocks", "layer"),
    (r"ls(\d)\.gamma", r"layer_scale\1.lambda1"), (r"attn\.proj", "attention.o_proj"),
    (r"mlp\.w1\.", "mlp.gate_proj."), (r"mlp\.(fc1|w2)\.", "mlp.up_proj."),
    (r"mlp\.(fc2|w3)\.", "mlp.down_proj."),
)  # fmt: skip


def of_authors(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    theirs = renamed(ours, *AUTHORS)
    for key in list(theirs):
        if ".w12." in key:
            gate, value = theirs.pop(key).chunk(2)
            theirs |= {key.replace("w12", "w1"): gate, key.replace("w12", "w2"): value}
        if key.endswith("qkv.bias"):
            theirs[key] = theirs[key].clone()
            theirs[key][128:256] = torch.nan  # masked
            theirs[key.replace("bias", "bias_mask")] = torch.ones(384)
    return {**theirs, "mask_token": torch.zeros(1, 128), "rope_embed.periods": torch.ones(16)}


def of_transformers(ours: dict[str, Tensor]) -> dict[str, Tensor]:
    theirs = of_authors(ours)
    for key in list(theirs):
        if key.endswith(("bias_mask", "periods")):
            del theirs[key]
        elif ".attn.qkv." in key:
            stem, kind = key.split("attn.qkv.")
            parts = zip("qkv", theirs.pop(key).chunk(3))
            theirs |= {
                f"{stem}attention.{name}_proj.{kind}": part
                for name, part in parts
                if (name, kind) != ("k", "bias")
            }
    theirs["embeddings.mask_token"] = theirs.pop("mask_token")[None]
    return renamed(theirs, *HUGGING_FACE)


def backbone(ffn_type: str) -> DINOv3ViT:
    model = DINOv3ViT({**ARCH, "ffn_type": ffn_type}, img_size=32, patch_size=8)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_()
            if name.endswith("qkv.bias"):
                parameter[128:256] = 0
    return model


@pytest.mark.parametrize("ffn_type", ["origin", "swiglu"])
@pytest.mark.parametrize(("names", "layout"), [(of_authors, "official"), (of_transformers, "huggingface")])
def test_names(names, layout, ffn_type):
    ours = backbone(ffn_type).state_dict()
    converted = layouts.convert(names(ours))
    assert converted.layout.name == f"{layout}/dinov3"
    assert {key.removeprefix("backbone.") for key in converted.weights} == set(ours)
    for key, value in ours.items():
        assert torch.equal(converted.weights[f"backbone.{key}"], value), key


@pytest.mark.parametrize("ffn_type", ["origin", "swiglu"])
def test_fine_tuning_reads_the_arch_from_the_weights(ffn_type, tmp_path):
    path = tmp_path / "dinov3.pth"
    torch.save(of_transformers(backbone(ffn_type).state_dict()), path)
    start = find_start(str(path))
    assert start.weights == str(path)
    assert start.model["backbone"] == {
        "type": "DINOv3ViT",
        "arch": {**ARCH, "ffn_type": ffn_type},
        "patch_size": 8,
        "in_channels": 3,
        "num_registers": 4,
    }
    model = MODELS.build({**start.model, "head": {**start.model["head"], "num_classes": 3}})
    assert model(torch.rand(1, 3, 32, 48), mode="tensor").shape == (1, 3)


#: Our names of a ConvNeXt -> those of transformers.
CONVNEXT = (
    (r"^downsample_layers\.(\d)\.", r"stages.\1.downsample_layers."),
    (r"^stages\.(\d)\.(\d)\.", r"stages.\1.layers.\2."), (r"\.norm\.", ".layer_norm."),
    (r"^norm3\.", "layer_norm."),
)  # fmt: skip


@pytest.mark.parametrize("prefix", ["", "model."])
def test_convnext_of_transformers(prefix):
    arch = {"depths": [1, 2, 1, 1], "channels": [8, 16, 24, 32]}
    torch.manual_seed(0)
    model = ConvNeXt(arch)
    ours = {key: torch.randn_like(value) for key, value in model.state_dict().items()}
    theirs = {prefix + key: value for key, value in renamed(ours, *CONVNEXT).items()}
    converted = layouts.convert(theirs)
    assert converted.layout.name == "huggingface/dinov3_convnext"
    assert {key.removeprefix("backbone.") for key in converted.weights} == set(ours)
    for key, value in ours.items():
        assert torch.equal(converted.weights[f"backbone.{key}"], value), key
    network = layouts.network_of(theirs)
    assert (network.backbone["arch"], network.channels) == (arch, 32)


def test_convnext_of_the_authors():
    """The last norm is there twice: on its own, and in a list of norms by stage."""
    ours = ConvNeXt({"depths": [1, 1, 1, 1], "channels": [8, 8, 8, 8]}).state_dict()
    rules = (
        (r"depthwise_conv", "dwconv"), (r"pointwise_conv", "pwconv"), (r"^norm3\.", "norm.")
    )  # fmt: skip
    theirs = renamed(ours, *rules)
    theirs |= {f"norms.3.{kind}": theirs[f"norm.{kind}"] for kind in ("weight", "bias")}
    converted = layouts.convert(theirs)
    assert converted.layout.name == "official/convnext"
    assert {key.removeprefix("backbone.") for key in converted.weights} == set(ours)
