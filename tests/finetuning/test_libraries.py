"""Models of timm and Transformers: with stand-ins, and really where they are installed."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from torch import nn

from mmpretrain.config import Config
from mmpretrain.errors import ArgumentError, MissingFileError
from mmpretrain.finetuning.libraries import IMAGENET, images_of, is_transformers_folder
from mmpretrain.finetuning.model import look_at
from mmpretrain.finetuning.start import Start, find_start
from mmpretrain.registry import MODELS
from tests.cli.commands import call
from tests.finetuning.small import write_folder


class Attention(nn.Module):
    """A network for one size that is a transformer by the name of a part."""

    def __init__(self, num_classes: int = 7) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 16)
        self.head = nn.Linear(4, num_classes)

    def forward(self, x):
        if x.shape[-1] != 32:
            raise ValueError("made for 32 pixels")
        return self.head(self.stem(x).mean((2, 3)))


@pytest.fixture
def timm(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A timm with one model, whose weights can be had once ``offline`` is gone; and the calls for it."""
    calls: list[dict[str, Any]] = []
    module: Any = ModuleType("timm")

    def create_model(name: str, pretrained: bool = False, **kwargs: Any) -> nn.Module:
        calls.append({"name": name, "pretrained": pretrained, **kwargs})
        if pretrained and module.offline:
            raise OSError("We couldn't connect\nto the hub")
        return nn.Sequential(Attention(kwargs.get("num_classes", 7)))

    def get_pretrained_cfg(name: str) -> Any:
        if "." in name:
            raise RuntimeError(f"Invalid pretrained tag ({name})")
        return SimpleNamespace(mean=(0.5, 0.4, 0.3), std=(0.2, 0.2, 0.25), input_size=(3, 32, 32))

    module.offline = True
    module.create_model, module.get_pretrained_cfg = create_model, get_pretrained_cfg
    monkeypatch.setitem(sys.modules, "timm", module)
    return calls


def test_what_timm_says(timm: list) -> None:
    images = images_of({"type": "TimmClassifier", "model_name": "net"})
    assert images.preprocessor == {"mean": [127.5, 102.0, 76.5], "std": [51.0, 51.0, 63.75], "to_rgb": True}
    assert images.size == 32
    with pytest.raises(ArgumentError, match=r"no model 'net\.x'"):
        images_of({"type": "TimmClassifier", "model_name": "net.x"})


def test_weights_that_cannot_be_fetched(timm: list) -> None:
    with pytest.raises(MissingFileError, match=r"couldn't connect to the hub[\s\S]*pretrained=False"):
        find_start("timm/net")
    sys.modules["timm"].offline = False  # type: ignore[attr-defined]
    start = find_start("timm/net")
    assert start.model == {"type": "TimmClassifier", "model_name": "net", "pretrained": True}
    assert (start.image_size, start.pretrained) == (32, True)
    assert start.preprocessor["mean"] == [127.5, 102.0, 76.5]


def test_looking_at_it_needs_no_weights(timm: list) -> None:
    start = Start("net", {"type": "TimmClassifier", "model_name": "net", "pretrained": True})
    seen = look_at(start, 32)
    assert (seen.family, seen.works) == ("transformer", True)
    assert not look_at(start, 64).works
    assert not any(call["pretrained"] for call in timm)


def test_config_and_checkpoint(timm: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "data", {"a": 8, "b": 8})
    Path("net.py").write_text("model = dict(type='TimmClassifier', model_name='net')")
    words = ("--data", "data", "--epochs", 1, "--batch", 4, "--workers", 0)
    done = call(capsys, "finetune", "net.py", *words, "--out", "one")
    assert done.code == 0, done.err
    assert "starts from scratch" in done.out
    cfg = Config.fromfile("one/plan/finetune.py")
    assert (cfg.model.num_classes, cfg.data_preprocessor.std) == (2, [51.0, 51.0, 63.75])
    assert call(capsys, "predict", "data/a", "--model", "one").code == 0
    assert call(capsys, "test", "one", "--data", "data").code == 0
    start = find_start("one")
    assert Path(str(start.weights)).name.startswith("best_")
    assert (start.model["pretrained"], start.pretrained) == (False, True)
    assert start.preprocessor["mean"] == [127.5, 102.0, 76.5]


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ``preprocessor_config.json`` says to a stand-in for Transformers."""
    found: dict[str, Any] = {}

    class ImageProcessingMixin:
        @staticmethod
        def get_image_processor_dict(name: str) -> tuple[dict[str, Any], dict]:
            if not found:
                raise OSError("no such file")
            return found, {}

    module: Any = ModuleType("transformers")
    module.ImageProcessingMixin = ImageProcessingMixin
    monkeypatch.setitem(sys.modules, "transformers", module)
    return found


@pytest.mark.parametrize(
    ("says", "mean", "size"),
    [
        ({}, IMAGENET["mean"], 224),
        ({"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": {"height": 384}}, [127.5] * 3, 384),
        ({"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "size": 256, "crop_size": 192}, [127.5] * 3, 192),
        ({"do_normalize": False, "size": {"shortest_edge": 64}}, [0.0] * 3, 64),
        ({"image_mean": "odd", "image_std": [0.5], "size": {"longest": 5}}, IMAGENET["mean"], 224),
    ],
)
def test_what_transformers_says(processor: dict, says: dict, mean: list[float], size: int) -> None:
    processor.update(says)
    images = images_of({"type": "HuggingFaceClassifier", "model_name": "org/name"})
    assert (images.preprocessor["mean"], images.size) == (mean, size)


def test_folder_of_transformers(tmp_path: Path) -> None:
    assert not is_transformers_folder(tmp_path)
    (tmp_path / "config.json").write_text("{}")
    assert not is_transformers_folder(tmp_path)
    (tmp_path / "model.safetensors").touch()
    assert is_transformers_folder(tmp_path)


def installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@pytest.mark.skipif(not installed("timm"), reason="timm is not installed")
def test_timm_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text("model = dict(type='TimmClassifier', model_name='test_resnet')")
    finetuned(tmp_path, "net.py", capsys)
    start = find_start("net.py")
    assert start.preprocessor["mean"] == [127.5, 127.5, 127.5]


@pytest.mark.skipif(not installed("transformers"), reason="Transformers is not installed")
def test_transformers_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from transformers import ViTConfig, ViTForImageClassification  # type: ignore[import-not-found]

    monkeypatch.chdir(tmp_path)
    tiny = ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32,
        patch_size=8, num_labels=5,
    )  # fmt: skip
    ViTForImageClassification(tiny).save_pretrained("vit")
    says = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.25] * 3, "size": {"height": 32, "width": 32}}
    Path("vit/preprocessor_config.json").write_text(json.dumps(says))
    finetuned(tmp_path, "vit", capsys, "--trust")
    cfg = Config.fromfile("one/plan/finetune.py")
    assert cfg.data_preprocessor.mean == [102.0, 127.5, 153.0]
    assert cfg.optim_wrapper.optimizer.lr < 3e-4
    assert MODELS.build(dict(cfg.model)).model.config.num_labels == 2


def finetuned(folder: Path, model: str, capsys, *trust: str) -> None:
    """Train, test, resume and predict."""
    write_folder(folder / "data", {"a": 8, "b": 8})
    done = call(capsys, "finetune", model, "--data", "data", "--epochs", 1, "--workers", 0, "--out", "one")
    assert done.code == 0, done.err
    plan = Path("one/plan/finetune.py")
    plan.write_text(plan.read_text().replace("max_epochs=1", "max_epochs=2"))
    done = call(capsys, "finetune", "--resume", "--out", "one")
    assert "trained  2 epochs" in done.out, done.err
    assert call(capsys, "predict", "data/a", "--model", "one", *trust).code == 0
    assert call(capsys, "test", "one", "--data", "data").code == 0
