"""Configs and models of the zoo by the names of ``mmengine.hub``."""

from __future__ import annotations

import pytest

from mmpretrain.errors import ConfigError


def test_configs_and_models():
    from mmengine.hub import get_config, get_model

    cfg = get_config("mmpretrain::lenet/lenet5_digits.py")
    assert cfg.model.backbone.type == "LeNet5"
    cfg = get_config("mmpretrain::resnet/resnet18_8xb32_in1k.py", pretrained=True)
    assert cfg.model_path.startswith("http")
    assert type(get_model("mmpretrain::lenet/lenet5_digits.py").backbone).__name__ == "LeNet5"
    with pytest.raises(ConfigError, match="is a config of mmdet"):
        get_config("mmdet::faster_rcnn/faster.py")


def test_version_module():
    from mmpretrain.version import __version__, parse_version_info

    import mmpretrain

    assert __version__ == mmpretrain.__version__
    assert parse_version_info("1.2.0")[:3] == (1, 2, 0)
