"""Tests of :mod:`mmpretrain.compat.v0.data`."""

from __future__ import annotations

import pytest

from tests.compat.v0.cases import PIPELINES, load


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "dict(type='RepeatDataset', times=3, dataset=dict(type='A', pipeline=train_pipeline))",
            dict(type="RepeatDataset", times=3, dataset=dict(type="A")),
        ),
        (
            "dict(type='ClassBalancedDataset', oversample_thr=1e-3, dataset=dict(type='A'))",
            dict(type="ClassBalancedDataset", oversample_thr=1e-3, dataset=dict(type="A")),
        ),
        (
            "dict(type='ConcatDataset', datasets=[dict(type='A'), dict(type='B')], separate_eval=False)",
            dict(type="ConcatDataset", datasets=[dict(type="A"), dict(type="B")]),
        ),
        (
            "[dict(type='A'), dict(type='B')]",
            dict(type="ConcatDataset", datasets=[dict(type="A"), dict(type="B")]),
        ),
        (
            "dict(type='A', ann_file=['a', 'b'], data_prefix='x')",
            dict(
                type="ConcatDataset",
                datasets=[
                    dict(type="A", ann_file="a", data_prefix="x"),
                    dict(type="A", ann_file="b", data_prefix="x"),
                ],
            ),
        ),
        ("dict(type='CIFAR10', data_prefix='d')", dict(type="CIFAR10", data_root="d", split="train")),
        (
            "dict(type='MNIST', data_prefix='d', test_mode=True)",
            dict(type="MNIST", test_mode=True, data_root="d", split="test"),
        ),
        (
            "dict(type='VOC', data_prefix='d/VOC2007/', ann_file='d/VOC2007/ImageSets/Main/trainval.txt')",
            dict(type="VOC", data_root="d/VOC2007/", image_set_path="ImageSets/Main/trainval.txt"),
        ),
        (
            "dict(type='CUB', data_prefix='d/images', ann_file='x')",
            dict(type="CUB", data_root="d", split="train"),
        ),
        (
            "dict(type='ImageNet', data_prefix='d', ann_file=None)",
            dict(type="ImageNet", data_prefix="d", ann_file=""),
        ),
    ],
)
def test_data_sets(old, new):
    dataset = load(f"{PIPELINES}data = dict(samples_per_gpu=2, train={old})\n").train_dataloader.dataset
    inner = dataset.get("dataset")
    if isinstance(inner, dict):
        inner.pop("pipeline")
    assert dataset == new


def test_loaders():
    cfg = load(
        """
        data = dict(
            samples_per_gpu=32, workers_per_gpu=0, persistent_workers=True, drop_last=True,
            train=dict(type='A'), val=dict(type='B'), test=dict(type='B'),
            train_dataloader=dict(samples_per_gpu=8, shuffle=False),
            val_dataloader=dict(samples_per_gpu=64, workers_per_gpu=3), prefetch_factor=4)
        sampler = dict(type='RepeatAugSampler')
        """
    )
    assert cfg.train_dataloader == dict(
        dataset=dict(type="A"),
        batch_size=8,
        num_workers=0,
        persistent_workers=False,
        drop_last=True,
        sampler=dict(type="RepeatAugSampler", shuffle=False),
    )
    assert (cfg.val_dataloader.batch_size, cfg.val_dataloader.num_workers) == (64, 3)
    assert "drop_last" not in cfg.val_dataloader
    assert cfg.val_dataloader.prefetch_factor == 4
    assert cfg.test_dataloader.batch_size == 32
