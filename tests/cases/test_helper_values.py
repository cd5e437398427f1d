"""B13: helper values of a config file, such as an open file, are no part of the config."""

from __future__ import annotations

from pathlib import Path

import pytest

OPEN_FILE = """
_base_='./base.py'
with open('data/pets/classes.txt') as f:
    names=[l.strip() for l in f]
train_dataloader=dict(dataset=dict(metainfo=dict(classes=names)))
train_cfg=dict(max_epochs=1)
"""
GENERATOR = """
_base_='./base.py'
keep={'ant','bee'}
it=iter([1,2])
g=(i for i in range(3))
train_cfg=dict(max_epochs=1)
"""


@pytest.mark.parametrize("text", [OPEN_FILE, GENERATOR])
def test_training_with_helper_values(case, cli, text):
    Path("cfg.py").write_text(text)
    done = cli("train", "cfg.py", "--work-dir", "wd")
    assert done.code == 0, done.text
    again = cli("train", "wd/cfg.py", "--work-dir", "wd2")
    assert again.code == 0, again.text


def test_an_open_file_inside_is_one_sentence(case, cli):
    Path("cfg.py").write_text("_base_='./base.py'\nmodel=dict(\n    train_cfg=dict(f=open('base.py')))\n")
    done = cli("check", "cfg.py")
    assert done.code == 2
    assert done.err.startswith("error: cfg.py:3 (model.train_cfg.f): an open file cannot be part of a config")


def test_sys_exit_does_not_make_check_succeed(case, cli):
    Path("cfg.py").write_text("import sys\n_base_='./base.py'\nsys.exit(0)\n")
    done = cli("check", "cfg.py")
    assert done.code == 2
    assert "cfg.py:3: The config ends Python" in done.err
