"""Mistakes in the config of a model are explained with the key to change."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError, DataError, MMPretrainError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

RESNET = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, base_channels=4, stem_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=5, in_channels=32),
)
"""
VIT = """
model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='VisionTransformer',
        arch=dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=8),
        img_size=32,
    ),
    head=dict(type='VisionTransformerClsHead', num_classes=5, in_channels=8),
)
"""


def changed(text, old, new, tmp_path):
    assert old in text
    path = tmp_path / "cfg.py"
    path.write_text(text.replace(old, new))
    return Config.fromfile(path).model


@pytest.mark.parametrize(
    ("text", "old", "new", "line", "key", "says"),
    [
        (RESNET, "depth=18", "depth=19", 4, "depth", "ResNet has no arch 19"),
        (RESNET, "depth=18", "depth=18, out_indices=(4,)", 4, "out_indices", "has no output 4"),
        (RESNET, "depth=18", "depth=18, out_indices='3'", 4, "out_indices", "has no output '3'"),
        (RESNET, "depth=18", "depth=18, frozen_stages=5", 4, "frozen_stages", "up to 4 (all)"),
        (RESNET, "depth=18", "depth=18, frozen_stages='1'", 4, "frozen_stages", "no frozen_stages='1'"),
        (RESNET, "depth=18", "depth=18, norm_cfg=dict(type='BNN')", 4, "norm_cfg.type", "Did you mean 'BN'"),
        (RESNET, "depth=18", "depth=18, norm_cfg=dict(type='BN', epsilon=1)", 4, "norm_cfg.epsilon",
         "BatchNorm has no argument 'epsilon'"),
        (VIT, "img_size=32", "img_size=32, out_type='token'", 7, "out_type", "no out_type 'token'"),
        (VIT, "img_size=32", "img_size=32, layer_cfgs=dict(act_cfg=dict(type='GELLU'))", 7,
         "layer_cfgs.act_cfg.type", "Did you mean 'GELU'"),
        (VIT, "img_size=32", "img_size=32, layer_cfgs=[dict(drop=0.1)]", 7, "layer_cfgs.0.drop",
         "TransformerEncoderLayer has no argument 'drop'"),
        (VIT, "num_layers=1, num_heads=2", "num_layers=1", 5, "type", "Layer needs 'num_heads'"),
        (VIT, "num_heads=2", "num_heads=3", 6, "arch.embed_dims", "be divided among num_heads=3"),
    ],
)  # fmt: skip
def test_what_cannot_be_built(text, old, new, line, key, says, tmp_path):
    with pytest.raises(ConfigError) as caught:
        MODELS.build(changed(text, old, new, tmp_path))
    place, _, message = str(caught.value).partition(": ")
    assert place.endswith(f"cfg.py:{line} (model.backbone.{key})")
    assert says in message


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (RESNET, "in_channels=32", "in_channels=64", "gets 32. Set in_channels=32 in model.head."),
        (RESNET, "neck=dict(type='GlobalAveragePooling'),", "", "Set model.neck=dict(type='GlobalAverage"),
        (VIT, "in_channels=8", "in_channels=16", "gets 8. Set in_channels=8 in model.head."),
        (VIT, "img_size=32", "img_size=32, out_type='featmap'", "gets (1, 8, 2, 2). Set model.neck"),
        (RESNET, "LinearClsHead", "MultiLabelLinearClsHead", None),
        (VIT, "VisionTransformer'", "BEiTViT', patch_size=8", "takes images of (32, 32), got (8, 4) patches"),
        (VIT, "VisionTransformer'", "MlpMixer', patch_size=8", None),
    ],
)
def test_what_does_not_fit(text, old, new, says, tmp_path):
    cfg = changed(text, old, new, tmp_path)
    if "MlpMixer" in new:
        cfg.backbone.arch = {"embed_dims": 8, "num_layers": 1, "tokens_mlp_dims": 8, "channels_mlp_dims": 8}
        says = "MlpMixer takes images of (32, 32), got (64, 32)"
    if "MultiLabel" in new:
        cfg.head.in_channels, says = 64, "gets 32. Set in_channels=32 in model.head."
    model = MODELS.build(cfg).eval()
    odd = "BEiT" in new or "MlpMixer" in new
    with pytest.raises(MMPretrainError) as caught:
        model(torch.rand(1, 3, 64 if odd else 32, 32), mode="predict")
    assert says in str(caught.value)


def test_small_maps_of_swin():
    arch = {"embed_dims": 4, "depths": [1, 1], "num_heads": [1, 1]}
    model = MODELS.build({"type": "SwinTransformer", "arch": arch, "out_indices": (1,)})
    with pytest.raises(DataError, match=r"map of 4 x 4 is smaller than a window of 7\. Resize"):
        model(torch.rand(1, 3, 16, 16))


@pytest.mark.parametrize(
    ("channels", "label", "says"),
    [
        (1, 0, "takes 3 channels, and gets 1. If it is the first one, set in_channels=1 in model.backbone"),
        (3, 7, "a label is 7, but the head has no such class. Set num_classes"),
    ],
)
def test_data_that_do_not_fit(channels, label, says):
    model = MODELS.build(Config.fromstring(RESNET, ".py").model).eval()
    batch = {"inputs": torch.rand(1, channels, 32, 32), "data_samples": [DataSample().set_gt_label(label)]}
    with pytest.raises(ConfigError) as caught:
        model._run_forward(batch, mode="loss")
    assert says in str(caught.value)


def test_images_for_layers_of_a_fixed_size():
    backbone, head = {"type": "AlexNet", "num_classes": 5}, {"type": "ClsHead"}
    model = MODELS.build({"type": "ImageClassifier", "backbone": backbone, "head": head}).eval()
    with pytest.raises(ConfigError, match=r"takes 9216 features, and gets 1024\. Compare in_channels"):
        model.val_step({"inputs": torch.zeros(1, 3, 100, 100), "data_samples": [DataSample()]})
