"""Scripts that make a runner of MMCV 1.x themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mmpretrain.errors import ConfigError


class Net(nn.Module):
    """As the guide to MMCV's runners shows it."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def train_step(self, data, optimizer):
        inputs, labels = data
        loss = nn.functional.cross_entropy(self.fc(inputs), labels)
        return {
            "loss": loss,
            "log_vars": {"loss": loss.detach(), "ce": loss.item()},
            "num_samples": len(labels),
        }


def test_a_model_and_a_loader_of_torch(tmp_path, monkeypatch):
    from mmcv.parallel import MMDataParallel
    from mmcv.runner import EpochBasedRunner, Hook
    from mmcv.utils import get_logger

    seen = []

    class Seeing(Hook):
        def after_train_iter(self, runner, *args, **kwargs):
            seen.append((runner.epoch, runner.inner_iter, runner.current_lr()))

    monkeypatch.chdir(tmp_path)
    model = MMDataParallel(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    data = [(torch.eye(4)[i], i % 2) for i in range(4)]
    loader = torch.utils.data.DataLoader(data, batch_size=2)
    runner = EpochBasedRunner(
        model, optimizer=optimizer, work_dir="work", logger=get_logger("x"), meta={}, max_epochs=2
    )
    before = model.module.fc.weight.detach().clone()
    runner.register_training_hooks(
        dict(policy="step", step=[1]),
        optimizer_config=dict(grad_clip=dict(max_norm=5)),
        checkpoint_config=dict(interval=1),
        log_config=dict(interval=1, hooks=[dict(type="TextLoggerHook")]),
    )
    runner.register_hook(Seeing())
    runner.run([loader], [("train", 1)])
    assert seen == [
        (0, 0, [0.1]),
        (0, 1, [0.1]),
        (1, 0, [pytest.approx(0.01)]),
        (1, 1, [pytest.approx(0.01)]),
    ]
    assert not torch.equal(before, model.module.fc.weight)
    assert Path("work/epoch_2.pth").is_file()
    assert runner.iter == 4, "what the run knows can be asked afterwards"


def test_the_training_function_that_forks_of_0x_copied(old_run):
    """``mmcls/apis/train.py`` of 0.x, in the short."""
    from mmcls.datasets import build_dataloader, build_dataset
    from mmcls.models import build_classifier
    from mmcls.utils import wrap_non_distributed_model
    from mmcv.runner import DistSamplerSeedHook, EvalHook, build_optimizer, build_runner

    old_run.config()
    import mmcv

    cfg = mmcv.Config.fromfile("config.py")
    model = build_classifier(cfg.model)
    model.init_weights()
    loaders = [
        build_dataloader(
            build_dataset(cfg.data.train), samples_per_gpu=2, workers_per_gpu=0, dist=False, seed=0
        )
    ]
    model = wrap_non_distributed_model(model, device="cpu")
    runner = build_runner(
        cfg.runner,
        default_args=dict(
            model=model,
            optimizer=build_optimizer(model, cfg.optimizer),
            work_dir=cfg.work_dir,
            logger=None,
            meta={},
        ),
    )
    runner.timestamp = "20210101_000000"
    runner.register_training_hooks(
        cfg.lr_config, cfg.optimizer_config, cfg.checkpoint_config, cfg.log_config, cfg.get("momentum_config")
    )
    runner.register_hook(DistSamplerSeedHook())
    val = build_dataset(cfg.data.val, dict(test_mode=True))
    hook = EvalHook(
        build_dataloader(val, samples_per_gpu=2, workers_per_gpu=0, dist=False, shuffle=False),
        by_epoch=True,
        interval=1,
        save_best="auto",
        metric="accuracy",
        metric_options=dict(topk=(1,)),
    )
    runner.register_hook(hook, priority="LOW")
    runner.run(loaders, [("train", 1)])
    assert hook.best is not None
    assert hook.best[0] in (50.0, 100.0)
    assert list(Path("work").glob("best_accuracy_top-1_epoch_*.pth"))


def test_results_and_their_evaluation(old_run):
    """What ``tools/test.py`` of 0.x did."""
    from mmcls.apis import single_gpu_test
    from mmcls.datasets import build_dataloader, build_dataset
    from mmcls.models import build_classifier

    cfg = old_run.config()
    model = build_classifier(cfg.model)
    import mmcv

    dataset = build_dataset(mmcv.Config.fromfile("config.py").data.val)
    loader = build_dataloader(dataset, samples_per_gpu=3, workers_per_gpu=0, dist=False, shuffle=False)
    scores = single_gpu_test(model, loader)
    assert [score.shape for score in scores] == [(2,)] * 4
    labels = dataset.get_gt_labels()
    right = np.mean(np.stack(scores).argmax(1) == labels) * 100
    values = dataset.evaluate(scores, metric=["accuracy", "precision"], metric_options=dict(topk=(1,)))
    assert values["accuracy_top-1"] == pytest.approx(right)
    assert set(values) == {"accuracy_top-1", "precision"}
    with pytest.raises(ConfigError, match="There is no metric 'acc'"):
        dataset.evaluate(scores, metric="acc")


def test_what_a_runner_cannot_do():
    from mmcv.runner import IterBasedRunner, build_runner

    with pytest.raises(ConfigError, match="There is no runner 'Mine'"):
        build_runner(dict(type="Mine"))
    runner = IterBasedRunner(Net(), max_iters=3)
    with pytest.raises(ConfigError, match="workflow"):
        runner.run([[], []], [("train", 1), ("val", 1)])
    with pytest.raises(ConfigError, match="needs an optimizer"):
        IterBasedRunner(Net(), max_iters=3).run([[1]])
    layer = nn.Linear(1, 1)
    with pytest.raises(ConfigError, match="Linear has no train_step"):
        IterBasedRunner(layer, optimizer=torch.optim.SGD(layer.parameters(), lr=1), max_iters=3).run([[1]])
    with pytest.raises(AttributeError, match="before run"):
        runner.iter  # noqa: B018
