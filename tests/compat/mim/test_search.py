"""``mim search``."""

from __future__ import annotations

import json

import pytest

from mmpretrain.compat.mim.search import parse_condition, search
from mmpretrain.errors import ConfigError
from tests.compat.mim.test_main import mim


def test_conditions_and_order():
    conditions = parse_condition("top1 > 80 && params < 30e6, dataset = ImageNet-1k")
    found = search(["swin"], conditions=conditions, sort=["params", "name"])
    assert found
    assert all(info.metric("Top 1 Accuracy")[0] > 80 and info.params < 30e6 for info in found)
    assert [info.params for info in found] == sorted(info.params for info in found)
    assert all("swin" in info.config.parent.name for info in found)
    most = search(sort=["params"], ascending=False)
    known = [info.params for info in most if info.params is not None]
    assert known == sorted(known, reverse=True)
    assert all(info.params is None for info in most[len(known) :])


def test_parts_of_names():
    assert {info.name for info in search(configs=["resnet18_8xb32_in1k.py"])} == {"resnet18_8xb32_in1k"}


@pytest.mark.parametrize("text", ["top1", "top1 >", "top1 ~ 3", "colour > 3", ""])
def test_conditions_that_are_none(text):
    with pytest.raises(ConfigError):
        parse_condition(text)


def test_command(capsys, tmp_path):
    words = ["search", "mmpretrain", "--model", "resnet", "--sort", "params", "--field", "name", "params"]
    done = mim(capsys, *words)
    assert done.out.splitlines()[0].split() == ["name", "params"]
    assert done.out.splitlines()[-1].endswith("models")
    assert mim(capsys, *words, "--json", tmp_path / "a.json").code == 0
    assert set(json.loads((tmp_path / "a.json").read_text())[0]) == {"name", "params"}
    assert mim(capsys, *words, "--json", tmp_path / "a.json").code == 2
    names = mim(capsys, "search", "mmpretrain", "--config", "resnet18", "--valid-config").out.split()
    assert "resnet18_8xb32_in1k" in names
