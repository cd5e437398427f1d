"""Tests of :mod:`mmpretrain.compat.everywhere`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mmpretrain.cli.main import app
from mmpretrain.compat import everywhere


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder of packages that stands for the one of the environment."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(everywhere, "file", lambda: folder / everywhere.NAME)
    return folder


def python(code: str, folder: Path, **modules: str) -> str:
    """Run code in a Python that reads the ``.pth`` files of a folder, which comes first."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    start = f"import site, sys; sys.path.insert(0, {str(folder)!r}); site.addsitedir({str(folder)!r})\n"
    out = subprocess.run([sys.executable, "-c", start + code], capture_output=True, text=True, check=False)
    return out.stdout.strip() or out.stderr.strip().splitlines()[-1]


def test_on_and_off(packages):
    def do(action: str) -> str:
        return CliRunner().invoke(app, ["compat", action]).output

    assert "are off" in do("status")
    assert "are on" in do("on")
    assert [path.name for path in packages.iterdir()] == [everywhere.NAME]
    assert "are on" in do("status")
    assert python("import sys; print('mmpretrain' in sys.modules)", packages) == "False"
    assert python("import mmcv; print(mmcv.runner.HOOKS.name)", packages) == "hook"
    assert "are off" in do("off")
    assert list(packages.iterdir()) == []


@pytest.mark.parametrize("broken", ["raise RuntimeError", "import no_such_module"])
def test_harmless_beside_a_broken_mmpretrain(packages, broken):
    everywhere.switch_on()
    assert python("import mmcv", packages, mmpretrain=broken) == "ModuleNotFoundError: No module named 'mmcv'"
    assert python("print(1)", packages, mmpretrain=broken) == "1"
