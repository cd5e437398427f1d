"""Tests of :mod:`mmpretrain.cli.doctor`."""

from __future__ import annotations

import re
from pathlib import Path

from mmpretrain.cli import doctor
from tests.cli.command_cases import run


def test_doctor():
    done = run("doctor")
    assert done.returncode == 0, done.stdout
    assert "torch" in done.stdout
    assert "weights cache" in done.stdout
    assert run("doctor", "--json").stdout.startswith('{"system"')


def test_every_extra_is_listed():
    """With the packages that pyproject.toml names, so that its advice installs what is missing."""
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    section = text.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    extras = dict(re.findall(r"^(\w+) = \[(.*)\]$", section, re.MULTILINE))
    for whole in ("all", "test", "docs", "dev"):
        del extras[whole]
    packages = {name: tuple(re.findall(r'"([\w-]+)>=', line)) for name, line in extras.items()}
    assert packages == {name: found for name, (found, _) in doctor.EXTRAS.items()}


def test_what_is_missing_comes_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "lmdb" else "1.2")
    found = {item.name: item for item in doctor.optional_packages()}
    assert not found["storage"].ok
    assert found["storage"].value == "lmdb not installed"
    assert found["storage"].advice.endswith("pip install 'mmpretrain[storage]'")
    assert found["tune"].ok
    assert "pip install" not in found["tune"].advice
