"""Tests of :mod:`mmpretrain.engine.runner.environment`."""

from __future__ import annotations

from pathlib import Path

from mmpretrain.config import Config


def test_the_log_begins_with_machine_settings_config_and_hooks(make_runner):
    runner = make_runner(cfg=Config(dict(device="cpu", answer=42)), randomness=dict(seed=7))
    runner.train()
    text = Path(runner.log_file).read_text()
    places = [text.index(part) for part in ("System environment:", "Runtime environment:", "Config:\n")]
    assert places == sorted(places)
    assert "    seed: 7\n" in text
    assert "    Distributed training: False\n" in text
    assert "answer = 42" in text
    assert "(VERY_HIGH   ) RuntimeInfoHook" in text
