"""Models of timm and Transformers, seen through stand-ins with the interface that the wrappers use."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import Tensor, nn

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.errors import ArgumentError, OptionalDependencyError
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


class Net(nn.Module):
    """A network with the methods of a timm model and of a Transformers model."""

    def __init__(self, in_chans: int = 3, num_classes: int = 4, features_only: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_chans, 8, 3, 2, 1)
        self.fc = nn.Linear(8, num_classes)
        self.features_only = features_only
        self.checkpointing = False

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stem(x)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features = self.forward_features(x)
        return [features, features[..., ::2, ::2]] if self.features_only else self.fc(features.mean((2, 3)))

    def reset_classifier(self, num_classes: int, global_pool: str) -> None:
        assert num_classes == 0
        assert global_pool == ""
        self.fc = nn.Identity()

    def set_grad_checkpointing(self) -> None:
        self.checkpointing = True

    gradient_checkpointing_enable = set_grad_checkpointing


class HubNet(Net):
    def forward(self, x: Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=super().forward(x))


@pytest.fixture
def timm(monkeypatch):
    calls = []

    def create_model(model_name, pretrained=False, checkpoint_path="", norm_layer=None, **kwargs):
        if model_name != "net":
            raise RuntimeError(f"Unknown model ({model_name})")
        calls.append({"model_name": model_name, "norm_layer": norm_layer})
        return Net(**kwargs)

    module = ModuleType("timm")
    module.create_model = create_model
    module.list_models = lambda: ["net", "resnet18"]
    module.calls = calls
    monkeypatch.setitem(sys.modules, "timm", module)
    return module


@pytest.fixture
def transformers(monkeypatch):
    module = ModuleType("transformers")
    module.AutoConfig = SimpleNamespace(from_pretrained=lambda name, **kwargs: kwargs)
    module.AutoModelForImageClassification = SimpleNamespace(
        from_config=lambda config: HubNet(**config),
        from_pretrained=lambda name, **kwargs: HubNet(**kwargs),
    )
    monkeypatch.setitem(sys.modules, "transformers", module)


def samples(*labels: int) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'mmpretrain\[timm\]'"):
        MODELS.build({"type": "TIMMBackbone", "model_name": "resnet18"})


def test_a_broken_package_is_named(monkeypatch, tmp_path):
    """As timm is, beside a torchvision that was built for another PyTorch."""
    (tmp_path / "timm.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    with pytest.raises(OptionalDependencyError, match=r"does not import here \(operator torchvision::nms"):
        MODELS.build({"type": "TimmClassifier", "model_name": "resnet18"})


def test_timm_backbone(timm):
    model = MODELS.build(
        {"type": "TIMMBackbone", "model_name": "net", "in_channels": 1, "norm_layer": "LN2d"}
    )
    assert timm.calls == [{"model_name": "net", "norm_layer": MODELS.get("LN2d")}]
    assert [out.shape for out in model(torch.rand(2, 1, 8, 8))] == [(2, 8)]
    pyramid = MODELS.build({"type": "TIMMBackbone", "model_name": "net", "features_only": True})
    assert [out.shape for out in pyramid(torch.rand(2, 3, 8, 8))] == [(2, 8, 4, 4), (2, 8, 2, 2)]


@pytest.mark.parametrize("kind", ["TIMMBackbone", "TimmClassifier"])
def test_unknown_timm_model(timm, kind):
    with pytest.raises(ArgumentError, match=r"no model 'resnet81'. Did you mean 'resnet18'\?"):
        MODELS.build({"type": kind, "model_name": "resnet81"})


def test_timm_weights_are_not_initialised_again(timm):
    model = MODELS.build(
        {
            "type": "TIMMBackbone",
            "model_name": "net",
            "pretrained": True,
            "init_cfg": {"type": "Constant", "layer": "Conv2d", "val": 7},
        }
    )
    model.init_weights()
    assert not (model.timm_model.stem.weight == 7).any()
    with pytest.raises(ArgumentError, match="checkpoint_path for a file"):
        MODELS.build({"type": "TIMMBackbone", "model_name": "net", "pretrained": "net.pth"})


@pytest.mark.parametrize(
    "config",
    [
        {"type": "TimmClassifier", "model_name": "net", "num_classes": 4, "with_cp": True},
        {"type": "HuggingFaceClassifier", "model_name": "org/net", "num_classes": 4, "with_cp": True},
        {"type": "HuggingFaceClassifier", "model_name": "org/net", "pretrained": True, "with_cp": True},
    ],
)
def test_classifiers(timm, transformers, config):
    model = MODELS.build(config)
    assert model.model.checkpointing
    images = torch.rand(3, 3, 8, 8)
    scores = model(images)
    assert scores.shape == (3, 4)
    loss = model(images, samples(0, 3, 1), mode="loss")["loss"]
    torch.testing.assert_close(loss, nn.functional.cross_entropy(scores, torch.tensor([0, 3, 1])))
    predictions = model(images, samples(0, 3, 1), mode="predict")
    assert [p.pred_label.item() for p in predictions] == scores.argmax(1).tolist()
    torch.testing.assert_close(predictions[0].pred_score, scores[0].softmax(0))


def test_checkpoints_have_the_keys_of_the_other_library(timm):
    model = MODELS.build({"type": "TimmClassifier", "model_name": "net", "num_classes": 4})
    plain = Net()
    assert model.state_dict().keys() == plain.state_dict().keys()
    model.load_state_dict(plain.state_dict())
    torch.testing.assert_close(model.model.fc.weight, plain.fc.weight)
    outer = nn.ModuleDict({"student": model})
    assert "student.fc.weight" in outer.state_dict()
    outer.load_state_dict(outer.state_dict())


def test_fine_tuning_says_which_layer_is_new(timm):
    report = load_into(
        MODELS.build({"type": "TimmClassifier", "model_name": "net", "num_classes": 2}), Net().state_dict()
    )
    assert report.summary() == (
        "Loaded 2/4 tensors (model 50 %). model.fc re-initialised 4 -> 2 (expected when fine-tuning)."
    )


def test_timm_features(timm):
    model = MODELS.build({"type": "TimmClassifier", "model_name": "net"})
    assert model.extract_feat(torch.rand(1, 3, 8, 8)).shape == (1, 8, 4, 4)
