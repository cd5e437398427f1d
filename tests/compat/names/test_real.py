"""Next to a real MMEngine, whose registries have children by scope, as this stand-in has."""

from __future__ import annotations

import subprocess
import sys

import pytest

REGISTRY = """
class Registry:
    def __init__(self, name, parent=None, scope='mmengine'):
        self.name, self.parent, self.scope, self.children = name, parent, scope, {}
        if parent is not None:
            parent.children[scope] = self
    own = {}
    def get(self, key):
        if key in self.own:
            return self.own[key]
        scope, _, rest = key.partition('.')
        return self.children[scope].get(rest) if scope in self.children else None
MODELS = Registry('model')
EVALUATOR = Registry('evaluator')
HOOKS = Registry('hook')
HOOKS.own = {'LoggerHook': 'their own'}
"""
COLLATE = """
class BaseDataElement:
    pass
def kept_as_they_are(item):
    return isinstance(item, (BaseDataElement, str))
"""
CODE = """
from mmengine.registry import EVALUATOR, HOOKS, MODELS
print(MODELS.get('mmpretrain.LeNet5').__module__)
print(MODELS.get('LeNet5'), EVALUATOR.get('mmpretrain.Evaluator').__name__)
print(HOOKS.get('mmpretrain.LoggerHook'), HOOKS.get('mmpretrain.PreciseBNHook').__name__)
from mmengine.dataset.utils import kept_as_they_are
from mmpretrain.structures import DataSample, MultiTaskDataSample
print([kept_as_they_are(item) for item in (DataSample(), MultiTaskDataSample(), 'text', 3)])
"""


@pytest.mark.parametrize(
    "imports",
    ["import mmpretrain\n", "import mmengine.registry, mmengine.dataset.utils\nimport mmpretrain\n"],
)
def test_its_registries_find_ours(tmp_path, imports):
    folder = tmp_path / "mmengine"
    folder.mkdir()
    (folder / "__init__.py").write_text("from .version import __version__\n")
    (folder / "version.py").write_text("__version__ = '0.10.7'\n")
    (folder / "registry.py").write_text(REGISTRY)
    (folder / "dataset").mkdir()
    (folder / "dataset" / "__init__.py").touch()
    (folder / "dataset" / "utils.py").write_text(COLLATE)
    out = subprocess.run(
        [sys.executable, "-c", imports + CODE], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert out.returncode == 0, out.stderr
    assert out.stdout.splitlines() == [
        "mmpretrain.models.backbones.lenet",
        "None Evaluator",
        "their own PreciseBNHook",
        "[True, True, True, False]",
    ]
