"""Tests of :mod:`mmpretrain.engine.runner.parts`."""

from __future__ import annotations


def test_two_runners_do_not_share_anything(make_runner, tmp_path):
    first = make_runner(work_dir=str(tmp_path / "a"))
    second = make_runner(work_dir=str(tmp_path / "b"))
    assert first.message_hub is not second.message_hub
    assert first.visualizer is not second.visualizer
    first.message_hub.update_info("x", 1)
    assert second.message_hub.get_info("x") is None
    second.train()
    assert first.iter == 0
