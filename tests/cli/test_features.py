"""Tests of :mod:`mmpretrain.cli.features`."""

from __future__ import annotations

import json

import pytest
import torch

from mmpretrain.cli.features import parse_stages, print_rows, report
from mmpretrain.errors import ConfigError
from mmpretrain.evaluation.features import FeatureBank


@pytest.mark.parametrize(
    ("text", "stages"), [("last", "last"), ("all", "all"), ("1,3", [1, 3]), ("-1", [-1])]
)
def test_stages(text, stages):
    assert parse_stages(text) == stages


def test_what_names_no_stage():
    with pytest.raises(ConfigError, match=r"--stage.*'layer4' names no stage.*Say last, all"):
        parse_stages("layer4")


def test_a_row_for_each_stage(tmp_path, capsys):
    bank = FeatureBank([torch.zeros(4, 8), torch.zeros(4, 16)], torch.tensor([0, 1, 1, -1]))
    queries = FeatureBank([torch.zeros(2, 8), torch.zeros(2, 16)], torch.tensor([0, 1]))
    out = tmp_path / "r.json"
    report("kNN", [2, 3], [{"k10/top1": 50.0}, {"k10/top1": 100.0}], bank, queries, out)
    first, head, two, three, wrote = capsys.readouterr().out.splitlines()
    assert first == (
        "kNN: 3 images for training, 2 for validation, 2 classes; 1 images without a label were left out"
    )
    assert head.split() == ["stage", "channels", "k10/top1"]
    assert (two.split(), three.split()) == (["2", "8", "50.00"], ["3", "16", "100.00"])
    assert wrote == f"Wrote {out}"
    assert json.loads(out.read_text())["results"][1] == {"stage": 3, "channels": 16, "k10/top1": 100.0}


def test_columns_are_aligned(capsys):
    print_rows([{"a": 1, "long name": 2.0}, {"a": 100, "long name": 20.25}])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["  a  long name", "  1       2.00", "100      20.25"]
