"""Judging features while a backbone is pre-trained."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis.pretraining import pretraining_config
from mmpretrain.config import Config
from mmpretrain.engine.hooks import KNNHook, OnlineProbeHook
from mmpretrain.engine.runner import Runner
from mmpretrain.errors import ConfigError, DataError
from tests.models.selfsup.small import write_images


@pytest.fixture
def images(tmp_path):
    folder = write_images(tmp_path / "images")
    for i in range(8):
        (folder / "ab"[i % 2]).mkdir(exist_ok=True)
        (folder / f"{i}.png").rename(folder / "ab"[i % 2] / f"{i}.png")
    return folder


def loader(folder):
    pipeline = [{"type": "LoadImageFromFile"}, {"type": "Resize", "scale": 32}, {"type": "PackInputs"}]
    return {
        "batch_size": 3,
        "num_workers": 0,
        "dataset": {"type": "CustomDataset", "data_prefix": str(folder), "pipeline": pipeline},
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": {"type": "default_collate"},
    }


def run(images, tmp_path, *hooks, with_label=True, method="mae", **changes):
    data = {"type": "CustomDataset", "data_prefix": str(images), "with_label": with_label}
    cfg = pretraining_config(method, data, arch="vit-micro", image_size=32, batch_size=4, epochs=2, workers=0)
    cfg["custom_hooks"] = list(hooks)
    runner = Runner.from_cfg(Config({**cfg, "work_dir": str(tmp_path / "run"), **changes}))
    runner.train()
    return runner


def test_neighbours(images, tmp_path):
    hook = {"type": "KNNHook", "bank": loader(images), "queries": loader(images), "ks": [1, 3]}
    runner = run(images, tmp_path, hook, with_label=False)
    # Each image is its own nearest neighbour.
    assert runner.message_hub.get_scalar("knn/k1/top1").data[0].tolist() == [100, 100]
    assert runner.bare_model.training


@pytest.mark.parametrize("method", ["mae", "mocov3", "ijepa"])
def test_probe_learns_beside_the_backbone(images, tmp_path, method):
    alone = run(images, tmp_path, method=method)
    beside = run(images, tmp_path, {"type": "OnlineProbeHook", "num_classes": 2}, method=method)
    for key, value in alone.bare_model.state_dict().items():
        assert torch.equal(value, beside.bare_model.state_dict()[key]), key
    hook = next(hook for hook in beside.hooks if isinstance(hook, OnlineProbeHook))
    assert 0 <= hook.accuracy <= 100
    assert hook.classifier.weight.abs().sum() > 0


def test_probe_goes_on(images, tmp_path):
    probe = {"type": "OnlineProbeHook", "num_classes": 2}
    run(images, tmp_path, probe, train_cfg={"by_epoch": True, "max_epochs": 1})
    resumed = run(images, tmp_path, probe, resume=True)
    whole = run(images, tmp_path / "whole", probe)
    hooks = [next(h for h in r.hooks if isinstance(h, OnlineProbeHook)) for r in (resumed, whole)]
    torch.testing.assert_close(hooks[0].classifier.weight, hooks[1].classifier.weight)


def test_images_without_labels(images, tmp_path, caplog):
    run(images, tmp_path, {"type": "OnlineProbeHook", "num_classes": 2}, with_label=False)
    assert caplog.text.count("found no labels") == 1


def test_more_classes_than_told(images, tmp_path):
    (images / "c").mkdir()
    for name in "135":
        (images / "b" / f"{name}.png").rename(images / "c" / f"{name}.png")
    with pytest.raises(DataError, match="num_classes"):
        run(images, tmp_path, {"type": "OnlineProbeHook", "num_classes": 2})


def test_settings():
    for wrong in ({"num_classes": 1}, {"num_classes": 2, "momentum": 1}):
        with pytest.raises(ConfigError):
            OnlineProbeHook(**wrong)
    for wrong in ({"interval": 0}, {"ks": ()}, {"ks": (0,)}):
        with pytest.raises(ConfigError):
            KNNHook({}, {}, **wrong)
