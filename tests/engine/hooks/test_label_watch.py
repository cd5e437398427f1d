"""Doubtful labels of a training, without a further pass over the data."""

from __future__ import annotations

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.datasets.lazy_list import LazyList
from mmpretrain.engine.hooks import AuditHook
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.functional import label_suspicion, precision_recall_area
from mmpretrain.evaluation.record import Record
from mmpretrain.registry import RUNNERS
from mmpretrain.structures import DataSample
from mmpretrain.structures.packed_samples import PackedSamples


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A short training on digits, 11 of whose 300 labels are wrong."""
    cfg = Config.fromfile(find_config("lenet5_digits"))
    cfg.merge_from_dict(
        {
            "work_dir": str(tmp_path_factory.mktemp("run")),
            "train_cfg.max_epochs": 20,
            "train_dataloader.batch_size": 32,
            "train_dataloader.dataset.indices": 300,
            "val_cfg": None,
            "val_dataloader": None,
            "val_evaluator": None,
            "default_hooks.checkpoint": {"type": "CheckpointHook", "interval": 100, "save_last": False},
        }
    )
    runner = RUNNERS.build(cfg)
    dataset = runner.train_dataloader.dataset
    whole = [dataset.get_data_info(index) for index in range(300)]
    wrong = list(range(3, 300, 27))  # of all classes, as the digits come in order
    for number, index in enumerate(wrong):
        whole[index]["gt_label"] = (whole[index]["gt_label"] + 1 + number % 9) % 10
    dataset._records, dataset.data_list = None, whole
    runner.register_hook(AuditHook())
    calls = []
    runner.bare_model.backbone.register_forward_hook(lambda *_: calls.append(1))
    runner.train()
    return runner, [info["gt_label"] for info in whole], wrong, len(calls)


def test_no_further_pass(trained):
    runner, _, _, calls = trained
    assert calls == runner.state.iter


def test_the_record(trained):
    runner, labels, _, _ = trained
    record = Record.load(f"{runner.log_dir}/train_predictions")
    assert len(record) == 300
    order = [int(path.removeprefix("sample ")) for path in record.paths]
    assert sorted(order) == list(range(300))
    assert record.targets.tolist() == [labels[index] for index in order]
    np.testing.assert_allclose(record.scores.sum(1), 1, atol=1e-4)
    assert record.classes == tuple("0123456789")


def test_wrong_labels_come_first(trained):
    runner, _, wrong, _ = trained
    record = Record.load(f"{runner.log_dir}/train_predictions")
    suspicion = label_suspicion(record.scores, record.targets)[0]
    flipped = [int(path.removeprefix("sample ")) in wrong for path in record.paths]
    assert precision_recall_area(suspicion, torch.tensor(flipped).long()) > 95
    with open(f"{runner.log_dir}/train_predictions/label_suspects.csv", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    listed = {int(row["path"].removeprefix("sample ")) for row in rows}
    assert 4 <= len(listed & set(wrong)) >= len(listed) - 1
    assert all(row["label"] != row["suggested"] for row in rows)
    assert not runner.bare_model.head._forward_hooks


def quiet(head, make=list, **preprocessor):
    """What a hook keeps of a model with some head."""
    model = SimpleNamespace(head=head, backbone=None, data_preprocessor=SimpleNamespace(**preprocessor))
    state = SimpleNamespace(iter=5, max_iters=10)
    loader = SimpleNamespace(dataset=[0] * 4)
    runner = SimpleNamespace(model=model, state=state, train_dataloader=loader, log_dir="nowhere")
    hook = AuditHook()
    hook.before_train(runner)
    samples = make([DataSample(metainfo={"sample_idx": i}).set_gt_label(0) for i in range(4)])
    if isinstance(head, torch.nn.Module):
        head(torch.zeros(4, 3))
    hook.after_train_iter(runner, 0, {"data_samples": samples})
    hook._add_up()
    assert getattr(samples, "source", None) is not None or make is list, "samples need not be made"
    return hook._counts.sum()


class Head(torch.nn.Linear):
    num_classes: object = 2


def head(**attributes):
    layer = Head(3, 2)
    vars(layer).update(attributes)
    return layer


def test_heads_that_say_nothing_about_labels():
    assert quiet(head()) == quiet(head(), lambda samples: LazyList(PackedSamples.of(samples))) == 4
    assert quiet(None) == 0
    assert quiet(head(), batch_augments=object()) == 0
    assert quiet(head(thr=0.5)) == 0
    assert quiet(head(num_classes=10**8)) == 0
    assert quiet(head(num_classes=None)) == 0


@pytest.mark.parametrize("begin", [-0.1, 1, True, "half", float("nan")])
def test_bad_begin(begin):
    with pytest.raises(ConfigError, match="from 0 to below 1"):
        AuditHook(begin)
