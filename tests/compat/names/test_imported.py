"""Names that modules of 1.x merely imported are found where code of users takes them from."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

import mmpretrain  # noqa: F401
from mmpretrain.models.backbones.base import BaseBackbone


def test_star_import_of_a_module():
    namespace: dict[str, object] = {}
    exec("from mmpretrain.models.backbones.swin_transformer import *", namespace)
    assert namespace["nn"] is torch.nn
    assert namespace["BaseBackbone"] is BaseBackbone
    assert namespace["SwinTransformer"].__name__ == "SwinTransformer"
    assert "build_norm_layer" in namespace


def test_by_name():
    from mmpretrain.models.backbones.vision_transformer import F, Tensor, partial, to_2tuple
    from mmpretrain.models.backbones.vision_transformer import np as numpy

    assert numpy is np
    assert to_2tuple(3) == (3, 3)
    assert F is torch.nn.functional
    assert Tensor is torch.Tensor
    assert partial.__name__ == "partial"


def test_what_no_module_imported():
    import mmpretrain.models.backbones.resnet as module

    assert not hasattr(module, "no_such_name")
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from mmpretrain.models.backbones.resnet import no_such_name")


def test_old_modules_too():
    from mmcls.models.backbones.resnet import BaseBackbone as old
    from mmcls.models.backbones.resnet import cp, nn

    assert old is BaseBackbone
    assert cp is sys.modules["torch.utils.checkpoint"]
    assert nn is torch.nn
