"""Keys of 0.x that are left in a config of 1.x, which ignores them."""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError

NEW = """
model = dict(type='ImageClassifier')
train_dataloader = dict(batch_size=4)
train_cfg = dict(by_epoch=True, max_epochs=5)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
"""
LEFT = {
    "runner = dict(type='EpochBasedRunner', max_epochs=5, ipu_model_cfg=dict(a=1))": "runner.ipu_model_cfg",
    "runner = dict(type='IterBasedRunner2', max_iters=5)": "IterBasedRunner2",
    "optimizer_config = dict(type='StrangeHook')": "StrangeHook",
    "evaluation = dict(interval=1, strange=2)": "evaluation.strange",
}


@pytest.mark.parametrize("line", LEFT)
def test_they_are_said_and_ignored(line, tmp_path, caplog):
    (tmp_path / "cfg.py").write_text(NEW + line)
    cfg = Config.fromfile(tmp_path / "cfg.py").modern()
    assert cfg.train_cfg.max_epochs == 5
    assert cfg.optim_wrapper.optimizer.lr == 0.1
    (said,) = [text for text in caplog.messages if LEFT[line] in text]
    assert "1.x ignores it" in said
    assert "cfg.py:6" in said


@pytest.mark.parametrize("line", LEFT)
def test_without_the_keys_of_1x_they_are_mistakes(line, tmp_path):
    (tmp_path / "cfg.py").write_text("model = dict(type='ImageClassifier')\n" + line)
    with pytest.raises(ConfigError, match="cannot be translated"):
        Config.fromfile(tmp_path / "cfg.py").modern()
