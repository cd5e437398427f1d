"""Notes on the configs of 0.x: a zoo config written out, a flower data set by lists, and a data set class.

Names of tests say which part of the text a step stands in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap

import pytest

from mmpretrain.config import Config
from tests.acceptance.checkout import OLD_PIPELINES, REPO, Checkout, listed

#: The model of the text, narrowed.
CONFIG = (
    """
_base_ = [
    '../_base_/models/resnet18.py',
    '../_base_/datasets/imagenet_bs32.py',
    '../_base_/schedules/imagenet_bs256.py',
    '../_base_/default_runtime.py'
]
model = dict(
    backbone=dict(stem_channels=4, base_channels=4),
    head=dict(num_classes=102, in_channels=32, topk=(1, 5)))
"""
    + OLD_PIPELINES
    + """
data = dict(
    samples_per_gpu=8,
    workers_per_gpu=0,
    train=dict(
        type='{kind}',
        data_prefix='../mmcls/data/flower_data/train_filelist',
        ann_file='../mmcls/data/flower_data/train.txt',
        pipeline=train_pipeline
    ),
    val=dict(
        type='{kind}',
        data_prefix='../mmcls/data/flower_data/val_filelist',
        ann_file='../mmcls/data/flower_data/val.txt',
        pipeline=test_pipeline
    ),
    test=dict(
        type='{kind}',
        data_prefix='../mmcls/data/flower_data/val_filelist',
        ann_file='../mmcls/data/flower_data/val.txt',
        pipeline=test_pipeline
    )
)
runner = dict(max_epochs=1)
"""
)

#: Written after ``mmcls/datasets/imagenet.py``, as the text says.
MY_FILELIST = """
import numpy as np

from .builder import DATASETS
from .base_dataset import BaseDataset


@DATASETS.register_module()
class MyFilelist(BaseDataset):

    CLASSES = ['flower_%d' % i for i in range(102)]

    def load_annotations(self):
        assert isinstance(self.ann_file, str)
        data_infos = []
        with open(self.ann_file) as f:
            samples = [x.strip().rsplit(' ', 1) for x in f.readlines()]
            for filename, gt_label in samples:
                info = {'img_prefix': self.data_prefix}
                info['img_info'] = {'filename': filename}
                info['gt_label'] = np.array(gt_label, dtype=np.int64)
                data_infos.append(info)
            return data_infos
"""

#: What the text shows of ``datasets/__init__.py``: an import, and the whole list with one name more.
INIT = """
from .my_filelist import MyFilelist

__all__ = [
    'BaseDataset', 'ImageNet', 'CIFAR10', 'CIFAR100', 'MNIST', 'FashionMNIST',
    'VOC', 'MultiLabelDataset', 'build_dataloader', 'build_dataset',
    'DistributedSampler', 'ConcatDataset', 'RepeatDataset',
    'ClassBalancedDataset', 'DATASETS', 'PIPELINES', 'ImageNet21k', 'SAMPLERS',
    'build_sampler', 'RepeatAugSampler', 'KFoldDataset', 'MyFilelist',
]
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    made = Checkout(tmp_path_factory.mktemp("work") / "mmclassification")
    data = made.folder.parent / "mmcls/data/flower_data"
    for split, count in (("train", 16), ("val", 8)):
        listed(data / f"{split}_filelist", data / f"{split}.txt", count, classes=102)
    made.write("configs/my/flower.py", CONFIG.replace("{kind}", "ImageNet"))
    made.write("configs/my/flower_own.py", CONFIG.replace("{kind}", "MyFilelist"))
    return made


def test_1_1_the_whole_config_is_printed(checkout):
    """The full config of ``resnet18_8xb32_in1k.py``, by the tool and by a training run."""
    text = checkout.python("tools/misc/print_config.py", "configs/resnet/resnet18_8xb32_in1k.py")
    for part in ("type='ImageClassifier'", "depth=18", "num_stages=4", "type='GlobalAveragePooling'",
                 "type='LinearClsHead'", "type='CrossEntropyLoss'", "train_dataloader", "optim_wrapper",
                 "default_hooks"):  # fmt: skip
        assert part in text


def test_data_imagenet_with_lists(checkout):
    """``type='ImageNet'`` with an annotation file, for 102 classes."""
    log = checkout.python("tools/train.py", "configs/my/flower.py", "--work-dir", "work_dirs/flower")
    assert (checkout.folder / "work_dirs/flower/epoch_1.pth").is_file()
    assert "accuracy/top5" in log
    written = Config.fromfile(str(checkout.folder / "work_dirs/flower/flower.py"))
    assert written.model.head.num_classes == 102
    assert written.train_dataloader.dataset.ann_file == "../mmcls/data/flower_data/train.txt"


def test_type_an_own_data_set_class(checkout, tmp_path):
    """The class goes into the package's ``datasets`` folder, as the text puts it into ``mmcls/datasets``."""
    package = tmp_path / "mmpretrain"
    shutil.copytree(REPO / "mmpretrain", package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "datasets/my_filelist.py").write_text(MY_FILELIST)
    with (package / "datasets/__init__.py").open("a") as file:
        file.write(INIT)
    script = """
        from mmpretrain.datasets import *
        from mmpretrain.cli.main import entry_point
        print(MyFilelist.__name__, build_dataloader.__name__, DistributedSampler.__name__, ImageNet.__name__)
        entry_point(['train', 'configs/my/flower_own.py', '--work-dir', 'work_dirs/own'])
    """
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=checkout.folder,
        env={"PYTHONPATH": str(tmp_path), "PATH": "", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert out.returncode == 0, out.stdout + out.stderr
    assert "MyFilelist build_dataloader DistributedSampler ImageNet" in out.stdout
    assert (checkout.folder / "work_dirs/own/epoch_1.pth").is_file()


def test_1_1_out_indices():
    """The stages of a ResNet-18 that ``out_indices`` chooses."""
    import torch

    from mmpretrain.registry import MODELS

    images = torch.zeros(1, 3, 64, 64)
    shapes = {
        indices: [tuple(map_.shape[1:]) for map_ in MODELS.build(dict(type="ResNet", depth=18, num_stages=4,
                  out_indices=indices, style="pytorch", base_channels=8, stem_channels=8))(images)]
        for indices in ((3,), (0, 1, 2, 3))
    }  # fmt: skip
    assert shapes[(3,)] == [(64, 2, 2)]
    assert shapes[(0, 1, 2, 3)] == [(8, 16, 16), (16, 8, 8), (32, 4, 4), (64, 2, 2)]
