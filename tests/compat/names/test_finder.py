"""Old import names lead to what they mean now, or to a sentence about it."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import mmpretrain
from mmpretrain.compat.names.modules import MODULES
from mmpretrain.compat.names.resolve import resolve


def test_a_package_without_imports_of_its_parts():
    import mmcv

    assert mmcv.runner.HOOKS is mmpretrain.registry.HOOKS
    assert "imread" in dir(mmcv.image)
    assert hasattr(mmcv, "imread")
    assert not hasattr(mmcv, "no_such_thing")


def test_whether_there_is_a_compiled_part():
    """MMEngine asks so whether the operators of MMCV are there."""
    import mmcv  # noqa: F401

    assert importlib.util.find_spec("mmcv._ext") is None


def test_a_function_with_the_name_of_its_module():
    from mmcv.parallel.collate import collate as inner
    from mmcv.parallel import collate  # isort: skip

    assert collate is inner


def test_star_imports():
    namespace: dict[str, object] = {}
    exec("from mmcv.runner import *", namespace)
    assert "HOOKS" in namespace
    assert "load_checkpoint" in namespace


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


#: Packages that tutorials show with their whole ``__init__.py``.
REWRITTEN = (
    "models/losses",
    "models/heads",
    "models/necks",
    "datasets",
    "datasets/transforms",
    "evaluation/metrics",
)


def test_a_whole_file_as_1x_had_it(tmp_path):
    """Each module is imported eagerly; what the user did not list is still there."""
    copy = tmp_path / "mmpretrain"
    shutil.copytree(Path(mmpretrain.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for place in REWRITTEN:
        package = f"mmpretrain.{place.replace('/', '.')}"
        lines, exported = [], []
        for module in sorted(MODULES):
            if module.rpartition(".")[0] == package:
                names = sorted(MODULES[module] & MODULES[package])
                names = [name for name in names if resolve(module, name) is not None]
                lines += [f"from .{module.rpartition('.')[2]} import {name}" for name in names]
                exported += names
        name = f"Own{place.replace('/', ' ').title().replace(' ', '')}"
        (copy / place / "own_file.py").write_text(
            f"from mmpretrain.registry import MODELS\n\n@MODELS.register_module()\nclass {name}:\n    pass\n"
        )
        lines.append(f"from .own_file import {name}")
        text = "\n".join([*lines, f"__all__ = {[*exported, name]!r}"])
        (copy / place / "__init__.py").write_text(text + "\n")
    code = """
        from mmpretrain.models import OwnModelsLosses, CrossEntropyLoss, ResNet
        from mmpretrain.models.heads import *
        from mmpretrain.datasets import OwnDatasets, ImageNet, Digits
        from mmpretrain.datasets.transforms import OwnDatasetsTransforms
        from mmpretrain.evaluation.metrics import OwnEvaluationMetrics, Accuracy
        from mmpretrain.registry import DATASETS, METRICS, MODELS
        names = 'OwnModelsHeads', 'LinearClsHead', 'VICRegLoss', 'GlobalAveragePooling'
        print(*(MODELS.get(name).__name__ for name in names), DATASETS.get('Digits').__name__)
        print('VICRegLoss' in MODELS.names(), METRICS.get('AUROC').__name__, OwnModelsHeads.__name__)
    """
    assert run(code, tmp_path).splitlines() == [
        "OwnModelsHeads LinearClsHead VICRegLoss GlobalAveragePooling Digits",
        "True AUROC OwnModelsHeads",
    ]
