"""The backbone of a pre-trained model in its own file."""

from __future__ import annotations

import pytest
import torch

from mmpretrain.apis import open_model
from mmpretrain.engine.hooks import SaveBackboneHook
from mmpretrain.errors import ConfigError


def test_of_a_classifier(make_runner, tmp_path):
    """Without its own config, the hook takes the model's backbone."""
    model = {"type": "ImageClassifier", "backbone": {"type": "LeNet5"}}
    runner = make_runner(work_dir=str(tmp_path))
    from mmpretrain.registry import MODELS

    runner.cfg["model"] = model
    trained = MODELS.build(model)
    runner.model = trained
    hook = SaveBackboneHook(filename="only.pth")
    hook.after_train(runner)
    opened = open_model(hook.path, device="cpu")
    for key, value in opened.backbone.state_dict().items():
        assert torch.equal(value, trained.backbone.state_dict()[key])


def test_wrong_settings(make_runner):
    for name in ("", "a/b.pth", "../b.pth"):
        with pytest.raises(ConfigError, match="filename"):
            SaveBackboneHook(filename=name)
    runner = make_runner()
    with pytest.raises(ConfigError, match="does not know how the backbone is built"):
        SaveBackboneHook().after_train(runner)
    runner.model = torch.nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="a model with a backbone"):
        SaveBackboneHook({"type": "LeNet5"}).after_train(runner)
