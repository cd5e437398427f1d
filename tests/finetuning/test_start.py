"""Whatever names a model is found, with its weights."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.config import Config
from mmpretrain.errors import CheckpointError, ConfigError, MissingFileError, OptionalDependencyError
from mmpretrain.finetuning import start as module
from mmpretrain.finetuning.libraries import Images
from mmpretrain.finetuning.start import find_start, is_foreign
from mmpretrain.registry import MODELS
from tests.finetuning.small import CONFIG, write_config
from tests.models.selfsup.facts import build, recorded

MIXMIM = {"embed_dims": 8, "depths": [1, 1, 2, 1], "num_heads": [1, 1, 2, 2]}


def checkpoint(folder: Path, config: str = CONFIG, name: str = "epoch_1.pth") -> Path:
    path = folder / name
    torch.save({"state_dict": {"a": torch.zeros(1)}, "meta": {"cfg": config}}, path)
    return path


def test_config(tmp_path: Path) -> None:
    start = find_start(write_config(tmp_path))
    assert start.weights is None
    assert not start.pretrained
    assert "scratch" in start.why
    assert "train_cfg" not in start.model
    assert start.preprocessor == {"mean": [120, 120, 120], "std": [60, 60, 60], "to_rgb": True}
    assert start.image_size == 32
    assert find_start("lenet5_digits").model["backbone"]["type"] == "LeNet5"


def test_checkpoint_and_folder_of_a_run(tmp_path: Path) -> None:
    path = checkpoint(tmp_path)
    for source in (path, tmp_path):
        start = find_start(str(source))
        assert start.weights == str(path)
        assert start.pretrained
        assert start.model["head"]["num_classes"] == 7


def test_folder_of_a_pre_training(tmp_path: Path) -> None:
    checkpoint(tmp_path)
    own = checkpoint(
        tmp_path, "model = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))", "backbone.pth"
    )
    assert find_start(str(tmp_path)).weights == str(own)


def test_checkpoint_without_a_config(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "x.pth")
    with pytest.raises(CheckpointError, match="does not say how its model is built"):
        find_start(str(tmp_path / "x.pth"))


@pytest.mark.parametrize(
    ("kind", "settings", "head"),
    [
        (
            "VisionTransformer",
            {"arch": "deit-tiny", "num_registers": 2},
            ("VisionTransformerClsHead", 192),
        ),
        ("ResNet", {"depth": 18}, ("LinearClsHead", 512)),
        ("ConvNeXt", {"arch": "atto"}, ("LinearClsHead", 320)),
        ("SwinTransformer", {"arch": "tiny", "img_size": 64}, ("LinearClsHead", 768)),
        ("HiViT", {"arch": "tiny"}, ("LinearClsHead", 384)),
        ("MixMIMTransformer", {"arch": MIXMIM}, ("LinearClsHead", 64)),
    ],
)
def test_weights_alone_say_what_their_backbone_is(kind, settings, head, tmp_path: Path) -> None:
    path, wanted = tmp_path / "weights.pth", MODELS.build({"type": kind, **settings})
    torch.save({f"backbone.{key}": value for key, value in wanted.state_dict().items()}, path)
    start = find_start(str(path))
    assert (start.weights, start.pretrained) == (str(path), True)
    assert start.model["backbone"]["type"] == kind
    assert start.model["head"]["in_channels"] == head[1]
    assert start.model["head"]["type"] == head[0]
    assert start.preprocessor == module.IMAGENET
    model = MODELS.build({**start.model, "head": {**start.model["head"], "num_classes": 3}})
    assert not load_into(model.backbone, wanted.state_dict()).missing
    assert model(torch.rand(1, 3, 224, 224), mode="tensor").shape == (1, 3)


def test_config_of_a_stranger_runs_nothing(tmp_path: Path) -> None:
    text = "import os\nos.system('touch ran')\nmodel = dict(type='os.system', command='touch ran')"
    with pytest.raises((ConfigError, CheckpointError)):
        find_start(str(checkpoint(tmp_path, text)))
    assert not Path("ran").exists()


@pytest.mark.parametrize("name", recorded("algorithms"))
def test_checkpoints_of_methods_without_labels(name, tmp_path: Path) -> None:
    """The backbone of any method is fine-tuned, with all its weights."""
    cfg = recorded("algorithms")[name]["case"]["model"]
    trained = build(cfg)
    trained.init_weights()
    path = tmp_path / "epoch_3.pth"
    scaling = {"type": "SelfSupDataPreprocessor", "mean": [1], "std": [2], "bgr_to_rgb": True}
    text = Config({"model": cfg, "data_preprocessor": scaling}).pretty_text
    torch.save({"state_dict": trained.state_dict(), "meta": {"cfg": text}}, path)
    start = find_start(str(path))
    assert (start.weights, start.pretrained) == (str(path), True)
    assert start.preprocessor == {"mean": [1], "std": [2], "to_rgb": True}
    model = MODELS.build(start.model)
    report = load_into(model, trained.state_dict())
    assert not report.mismatched
    assert all(key.startswith(("backbone.ln2.", "backbone.norm3.")) for key in report.missing)
    own = trained.backbone.state_dict()
    loaded = {k: v for k, v in model.backbone.state_dict().items() if f"backbone.{k}" not in report.missing}
    assert all(torch.equal(value, own[key]) for key, value in loaded.items())


@pytest.mark.parametrize("backbone", ["", ", backbone=dict(depth=18)", ", backbone=None"])
def test_method_without_a_backbone(tmp_path: Path, backbone) -> None:
    with pytest.raises(ConfigError, match="does not say what its backbone is"):
        find_start(str(checkpoint(tmp_path, f"model = dict(type='SimSiam'{backbone})")))


def test_names_of_other_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def images_of(model: dict) -> Images:
        asked.append((model["type"], model["model_name"]))
        return Images({"mean": [1, 2, 3], "std": [4, 5, 6]}, 96)

    monkeypatch.setattr(module, "images_of", images_of)
    monkeypatch.setattr(module, "require_weights", lambda model, name: None)
    start = find_start("timm/resnet18.a1_in1k")
    assert start.model == {"type": "TimmClassifier", "model_name": "resnet18.a1_in1k", "pretrained": True}
    assert (start.preprocessor["std"], start.image_size) == ([4, 5, 6], 96)
    for name in ("hf://org/name", "org/name"):
        find_start(name)
    assert asked == [("TimmClassifier", "resnet18.a1_in1k"), *[("HuggingFaceClassifier", "org/name")] * 2]


@pytest.mark.parametrize(("name", "library"), [("timm/resnet18", "timm"), ("hf://org/name", "transformers")])
def test_a_library_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, name: str, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(OptionalDependencyError, match=library):
        find_start(name)


def test_best_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {"resnet18_8xb32_in1k", "resnet50_8xb32_in1k", "mobilenet-v2_8xb32_in1k"}
    monkeypatch.setattr(module, "is_cached", lambda name: name in here)
    monkeypatch.setattr(module.checkpoints, "find", lambda name: None)
    assert find_start(accelerated=True).name == "resnet50_8xb32_in1k"
    chosen = find_start("auto")
    assert chosen.name == "mobilenet-v2_8xb32_in1k"
    assert "most accurate" in chosen.why
    monkeypatch.setattr(module, "is_cached", lambda name: False)
    for accelerated in (True, False):
        nothing = find_start(None, accelerated)
        assert nothing.weights is None
        assert "starts from scratch" in nothing.why


@pytest.mark.parametrize("name", ["run/epoch_1.pth", "run/model.safetensors", "epoch_1.pth"])
def test_weights_that_are_not_there_are_no_name_of_a_library(name: str) -> None:
    assert not is_foreign(name)
    with pytest.raises(MissingFileError, match=f"There is no file or folder '{name}'"):
        find_start(name)


def test_nothing_of_that_name() -> None:
    with pytest.raises(ConfigError, match="resnet50_8xb32_in1k"):
        find_start("resnet50_8xb32_in1")
