"""Tests of :mod:`mmpretrain.models.classifiers.image`."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmpretrain.config import Config
from mmpretrain.errors import ArgumentError, CheckpointError, ConfigError
from mmpretrain.models import ClsDataPreprocessor, ImageClassifier
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

BACKBONE = dict(type="ResNet", depth=18, stem_channels=8, base_channels=4, out_indices=(2, 3))

HEAD = dict(type="LinearClsHead", num_classes=5, in_channels=32)


def classifier(**kwargs):
    cfg = dict(type="ImageClassifier", backbone=BACKBONE, neck=dict(type="GlobalAveragePooling"), head=HEAD)
    return MODELS.build({**cfg, **kwargs})


@pytest.fixture
def inputs():
    return torch.rand(2, 3, 32, 32)


def test_modes(inputs):
    model = classifier().eval()
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    scores = model(inputs)
    assert scores.shape == (2, 5)
    losses = model(inputs, samples, mode="loss")
    torch.testing.assert_close(losses["loss"], nn.functional.cross_entropy(scores, torch.tensor([0, 1])))
    predicted = model(inputs, samples, mode="predict")
    assert predicted[0] is samples[0]
    assert [p.pred_label.item() for p in predicted] == scores.argmax(1).tolist()
    with pytest.raises(ArgumentError, match="'predict'"):
        model(inputs, mode="train")


def test_mixed_labels_are_as_long_as_the_scores_of_the_head():
    model = classifier(train_cfg=dict(augments=dict(type="Mixup", alpha=1.0)))
    data = dict(inputs=torch.rand(2, 3, 32, 32), data_samples=[DataSample().set_gt_label(i) for i in (0, 1)])
    samples = model.data_preprocessor(data, training=True)["data_samples"]
    assert [sample.gt_score.shape for sample in samples] == [(5,), (5,)]


def test_features_of_each_stage(inputs):
    model = classifier().eval()
    assert [tuple(f.shape) for f in model.extract_feat(inputs, stage="backbone")] == [
        (2, 16, 2, 2),
        (2, 32, 1, 1),
    ]
    assert [tuple(f.shape) for f in model.extract_feat(inputs)] == [(2, 16), (2, 32)]
    assert model.extract_feat(inputs, stage="pre_logits").shape == (2, 32)
    assert len(model.extract_feats([inputs, inputs], stage="backbone")) == 2
    with pytest.raises(ArgumentError, match="'pre_logits'"):
        model.extract_feat(inputs, stage="head")
    with pytest.raises(TypeError, match="extract_feat"):
        model.extract_feats(inputs)


def test_without_head_and_neck(inputs):
    model = classifier(head=None, neck=None).eval()
    assert not model.with_head
    assert not model.with_neck
    assert model(inputs)[-1].shape == (2, 32, 1, 1)
    for call in (
        lambda: model(inputs, [], mode="loss"),
        lambda: model.extract_feat(inputs, stage="pre_logits"),
    ):
        with pytest.raises(ConfigError, match="no head"):
            call()


def test_data_preprocessor_and_batch_augments():
    given = dict(mean=[1, 2, 3], std=[1, 1, 1])
    model = classifier(data_preprocessor=given, train_cfg=dict(augments=dict(type="Mixup", alpha=0.8)))
    assert given == dict(mean=[1, 2, 3], std=[1, 1, 1])
    assert isinstance(model.data_preprocessor, ClsDataPreprocessor)
    assert model.data_preprocessor.batch_augments is not None
    module = MODELS.build(dict(type="BaseDataPreprocessor"))
    assert classifier(data_preprocessor=module).data_preprocessor is module
    with pytest.raises(TypeError, match="data_preprocessor"):
        classifier(data_preprocessor="resnet")


def test_pretrained_is_loaded_by_init_weights(tmp_path, inputs):
    source, path = classifier(), tmp_path / "model.pth"
    source.init_weights()
    torch.save({"state_dict": source.state_dict()}, path)
    model = classifier(pretrained=str(path))
    model.init_weights()
    torch.testing.assert_close(model.eval()(inputs), source.eval()(inputs))
    partial = classifier(
        backbone=dict(BACKBONE, init_cfg=dict(type="Pretrained", checkpoint=str(path), prefix="backbone"))
    )
    partial.init_weights()
    torch.testing.assert_close(
        partial.backbone.layer4[0].conv1.weight, source.backbone.layer4[0].conv1.weight
    )
    assert partial.backbone.layer1[0].bn2.weight.tolist() == source.backbone.layer1[0].bn2.weight.tolist()
    lost = dict(type="Pretrained", checkpoint=str(path), prefix="neck")
    with pytest.raises(CheckpointError, match=r"begin with 'backbone\.'.*prefix='backbone\.'"):
        classifier(backbone=dict(BACKBONE, init_cfg=lost)).init_weights()
    found = dict(type="Pretrained", checkpoint=str(path))
    whole = classifier(backbone=dict(BACKBONE, init_cfg=found))
    whole.init_weights()
    torch.testing.assert_close(whole.backbone.layer4[0].conv1.weight, source.backbone.layer4[0].conv1.weight)


def test_zero_init_residual():
    for zero in (True, False):
        backbone = MODELS.build(dict(BACKBONE, zero_init_residual=zero))
        backbone.init_weights()
        assert backbone.layer1[0].bn2.weight.any() != zero


def test_layer_depth_and_foreign_backbones():
    model = classifier()
    assert model.get_layer_depth("backbone.conv1.weight")[0] == 0
    depth, count = model.get_layer_depth("head.fc.weight")
    assert depth == count - 1
    foreign = ImageClassifier(backbone=nn.Conv2d(3, 4, 1))
    with pytest.raises(NotImplementedError, match="Conv2d"):
        foreign.get_layer_depth("backbone.weight")


@pytest.mark.parametrize("part", ["backbone", "neck", "head"])
def test_parts_are_modules(part):
    with pytest.raises(ArgumentError, match=rf"{part} must be a module or its config, got <class 'int'>"):
        classifier(**{part: int})


def test_a_type_that_builds_nothing():
    with pytest.raises(ConfigError, match="built nothing: it returned None"):
        classifier(head=dict(type=lambda: None))


@pytest.mark.parametrize("head", [[], [dict(type="LinearClsHead")]])
def test_a_list_of_heads_is_named_with_its_line(tmp_path, head):
    path = tmp_path / "cfg.py"
    lines = [
        "model = dict(",
        "    type='ImageClassifier',",
        "    backbone=dict(type='LeNet5'),",
        f"    head={head},",
        ")",
    ]
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=rf"cfg\.py:4 \(model\.head\).*got a list of {len(head)}"):
        MODELS.build(Config.fromfile(path).model)
