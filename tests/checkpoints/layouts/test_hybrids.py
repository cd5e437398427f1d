"""Tests of :mod:`mmpretrain.checkpoints.layouts.hybrids`."""

from __future__ import annotations

import torch

from mmpretrain.checkpoints import layouts
from mmpretrain.registry import MODELS
from tests.checkpoints.layouts.layout_cases import (
    classifier,
    foreign,
    renamed,
    shapes,
)


def test_levit_and_tinyvit_of_the_authors():
    ours = layouts.convert(foreign("timm/tiny_vit_5m_224")).weights
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^stages\.", "layers."), (r"\.conv2d\.", ".c."), (r"\.bn2d\.", ".bn."),
        (r"^norm3", "norm_head"), (r"^head\.fc", "head"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)
    ours = layouts.convert(foreign("timm/levit_128s")).weights
    starts = {"0": 0, "1": 4, "2": 12}  # the first block of each stage of 128s
    place = lambda m: f"blocks.{starts[m[1]] + int(m[2])}."  # noqa: E731
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^patch_embed\.patch_embed", "patch_embed"),
        (r"^stages\.(\d)\.(\d+)\.", place), (r"\.block\.linear1", ".m.0"), (r"\.block\.linear2", ".m.2"),
        (r"\.block\.", ".m."), (r"(?<=blocks)(.*)\.linear\.", r"\1.c."),
        (r"^(patch_embed\.\d)\.conv", r"\1.c"), (r"^head\.(head\w*)\.linear", r"\1.l"),
        (r"^head\.(head\w*)\.", r"\1."),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/levit"
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)


def test_efficientformer_of_the_authors():
    ours = layouts.convert(foreign("timm/efficientformer_l1")).weights
    embed = lambda m: f"patch_embed.{3 * int(m[1]) + (m[2] == 'bn')}."  # noqa: E731
    down = lambda m: f"network.{2 * int(m[1]) - 1}.{'proj' if m[2] == 'conv' else 'norm'}."  # noqa: E731
    block = lambda m: f"stage.{2 * int(m[1])}.{int(m[2]) - (m[1] != '0')}."  # noqa: E731
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^patch_embed\.(\d)\.(conv|bn)\.", embed),
        (r"^network\.([123])\.0\.(conv|bn)\.", down), (r"^network\.(\d)\.(\d+)\.(?!proj|norm\.)", block),
        (r"^stage", "network"), (r"\.ls([12])\.weight", r".layer_scale_\1"), (r"^norm3", "norm"),
        (r"^head\.(\w*head)", r"\1"),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/efficientformer"
    assert shapes(layouts.convert(theirs).weights) == shapes(ours)


def test_conformer_and_replknet_of_the_authors():
    with torch.device("meta"):
        ours = MODELS.build({"type": "ImageClassifier", "backbone": {"type": "Conformer"}, "head": {
            "type": "ConformerHead", "num_classes": 10, "in_channels": [256, 384]}}).state_dict()  # fmt: skip
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^head\.", ""), (r"\.ln([12])\.", r".norm\1."),
        (r"ffn\.layers\.0\.0", "mlp.fc1"), (r"ffn\.layers\.1", "mlp.fc2"),
    )  # fmt: skip
    assert shapes(layouts.convert(theirs).weights) == shapes(dict(ours))
    with torch.device("meta"):
        ours = MODELS.build(classifier("RepLKNet", 1024, arch="31B")).state_dict()
    theirs = renamed(
        ours, (r"^backbone\.", ""), (r"^stages\.3\.norm\.", "norm."), (r"^head\.fc\.", "head."),
    )  # fmt: skip
    assert layouts.convert(theirs).layout.name == "official/replknet"
    assert shapes(layouts.convert(theirs).weights) == shapes(dict(ours))
