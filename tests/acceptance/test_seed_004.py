"""Getting started with MMClassification 0.x: layouts of data, and the scripts of ``tools``.

Names of tests say which part of the text a step stands in.
"""

from __future__ import annotations

import json
import pickle
import re

import pytest
import torch

from mmpretrain.config import Config
from tests.acceptance.checkout import OLD_PIPELINES, Checkout, folders, listed

CONFIG = (
    """
_base_ = ['../_base_/models/resnet18.py']
model = dict(
    backbone=dict(stem_channels=4, base_channels=4),
    head=dict(num_classes=3, in_channels=32, topk=(1, )))
dataset_type = 'ImageNet'
"""
    + OLD_PIPELINES
    + """
classes = ['bird', 'cat', 'dog']
data = dict(
    samples_per_gpu=4, workers_per_gpu=0,
    train=dict(
        type=dataset_type, data_prefix='data/imagenet/train', classes=classes, pipeline=train_pipeline),
    val=dict(type=dataset_type, data_prefix='data/imagenet/val', ann_file='data/imagenet/meta/val.txt',
             classes=classes, pipeline=test_pipeline),
    test=dict(type=dataset_type, data_prefix='data/imagenet/val', ann_file='data/imagenet/meta/val.txt',
              classes=classes, pipeline=test_pipeline))
evaluation = dict(interval=12, metric='accuracy', metric_options=dict(topk=(1, )))
optimizer = dict(type='SGD', lr=0.02, momentum=0.9)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[1])
runner = dict(type='EpochBasedRunner', max_epochs=2)
checkpoint_config = dict(interval=1)
log_config = dict(interval=1, hooks=[dict(type='TextLoggerHook')])
seed = 0
"""
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The checkout after ``python tools/train.py CONFIG --work-dir work_dirs/resnet50``."""
    made = Checkout(tmp_path_factory.mktemp("mmclassification"))
    folders(made.folder / "data/imagenet/train", 4)
    listed(made.folder / "data/imagenet/val", made.folder / "data/imagenet/meta/val.txt", 6)
    made.write("configs/my/resnet18_small.py", CONFIG)
    made.log = made.python(
        "tools/train.py", "configs/my/resnet18_small.py", "--work-dir", "work_dirs/resnet50"
    )
    return made


def test_layout_of_data(checkout):
    """Data below ``data/`` is found by the zoo's configs without a change."""
    imagenet = Config.fromfile(str(checkout.folder / "configs/resnet/resnet50_8xb32_in1k.py"))
    assert imagenet.train_dataloader.dataset.data_root == "data/imagenet"
    cifar = Config.fromfile(str(checkout.folder / "configs/resnet/resnet18_8xb16_cifar10.py"))
    assert cifar.train_dataloader.dataset.data_root == "data/cifar10"
    mnist = Config.fromfile(str(checkout.folder / "configs/lenet/lenet5_mnist.py"))
    assert mnist.train_dataloader.dataset.data_prefix == "data/mnist"


def test_training_on_one_device(checkout):
    work = checkout.folder / "work_dirs/resnet50"
    assert (work / "epoch_1.pth").is_file()
    assert (work / "epoch_2.pth").is_file()
    assert "Epoch(train)" in checkout.log
    assert checkout.log.count("accuracy/top1") == 1, "evaluation.interval=12: only after the last epoch"


def test_image_demo(checkout):
    text = checkout.python(
        "demo/image_demo.py",
        "data/imagenet/val/000001.jpg",
        "configs/my/resnet18_small.py",
        "work_dirs/resnet50/latest.pth",
        "--device",
        "cpu",
    )
    assert '"pred_class"' in text
    assert any(name in text for name in ("bird", "cat", "dog"))


@pytest.mark.parametrize("out", ["result.json", "result.yaml", "result.pkl"])
def test_testing_a_dataset(checkout, out):
    text = checkout.python(
        "tools/test.py",
        "configs/my/resnet18_small.py",
        "work_dirs/resnet50/epoch_2.pth",
        "--metrics", "accuracy", "precision", "recall",
        "--out", out,
    )  # fmt: skip
    for name in ("accuracy/top1", "single-label/precision", "single-label/recall"):
        assert name in text
    path = checkout.folder / out
    if out.endswith("pkl"):
        with open(path, "rb") as f:
            data = pickle.load(f)
        assert len(data) == 6
    elif out.endswith("json"):
        assert json.loads(path.read_text())
    assert path.stat().st_size > 0


def test_a_config_path_of_0x(checkout):
    """``configs/imagenet/resnet50_batch256.py`` has another name today; the weights are still to be had."""
    text = checkout.python(
        "tools/test.py",
        "configs/imagenet/resnet50_batch256.py",
        "checkpoints/xxx.pth",
        "--out",
        "result.pkl",
        code=2,
    )
    assert "There is no file or folder 'checkpoints/xxx.pth'" in text


def test_training_options(checkout):
    """``--no-validate``, ``--resume-from`` and ``load_from``."""
    text = checkout.python(
        "tools/train.py", "configs/my/resnet18_small.py",
        "--no-validate", "--work-dir", "work_dirs/again",
        "--resume-from", "work_dirs/resnet50/epoch_1.pth",
    )  # fmt: skip
    assert "accuracy/top1" not in text
    assert "Epoch(train) [1]" not in text, "the first epoch had been done"
    assert "Epoch(train) [2]" in text
    assert (checkout.folder / "work_dirs/again/epoch_2.pth").is_file()
    text = checkout.python(
        "tools/train.py", "configs/my/resnet18_small.py",
        "--no-validate", "--work-dir", "work_dirs/from",
        "--cfg-options", "load_from=work_dirs/resnet50/epoch_1.pth", "runner.max_epochs=1",
    )  # fmt: skip
    assert "Epoch(train) [1]" in text
    assert "Loaded" in text


def test_flops(checkout):
    text = checkout.python(
        "tools/get_flops.py", "configs/resnet/resnet50_8xb32_in1k.py", "--shape", "224", "224"
    )
    assert "Input shape: (3, 224, 224)" in text
    flops = re.search(r"Flops: ([\d.]+) ?G", text, re.IGNORECASE)
    params = re.search(r"Params: ([\d.]+) ?M", text, re.IGNORECASE)
    assert flops is not None
    assert params is not None
    assert float(flops[1]) == pytest.approx(4.12, rel=0.01)
    assert float(params[1]) == pytest.approx(25.56, rel=0.001)


def test_publishing_a_model(checkout):
    checkout.python(
        "tools/publish_model.py", "work_dirs/resnet50/latest.pth", "imagenet_resnet50_20200708.pth"
    )
    (file,) = checkout.folder.glob("imagenet_resnet50_20200708-*.pth")
    assert re.fullmatch(r"imagenet_resnet50_20200708-[0-9a-f]{8}\.pth", file.name)
    checkpoint = torch.load(file, weights_only=False)
    assert "optimizer" not in checkpoint
    assert {value.device.type for value in checkpoint["state_dict"].values()} == {"cpu"}
