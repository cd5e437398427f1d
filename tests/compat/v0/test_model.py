"""Tests of :mod:`mmpretrain.compat.v0.model`."""

from __future__ import annotations

from tests.compat.v0.cases import load

SCHEDULE = """
optimizer = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[30, 60, 90])
runner = dict(type='EpochBasedRunner', max_epochs=100)
"""


def test_models():
    cfg = load(
        SCHEDULE
        + """
model = dict(
    type='ImageClassifier', pretrained='weights.pth',
    backbone=dict(type='VisionTransformer', output_cls_token=False),
    train_cfg=dict(augments=[
        dict(type='BatchMixup', alpha=0.2, num_classes=7, prob=.5),
        dict(type='BatchCutMix', alpha=1.0, num_classes=7, prob=.3),
        dict(type='Identity', num_classes=7, prob=.2)]))
"""
    )
    assert cfg.model.init_cfg == dict(type="Pretrained", checkpoint="weights.pth")
    assert "pretrained" not in cfg.model
    assert cfg.model.backbone.out_type == "featmap"
    assert cfg.model.train_cfg == dict(
        augments=[dict(type="Mixup", alpha=0.2), dict(type="CutMix", alpha=1.0)], probs=[0.5, 0.3]
    )
    assert cfg.data_preprocessor.num_classes == 7
    one = load(
        "model = dict(train_cfg=dict(augments=dict(type='BatchMixup', alpha=1., num_classes=5, prob=1.)))\n"
    )
    assert one.model.train_cfg == dict(augments=[dict(type="Mixup", alpha=1.0)], probs=[1.0])
    other = load(
        SCHEDULE + "model = dict(pretrained='torchvision://resnet50', backbone=dict(type='ResNet'))\n"
    )
    assert other.model.backbone.init_cfg.checkpoint == "torchvision://resnet50"
