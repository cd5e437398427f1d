"""Old import names lead to what they mean now, or to a sentence about it."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mmpretrain
from mmpretrain.compat.names.modules import MODULES
from mmpretrain.compat.names.resolve import OldNameError, resolve

#: What MMPretrain 1.2 and MMClassification 0.25 import from MMEngine and MMCV, read from their sources.
IMPORTS = json.loads((Path(__file__).parent / "data" / "imports.json").read_text())


def test_every_module_path_of_1x_imports():
    for module in MODULES:
        if module.startswith("mmpretrain"):
            assert importlib.import_module(module).__name__ == module


def test_what_the_originals_import_is_there():
    """All that 1.2 imports, and 95 % of what both import.

    The rest is for hardware that torch does not know, and for MMCV's ways to ONNX and TensorRT.
    """
    assert [name for name in IMPORTS["mmpretrain 1.2"] if not there(name)] == []
    both = {name for names in IMPORTS.values() for name in names}
    missing = sorted(name for name in both if not there(name))
    assert len(missing) <= 0.05 * len(both), missing


def there(path: str) -> bool:
    module, _, name = path.rpartition(".")
    try:
        importlib.import_module(path)
    except ImportError:
        try:
            owner = importlib.import_module(module)
        except ImportError:  # an attribute of a class, such as `mmcv.Config.fromfile`
            return "." in module and there(module)
        return hasattr(owner, name)
    return True


def test_targets_of_the_tables_exist():
    wrong = []
    for module, names in MODULES.items():
        for name in names:
            target = resolve(module, name)
            if target is not None and not hasattr(importlib.import_module(target.module), target.name):
                wrong.append(f"{module}.{name} -> {target}")
    assert not wrong


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


def test_a_package_without_imports_of_its_parts():
    import mmcv

    assert mmcv.runner.HOOKS is mmpretrain.registry.HOOKS
    assert "imread" in dir(mmcv.image)
    assert hasattr(mmcv, "imread")
    assert not hasattr(mmcv, "no_such_thing")


def test_a_function_with_the_name_of_its_module():
    from mmcv.parallel.collate import collate as inner
    from mmcv.parallel import collate  # isort: skip

    assert collate is inner


def test_star_imports():
    namespace: dict[str, object] = {}
    exec("from mmcv.runner import *", namespace)
    assert "HOOKS" in namespace
    assert "load_checkpoint" in namespace


#: Code -> what is said about it; the file is ``my.py``.
MISSING = {
    "from mmcv.ops import nms": "my.py:1: mmcv.ops is not in mmpretrain 2.x: .*torchvision.ops",
    "import mmcv.ops": "my.py:1: mmcv.ops is not in mmpretrain 2.x",
    "\nfrom mmcv.runner import HOKS": "my.py:2: mmcv.runner has no 'HOKS'. Did you mean 'HOOKS'",
    "import mmcv.runnr": "my.py:1: mmcv has no 'runnr'. Did you mean 'runner'",
    "from mmengine.structures import InstanceData": "my.py:1: .*InstanceData is not in .*DataSample",
    "from mmpretrain.models.backbones.vgg import make_vgg_layer": "my.py:1: .*make_vgg_layer has no counter",
    "from mmpretrain.models import ResNett": "my.py:1: mmpretrain.models has no 'ResNett'",
}


@pytest.mark.parametrize("code", MISSING)
def test_a_name_that_is_not_there(code):
    with pytest.raises(OldNameError, match=MISSING[code]):
        exec(compile(code, "my.py", "exec"), {})


def test_an_attribute_that_is_not_there():
    import mmcv

    with pytest.raises(
        AttributeError, match=r"test_finder.py:\d+: mmcv has no 'imreed'. Did you mean 'imread'"
    ):
        mmcv.imreed  # noqa: B018


def test_strangers_are_left_alone():
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'mmdet'"):
        importlib.import_module("mmdet")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'mmpretrain.models.backbones.no_such'"):
        importlib.import_module("mmpretrain.models.backbones.no_such")


def run(code: str, folder: Path) -> str:
    out = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=folder, capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    return out.stdout.strip()


def test_the_tables_are_read_when_they_are_needed(tmp_path):
    code = """
        import sys, mmpretrain, mmpretrain.registry, mmpretrain.models, mmpretrain.cli.main
        from mmpretrain.utils import logging
        print([name for name in sys.modules if name.startswith('mmpretrain.compat.names')])
    """
    assert run(code, tmp_path) == "[]"


def test_a_folder_of_the_user_with_an_old_name(tmp_path):
    """Tutorials of 0.x put own optimizers into ``mmcls/core/optimizer``."""
    folder = tmp_path / "mmcls" / "core" / "optimizer"
    folder.mkdir(parents=True)
    (folder / "my_optimizer.py").write_text("from mmcv.runner import OPTIMIZERS\nname = OPTIMIZERS.name\n")
    (folder / "__init__.py").write_text("from .my_optimizer import name\n")
    code = """
        import mmpretrain
        from mmcls.core.optimizer.my_optimizer import name
        from mmcls.core.optimizer import name as again
        from mmcls.models import build_classifier
        print(name, again, build_classifier.__name__)
    """
    assert run(code, tmp_path) == "optimizer optimizer build_classifier"
    for inner in ("mmcls", "mmcls/core"):
        (tmp_path / inner / "__init__.py").write_text("")
    assert run(code, tmp_path) == "optimizer optimizer build_classifier"


def test_a_real_package_is_left_alone(tmp_path):
    folder = tmp_path / "mmcv"
    folder.mkdir()
    (folder / "version.py").write_text("__version__ = '1.7.1'\n")
    (folder / "__init__.py").write_text("from .version import __version__\nreal = True\n")
    code = """
        import mmpretrain, mmcv
        print(mmcv.real, mmcv.__version__)
        try:
            import mmcv.runner
        except ImportError as error:
            print(error)
    """
    assert run(code, tmp_path) == "True 1.7.1\nNo module named 'mmcv.runner'"


def test_the_page_promises_what_is_there():
    from mmpretrain.compat.names.page import TITLES, counts

    text = (Path(mmpretrain.__file__).parents[1] / "docs" / "old_names.md").read_text()
    for package in TITLES:
        (names,) = re.findall(rf"\(`{package}`\) \| \d+ \| (\d+) of", text)
        assert counts(package)[1] >= int(names)


# -- tutorials edit __init__ files ---------------------------------------------------------------------

#: Ways to make ``__all__`` longer.
EDITS = ("__all__ = [*__all__, '{}']", "__all__ += ['{}']", "__all__.append('{}')")
PLACES = (
    "models/losses", "models/heads", "models/backbones", "models/necks", "datasets", "datasets/transforms",
    "engine/hooks", "engine/optimizers", "evaluation/metrics",
)  # fmt: skip


def test_an_import_and_a_longer_all(tmp_path):
    """In a copy of the package, as an editable install has it."""
    copy = tmp_path / "mmpretrain"
    shutil.copytree(Path(mmpretrain.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for number, place in enumerate(PLACES):
        name = f"Own{place.replace('/', ' ').title().replace(' ', '')}"
        (copy / place / "own_file.py").write_text(f"class {name}:\n    pass\n")
        with (copy / place / "__init__.py").open("a") as file:
            file.write(f"\nfrom .own_file import {name}\n{EDITS[number % 3].format(name)}\n")
    code = """
        from mmpretrain.models import OwnModelsLosses, CrossEntropyLoss, ResNet
        from mmpretrain.models.heads import OwnModelsHeads, LinearClsHead
        from mmpretrain.datasets import OwnDatasets, OwnDatasetsTransforms, ImageNet
        from mmpretrain.engine import OwnEngineHooks, CheckpointHook
        from mmpretrain.engine.optimizers import OwnEngineOptimizers
        from mmpretrain.evaluation.metrics import OwnEvaluationMetrics, Accuracy
        from mmpretrain.registry import MODELS
        print(OwnModelsLosses.__module__, MODELS.get('LinearClsHead').__name__)
    """
    assert run(code, tmp_path) == "mmpretrain.models.losses.own_file LinearClsHead"
