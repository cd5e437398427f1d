"""Tests of :mod:`mmpretrain.engine.hooks.invalid_loss`."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmpretrain.engine.hooks import Hook, invalid_loss
from mmpretrain.errors import TrainingError
from tests.engine import tiny


class Poison(Hook):
    """Makes the weights NaN before an iteration, or in its step."""

    priority = "VERY_HIGH"

    def __init__(self, at, point="before_train_iter"):
        def poison(runner, **kwargs):
            if runner.iter == at:
                runner.model.head.weight.data.fill_(float("nan"))

        setattr(self, point, poison)


@pytest.mark.parametrize(("device", "unseen"), [(False, 50), (True, 50), (True, 3)])
def test_a_loss_that_is_nan_names_the_batch_and_the_last_good_checkpoint(
    make_runner, monkeypatch, device, unseen
):
    """On a device it is noticed later, but nothing is saved until then."""
    monkeypatch.setattr(invalid_loss, "waits_for_device", lambda loss: device)
    monkeypatch.setattr(invalid_loss, "MOST_UNSEEN", unseen)

    class Sample(tuple):
        @property
        def img_path(self):
            return f"images/{self[0]}.png"

    class WithPaths(tiny.NoisyVectors):
        def __getitem__(self, index):
            item = super().__getitem__(index)
            return {**item, "data_samples": Sample(item["data_samples"])}

    runner = make_runner(train_dataloader={**tiny.loader(shuffle=False), "dataset": WithPaths()})
    runner.register_hook(Poison(9))
    with pytest.raises(TrainingError) as info:
        runner.train()
    assert runner.iter == {(False, 50): 9, (True, 50): 16, (True, 3): 10}[device, unseen]
    text = str(info.value)
    assert "nan at iteration 10 (epoch 2, batch 2)" in text
    assert "images/4.png, images/5.png, images/6.png, images/7.png" in text
    assert str(Path(runner.work_dir, "epoch_1.pth")) in text


def test_weights_that_are_nan_are_not_saved(make_runner):
    """The last step before a checkpoint goes wrong, after a loss that was finite."""
    runner = make_runner()
    runner.register_hook(Poison(15, "after_train_iter"))
    with pytest.raises(TrainingError, match=r"head\.weight are not finite after iteration 16.*epoch_1\.pth"):
        runner.train()
    assert not Path(runner.work_dir, "epoch_2.pth").exists()
