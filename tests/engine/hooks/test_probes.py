"""Judging features while a backbone is pre-trained."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from torch import nn

from mmpretrain.apis.pretraining import pretraining_config
from mmpretrain.config import Config
from mmpretrain.datasets import CustomDataset
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.engine.hooks import KNNHook, OnlineProbeHook
from mmpretrain.engine.runner import Runner
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.engine.runner.state import MessageHub
from mmpretrain.errors import ConfigError, DataError
from mmpretrain.evaluation.features import collect_features
from mmpretrain.models.selfsup import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import PackedSamples
from mmpretrain.utils.dist import get_rank, get_world_size
from tests.engine.ranks import run_ranks
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


def in_two_processes(function, folder):
    def work():
        dist.init_process_group("gloo")
        try:
            return function()
        finally:
            dist.destroy_process_group()

    return run_ranks(work, folder)


class Backbone(nn.Linear):
    num_extra_tokens = 0


def probe(batches):
    """Train a probe on features (B, C), labels (B,); a process takes each second image."""
    hook, backbone = OnlineProbeHook(3, lr=0.5), Backbone(4, 4)
    runner = SimpleNamespace(model=SimpleNamespace(backbone=backbone), message_hub=MessageHub())
    own = slice(get_rank(), None, get_world_size())
    for features, labels in batches:
        hook._output = features[own]
        samples = [DataSample().set_gt_label(label) if label >= 0 else DataSample() for label in labels[own]]
        hook.after_train_iter(runner, 0, {"data_samples": samples})
    return hook.classifier.weight.detach(), hook.accuracy


def test_a_probe_in_two_processes(tmp_path):
    """It is the probe of one process, also where one of them has no label in its batch, or none has."""
    torch.manual_seed(0)
    labels = [[0, 1, 2, 0, 1, 2], [0, -1, 2, -1, 1, -1], [-1] * 6, [1, 1, -1, 0, 2, 2]]
    batches = [(torch.randn(6, 4), row) for row in labels]
    weight, accuracy = probe(batches)
    for other, hits in in_two_processes(lambda: probe(batches), tmp_path):
        torch.testing.assert_close(other, weight)
        assert hits == pytest.approx(accuracy)


def test_neighbours_in_two_processes(images, tmp_path):
    """Seven images do not divide among two processes: none counts twice."""
    (images / "a" / "0.png").unlink()

    def judge():
        torch.manual_seed(0)
        hook = KNNHook(loader(images), loader(images), ks=[3])
        model = BaseSelfSupervisor(dict(type="ResNet", depth=18, stem_channels=8, base_channels=8))
        hub = MessageHub()
        runner = SimpleNamespace(
            model=model, message_hub=hub, epoch=0, build_dataloader=lambda cfg: build_dataloader(cfg, seed=0)
        )
        hook.before_train(runner)
        hook.judge(runner)
        return float(hub.get_scalar("knn/k3/top1").current()), len(collect_features(model, hook.bank).labels)

    expected = judge()
    assert expected[1] == 7
    assert in_two_processes(judge, tmp_path / "ranks") == [expected, expected]


def test_images_without_labels(images, tmp_path, caplog):
    run(images, tmp_path, {"type": "OnlineProbeHook", "num_classes": 2}, with_label=False)
    assert caplog.text.count("found no labels") == 1


def test_more_classes_than_told(images, tmp_path):
    (images / "c").mkdir()
    for name in "135":
        (images / "b" / f"{name}.png").rename(images / "c" / f"{name}.png")
    with pytest.raises(DataError, match="num_classes"):
        run(images, tmp_path, {"type": "OnlineProbeHook", "num_classes": 2})


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([[0], [1], [0, 1]], "custom_hooks.bank.dataset: the images have several labels, such as .0, 1."),
        ([None, [], None], "custom_hooks.bank.dataset: the images have no labels"),
        ([2, 2, None], "custom_hooks.bank.dataset: the images have one class"),
    ],
)
def test_labels_that_judge_nothing_are_told_before_training(images, tmp_path, labels, message):
    class Labels(CustomDataset):
        def get_data_info(self, idx):
            return {**super().get_data_info(idx), "gt_label": labels[idx % 3]}

    bank = loader(images)
    bank["dataset"] = Labels(**{k: v for k, v in bank["dataset"].items() if k != "type"})
    with pytest.raises(DataError, match=message):
        run(images, tmp_path, {"type": "KNNHook", "bank": bank, "queries": loader(images)})
    assert not list((tmp_path / "run").glob("epoch_*.pth"))


def test_several_labels_of_the_training_data(images, tmp_path):
    class Several(CustomDataset):
        def get_data_info(self, idx):
            return {**super().get_data_info(idx), "gt_label": [0, 1]}

    cfg = loader(images)["dataset"]
    data = Several(**{k: v for k, v in cfg.items() if k != "type"})
    probe = OnlineProbeHook(num_classes=2)
    with pytest.raises(DataError, match=r"train_dataloader.dataset: .*one label an image, got 2: \[0, 1\]"):
        probe._labels({"data_samples": [data[0]["data_samples"]]})


def test_labels_of_packed_samples():
    samples = LazyList(PackedSamples.of([DataSample().set_gt_label(label) for label in (2, 0)]))
    assert OnlineProbeHook(num_classes=3)._labels({"data_samples": samples}).tolist() == [2, 0]
    assert PackedSamples.behind(samples) is not None, "no sample was made"


def test_settings():
    for wrong in ({"num_classes": 1}, {"num_classes": 2, "momentum": 1}):
        with pytest.raises(ConfigError):
            OnlineProbeHook(**wrong)
    for wrong in ({"interval": 0}, {"ks": ()}, {"ks": (0,)}):
        with pytest.raises(ConfigError):
            KNNHook({}, {}, **wrong)
