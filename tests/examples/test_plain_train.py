"""The loop without Runner gives the Runner's losses."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

from mmpretrain.config import Config
from mmpretrain.config.zoo import find_config
from mmpretrain.engine.runner import Runner

EXAMPLE = Path(__file__).parents[2] / "examples" / "plain_train.py"
EPOCHS = 2


def test_at_most_150_lines():
    assert len(EXAMPLE.read_text().splitlines()) <= 150


def test_same_losses_and_accuracy_as_the_runner(tmp_path, capsys):
    cfg = Config.fromfile(find_config("lenet5_digits"))
    cfg.merge_from_dict(
        {
            "work_dir": str(tmp_path),
            "train_cfg.max_epochs": EPOCHS,
            "default_hooks.logger.interval": 1,
            "default_hooks.logger.log_metric_by_epoch": True,
        }
    )
    runner = Runner.from_cfg(cfg)
    runner.train()
    lines = [
        json.loads(line) for line in next(tmp_path.glob("*/vis_data/scalars.json")).read_text().splitlines()
    ]
    history = runner.message_hub.get_scalar("train/loss").data[0]
    accuracy = [line["accuracy/top1"] for line in lines if "accuracy/top1" in line]

    capsys.readouterr()
    _, losses = runpy.run_path(str(EXAMPLE))["train"](epochs=20, stop_after=EPOCHS)
    printed = [line.rpartition("top-1 ")[2] for line in capsys.readouterr().out.splitlines()]
    assert losses == history.tolist()
    assert printed == [f"{value:.2f} %" for value in accuracy]
