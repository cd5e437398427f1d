"""The visualizer of the run, asked for by code of MMEngine's time."""

from __future__ import annotations

from mmpretrain.compat.api import current
from mmpretrain.visualization import UniversalVisualizer, Visualizer


def test_by_name():
    first = UniversalVisualizer.get_instance("a test", vis_backends=[])
    try:
        assert Visualizer.get_instance("a test") is first
        assert first.name == "a test"
    finally:
        current._made.pop("a test")


def test_of_the_run(old_run):
    parts = """
from mmcv.runner import HOOKS, Hook
from mmengine.visualization import Visualizer

@HOOKS.register_module()
class Ask(Hook):
    def before_train(self, runner):
        assert Visualizer.get_current_instance() is runner.visualizer
        runner.logger.info('asked')
"""
    old_run.train("custom_hooks = [dict(type='Ask')]\n", parts)
    assert "asked" in old_run.lines
