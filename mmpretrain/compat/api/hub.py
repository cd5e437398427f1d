"""Configs and models of the zoo by ``'mmpretrain::resnet/resnet18_8xb32_in1k.py'``, as ``mmengine.hub``."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from mmpretrain.apis import get_model as get_model_of_today
from mmpretrain.checkpoints.zoo import find_model
from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.errors import ConfigError
from mmpretrain.registry import SCOPES


def get_config(cfg_path: str, pretrained: bool = False) -> Config:
    """Return a config of the zoo.

    Args:
        cfg_path: The package and the path below ``configs/``, with ``::`` between them.
        pretrained: Set ``model_path`` to the address of the weights.
    """
    name = _name(cfg_path)
    cfg = Config.fromfile(str(find_config(name)))
    if pretrained:
        cfg.model_path = find_model(name).weights
    return cfg


def get_model(cfg_path: str, pretrained: bool = False, **kwargs: Any) -> Any:
    """Return a model of the zoo.

    Args:
        cfg_path: The package and the path below ``configs/``, with ``::`` between them.
        pretrained: Load its weights.
        **kwargs: Arguments of :func:`mmpretrain.get_model`.
    """
    return get_model_of_today(_name(cfg_path), pretrained=pretrained, **kwargs)


def _name(cfg_path: str) -> str:
    package, separator, path = cfg_path.rpartition("::")
    if separator and package not in SCOPES:
        raise ConfigError(
            f"{cfg_path!r} is a config of {package}",
            hint="Only those of mmpretrain are here: 'mmpretrain::...'.",
        )
    return PurePosixPath(path).stem
