"""Tests of :mod:`mmpretrain.engine.runner.log_processor`."""

from __future__ import annotations

import re
from pathlib import Path


def test_log_lines(make_runner):
    runner = make_runner()
    runner.train()
    text = Path(runner.state.log_path).read_text()
    number = r"\d+\.\d{4}"
    train = (
        r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d - mmpretrain - INFO - Epoch\(train\) \[1\]\[2/8\]  lr: 1\.0000e-01  "
        rf"eta: \d:\d\d:\d\d  time: {number}  data_time: {number}  loss: {number}\n"
    )
    val = rf"Epoch\(val\) \[3\]\[4/4\]    acc: {number}  data_time: {number}  time: {number}\n"
    assert re.search(train, text)
    assert re.search(val, text)
    assert "System environment" in text


def test_the_norm_of_gradients_stands_before_the_loss(make_runner):
    wrapper = dict(optimizer=dict(type="SGD", lr=0.1), clip_grad=dict(max_norm=1.0))
    runner = make_runner(optim_wrapper=wrapper)
    runner.train()
    text = Path(runner.state.log_path).read_text()
    line = r"Epoch\(train\) \[3\]\[8/8\]  lr: 2.5000e-02  eta: 0:00:00  time: [\d.]+  data_time: [\d.]+  "
    assert re.search(line + r"grad_norm: [\d.]+  loss: [\d.]+\n", text)
