"""``mmpretrain list``."""

from __future__ import annotations

import pytest

from mmpretrain.apis.index import missing_parts
from mmpretrain.checkpoints.zoo import find_model
from mmpretrain.cli.list_models import table
from tests.cli.command_cases import run
from tests.cli.commands import call


@pytest.mark.parametrize("columns", [20, 80, 140])
def test_the_table_fits(columns):
    names = ["resnet50_8xb32_in1k", "vit-large-p14_eva02_m38m-pre_in21k-medft_3rdparty_in1k-448px"]
    lines = list(table(names, columns))
    assert max(map(len, lines)) <= max(columns, 80)
    extra = ["data", "set"] if columns > 100 else []
    assert lines[0].split() == ["name", "params", "FLOPs", "top-1", *extra]
    assert lines[1].split()[:4] == ["resnet50_8xb32_in1k", "25.56", "4.12", "76.55"]
    assert lines[2] == names[1], "a long name has its own line"
    assert lines[3].split()[-1 if columns < 100 else 2] == "89.83"
    assert list(table([], columns))[1].startswith("0 models")


def test_what_does_not_build_is_marked():
    lines = list(table(["simclr_resnet50_16xb256-coslr-200e_in1k", "resnet50_8xb32_in1k"], 80))
    assert missing_parts(find_model("simclr_resnet50_16xb256-coslr-200e_in1k")) <= {"SimCLR"}
    marked = [line.split()[0].endswith("*") for line in lines[1:3]]
    assert marked == [bool(missing_parts(find_model("simclr_resnet50_16xb256-coslr-200e_in1k"))), False]


def test_list():
    assert "resnet18_8xb32_in1k" in run("list", "resnet18").stdout
    assert run("list", "resnet18", "--names").stdout.splitlines()[0] == "resnet18_8xb16_cifar10"


def test_an_unknown_name_gets_a_suggestion(capsys):
    done = call(capsys, "list", "resnet81_8xb32_in1k")
    assert done.code == 2
    assert "resnet81_8xb32_in1k: no model of the zoo fits. Did you mean 'resnet18_8xb32_in1k'" in done.err
    assert "Leave out --task." in call(capsys, "list", "--task", "Cooking").err
