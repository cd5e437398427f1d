"""Tests of :mod:`mmpretrain.compat.names.resolve`."""

from __future__ import annotations

import importlib

import pytest

from mmpretrain.compat.names.resolve import OldNameError


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mmpretrain.models.losses.label_smooth_loss.LabelSmoothLoss", "mmpretrain.models.LabelSmoothLoss"),
        ("mmpretrain.evaluation.metrics.single_label.Accuracy", "mmpretrain.evaluation.Accuracy"),
        (
            "mmpretrain.models.backbones.base_backbone.BaseBackbone",
            "mmpretrain.models.backbones.base.BaseBackbone",
        ),
        ("mmpretrain.datasets.transforms.processing.RandomErasing", "mmpretrain.datasets.RandomErasing"),
        ("mmpretrain.models.utils.batch_augments.mixup.Mixup", "mmpretrain.models.Mixup"),
        ("mmpretrain.apis.model.list_models", "mmpretrain.list_models"),
        ("mmengine.evaluator.BaseMetric", "mmpretrain.evaluation.BaseMetric"),
        ("mmengine.model.BaseModule", "mmpretrain.models.base.BaseModule"),
        ("mmengine.MMLogger", "mmpretrain.compat.api.logs.MMLogger"),
        ("mmcv.Config", "mmpretrain.config.Config"),
        ("mmcv.runner.HOOKS", "mmpretrain.registry.HOOKS"),
        ("mmcv.cnn.bricks.NORM_LAYERS", "mmpretrain.registry.MODELS"),
        ("mmcls.models.HEADS", "mmpretrain.registry.MODELS"),
        ("mmcls.models.losses.utils.weight_reduce_loss", "mmpretrain.models.losses.utils.weight_reduce_loss"),
        ("mmcls.datasets.pipelines.Compose", "mmpretrain.datasets.Compose"),
        ("mmcls.registry.MODELS", "mmpretrain.registry.MODELS"),
        ("mmcls.structures.ClsDataSample", "mmpretrain.structures.DataSample"),
        ("mmselfsup.registry.MODELS", "mmpretrain.registry.MODELS"),
    ],
)
def test_old_and_new_are_the_same(old, new):
    module, _, name = old.rpartition(".")
    new_module, _, new_name = new.rpartition(".")
    assert getattr(importlib.import_module(module), name) is getattr(
        importlib.import_module(new_module), new_name
    )


#: Code -> what is said about it; the file is ``my.py``.
MISSING = {
    "from mmcv.ops import nms": "my.py:1: mmcv.ops is not in mmpretrain 2.x: .*torchvision.ops",
    "import mmcv.ops": "my.py:1: mmcv.ops is not in mmpretrain 2.x",
    "\nfrom mmcv.runner import HOKS": "my.py:2: mmcv.runner has no 'HOKS'. Did you mean 'HOOKS'",
    "import mmcv.runnr": "my.py:1: mmcv has no 'runnr'. Did you mean 'runner'",
    "from mmengine.structures import InstanceData": "my.py:1: .*InstanceData is not in .*DataSample",
    "from mmpretrain.models.backbones.hornet import get_dwconv": "my.py:1: .*get_dwconv has no counter",
    "from mmpretrain.models import ResNett": "my.py:1: mmpretrain.models has no 'ResNett'",
}


@pytest.mark.parametrize("code", MISSING)
def test_a_name_that_is_not_there(code):
    with pytest.raises(OldNameError, match=MISSING[code]):
        exec(compile(code, "my.py", "exec"), {})


def test_an_attribute_that_is_not_there():
    import mmcv

    with pytest.raises(
        AttributeError, match=r"test_resolve.py:\d+: mmcv has no 'imreed'. Did you mean 'imread'"
    ):
        mmcv.imreed  # noqa: B018
