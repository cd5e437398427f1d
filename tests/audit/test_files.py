"""The table and the list, and a data set that takes the list."""

from __future__ import annotations

import csv
import logging
import os
import shutil

import pytest
import yaml

from mmpretrain.audit import audit, files
from mmpretrain.audit.findings import Audit, Finding
from mmpretrain.audit.page import write_page
from mmpretrain.registry import DATASETS
from tests.audit.cases import read, write_parts


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_parts(tmp_path_factory.mktemp("data") / "photos", 12, 4)
    shutil.copy(root / "val" / "disc" / "001.png", root / "train" / "disc" / "=leak.png")
    shutil.copy(root / "train" / "cross" / "002.png", root / "train" / "cross" / "<b>copy 一.png")
    return root


@pytest.fixture(scope="module")
def found(root):
    return audit(read(root))


def test_the_table(found, root, tmp_path):
    files.write_table(found, str(root), tmp_path / "audit.csv")
    rows = list(csv.DictReader((tmp_path / "audit.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == len(found.findings)
    leak = next(row for row in rows if row["kind"] == "leak")
    assert (leak["name"], leak["other"]) == ("train/disc/=leak.png", "val/disc/001.png")
    assert (leak["part"], leak["class"]) == ("train", "disc")


@pytest.mark.parametrize("relative", [False, True])
def test_a_data_set_takes_the_list(found, root, tmp_path, monkeypatch, caplog, relative):
    count = files.write_list(found, str(root), tmp_path / "audit.yaml")
    assert count == 2
    monkeypatch.chdir(root.parent)
    settings = {"type": "CustomDataset", "data_root": "photos" if relative else str(root)}
    with caplog.at_level(logging.INFO):
        train = DATASETS.build({**settings, "data_prefix": "train", "audit": str(tmp_path / "audit.yaml")})
    assert len(train) == 24
    paths = {os.path.basename(train.get_data_info(index)["img_path"]) for index in range(len(train))}
    assert "=leak.png" not in paths
    val = DATASETS.build({**settings, "data_prefix": "val", "audit": str(tmp_path / "audit.yaml")})
    assert len(val) == 8
    assert "not there" not in caplog.text


def test_the_list_after_the_data_have_moved(found, root, tmp_path):
    files.write_list(found, str(root), tmp_path / "audit.yaml")
    shutil.copytree(root, tmp_path / "elsewhere")
    settings = {"type": "CustomDataset", "data_root": str(tmp_path / "elsewhere"), "data_prefix": "train"}
    assert len(DATASETS.build({**settings, "audit": str(tmp_path / "audit.yaml")})) == 24


def test_kinds_that_are_asked_for(root, tmp_path):
    samples = read(root)
    found = Audit(samples, (Finding("label", 3, 2.0, suggested=1), Finding("outlier", 3), Finding("dark", 5)))
    assert files.write_list(found, str(root), tmp_path / "audit.yaml", ["label", "outlier"]) == 1
    content = yaml.safe_load((tmp_path / "audit.yaml").read_text())
    assert content["leave_out"][0]["why"] == "label"
    assert [entry["why"] for entry in content["look_at"]] == ["dark"]


def test_the_page(found, root, tmp_path):
    write_page(found, str(root), tmp_path / "audit.html")
    text = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "Leaks between parts" in text
    assert "&lt;b&gt;copy 一.png" in text
    assert "<b>copy" not in text
    assert text.count("data:image/jpeg") >= 4
    assert "default-src 'none'" in text
