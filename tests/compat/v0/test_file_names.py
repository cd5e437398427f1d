"""Configs of the zoo under their names of 0.x."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.compat.v0.file_names import name_today
from mmpretrain.config.zoo import find_config, zoo_configs
from mmpretrain.errors import MissingFileError


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("configs/imagenet/resnet50_batch256.py", "resnet50_8xb32_in1k"),
        ("configs/resnet/resnet50_b32x8_imagenet.py", "resnet50_8xb32_in1k"),
        ("configs/resnet/resnet50_b32x8_coslr_imagenet.py", "resnet50_8xb32-coslr_in1k"),
        ("configs/resnet/resnet18_b16x8_cifar10.py", "resnet18_8xb16_cifar10"),
        ("configs/cifar10/resnet18_batch128.py", "resnet18_8xb16_cifar10"),
        ("configs/mobilenet_v2/mobilenet_v2_b32x8_imagenet.py", "mobilenet-v2_8xb32_in1k"),
        ("configs/seresnext/seresnext50_32x4d_b32x8_imagenet.py", "seresnext50-32x4d_8xb32_in1k"),
        ("configs/vgg/vgg16bn_b32x8_imagenet.py", "vgg16bn_8xb32_in1k"),
    ],
)
def test_old_names(old, new):
    assert find_config(old).stem == new


def test_what_is_no_old_name():
    configs = zoo_configs()
    assert name_today(Path("configs/my/resnet50_8xb32.py"), configs) is None
    assert name_today(Path("my_b32x8_imagenet.py"), configs) is None
    with pytest.raises(MissingFileError, match=r"no config file 'my_b32x8_imagenet.py'"):
        find_config("my_b32x8_imagenet.py")
