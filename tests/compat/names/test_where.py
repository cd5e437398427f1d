"""Tests of :mod:`mmpretrain.compat.names.where`."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from mmpretrain.compat.names.modules import MODULES
from mmpretrain.compat.names.resolve import resolve

#: What MMPretrain 1.2 and MMClassification 0.25 import from MMEngine and MMCV, read from their sources.
IMPORTS = json.loads((Path(__file__).parent / "data" / "imports.json").read_text())


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
