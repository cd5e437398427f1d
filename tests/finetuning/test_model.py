"""Models of all kinds get the head that the data need."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mmpretrain.config.zoo import zoo_configs
from mmpretrain.errors import ConfigError
from mmpretrain.finetuning.model import Seen, classifies_in_backbone, fit_model, look_at
from mmpretrain.finetuning.start import Start, find_start
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from tests.finetuning.small import write_config

#: One of each kind of head, small enough to be built here -> the kind of network.
ZOO = {
    "mobilenet-v2_8xb32_in1k": "cnn",
    "poolformer-s12_32xb128_in1k": "cnn",
    "deit-tiny_4xb256_in1k": "transformer",
    "levit-128s_8xb256_in1k": "transformer",
    "efficientformer-l1_8xb128_in1k": "transformer",
    "mobilevit-xxsmall_8xb128_in1k": "transformer",
    "tinyvit-5m_8xb256_in1k": "transformer",
}


def trained(model: dict, size: int, multi: bool = False) -> torch.nn.Module:
    """Build a model, and let it compute a loss and a prediction."""
    built = MODELS.build(model)
    sample = DataSample().set_gt_label([0, 2] if multi else 2)
    inputs = torch.rand(2, 3, size, size)
    loss = built(inputs, [sample, sample], mode="loss")["loss"]
    assert loss.isfinite()
    loss.backward()
    built.eval()
    assert built(inputs, mode="predict")[0].pred_score.shape == (3,)
    return built


@pytest.mark.parametrize("name", ZOO)
def test_models_of_the_zoo(name: str) -> None:
    start = find_start(str(zoo_configs()[name]))
    seen = look_at(start, 224)
    assert seen.works
    assert seen.family == ZOO[name]
    trained(fit_model(start, seen, 3, "single"), 224)


@pytest.mark.parametrize("name", ["mobilenet-v2_8xb32_in1k", "deit-tiny_4xb256_in1k"])
def test_several_labels(name: str) -> None:
    start = find_start(str(zoo_configs()[name]))
    model = fit_model(start, look_at(start, 224), 3, "multi", weights=[1, 2, 3])
    assert model["head"]["type"] == "MultiLabelLinearClsHead"
    trained(model, 224, multi=True)


def test_a_backbone_alone_gets_a_head() -> None:
    start = Start("x", {"type": "ImageClassifier", "backbone": {"type": "ResNet_CIFAR", "depth": 18}})
    seen = look_at(start, 32)
    assert seen.maps
    assert seen.channels == 512
    model = fit_model(start, seen, 3, "single")
    assert model["neck"] == {"type": "GlobalAveragePooling"}
    trained(model, 32)


def test_freezing(tmp_path: Path) -> None:
    start = find_start(write_config(tmp_path))
    seen = look_at(start, 32)
    whole = trained(fit_model(start, seen, 3, "single", freeze="backbone"), 32)
    assert {name.split(".")[0] for name, p in whole.named_parameters() if p.requires_grad} == {"head"}
    part = trained(fit_model(start, seen, 3, "single", freeze=2), 32)
    names = {".".join(name.split(".")[:2]) for name, p in part.named_parameters() if p.requires_grad}
    assert names == {"backbone.layer3", "backbone.layer4", "head.fc"}


def test_backbones_that_classify() -> None:
    model = find_start(str(zoo_configs()["lenet5_digits"])).model
    assert classifies_in_backbone(model, "single")
    assert not classifies_in_backbone(model, "multi"), "it gets a head"
    assert not classifies_in_backbone(find_start(str(zoo_configs()["deit-tiny_4xb256_in1k"])).model, "single")


def test_class_weights_reach_the_loss(tmp_path: Path) -> None:
    start = find_start(write_config(tmp_path))
    model = fit_model(start, look_at(start, 32), 3, "single", weights=[1, 2, 3])
    assert model["head"]["loss"]["class_weight"] == [1, 2, 3]
    assert model["head"]["topk"] == (1,)
    assert start.model["head"]["num_classes"] == 7, "the start is not changed"


def test_weights_of_elsewhere_are_forgotten(tmp_path: Path) -> None:
    start = find_start(write_config(tmp_path))
    start.model["backbone"]["init_cfg"] = {"type": "Pretrained", "checkpoint": "x.pth", "prefix": "backbone."}
    assert (
        "init_cfg"
        not in fit_model(start, look_at(Start("x", dict(start.model)), 32), 3, "single")["backbone"]
    )


def test_image_size_that_does_not_fit() -> None:
    start = find_start("lenet5_digits")
    assert look_at(start, 32).works
    assert not look_at(start, 48).works


def test_classifiers_of_other_libraries() -> None:
    seen = Seen("cnn", False, None, False, True)
    start = Start("x", {"type": "TimmClassifier", "model_name": "resnet18", "pretrained": True})
    model = fit_model(start, seen, 5, "single", freeze="backbone")
    assert model["num_classes"] == 5
    assert model["freeze"]
    start = Start("x", {"type": "HuggingFaceClassifier", "model_name": "org/name", "pretrained": True})
    assert fit_model(start, seen, 5, "single")["num_labels"] == 5
    with pytest.raises(ConfigError, match="several labels"):
        fit_model(start, seen, 5, "multi")
    with pytest.raises(ConfigError, match="no numbers"):
        fit_model(start, seen, 5, "single", freeze=2)
