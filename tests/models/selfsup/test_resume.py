"""A run that is killed and resumed ends as one that was left alone, to the bit."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import torch

from mmpretrain.checkpoints import serialization
from mmpretrain.engine.hooks import Hook
from mmpretrain.engine.runner import Runner
from tests.models.selfsup.small import small_config, write_images
from tests.models.selfsup.test_zoo_masked import small_masked

#: Methods of different kinds, and the part of their state that a resumed run could lose.
RUNS = {
    "mocov2/mocov2_resnet50_8xb32-coslr-200e_in1k.py": "queue",
    "byol/byol_resnet50_16xb256-coslr-200e_in1k.py": "target_net.steps",
    "swav/swav_resnet50_8xb32-mcrop-coslr-200e_in1k-224px-96px.py": "head.loss_module.prototypes.weight",
    "dino/dino_vit-small-p16_8xb64-amp-coslr-100e_in1k.py": "head.center",
    "dinov2/dinov2_vit-small-p14_8xb64-amp-coslr-100e_in1k.py": "patch_head.steps",
    "simclr/simclr_resnet50_8xb32-coslr-200e_in1k.py": "neck.fc0.weight",
    "mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py": "neck.mask_token",
    "ijepa/ijepa_vit-base-p16_16xb128-amp-coslr-600e_in1k.py": "neck.mask_token",
    "beit/beit_beit-base-p16_8xb256-amp-coslr-300e_in1k.py": "backbone.mask_token",
}
SLOW = (1, 4, 5, 7, 8)
ITERS, KILLED_AT = 6, 4


class Kill(Hook):
    """Kills the process in the middle of an iteration."""

    priority = "VERY_LOW"

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter == KILLED_AT:
            os.kill(os.getpid(), signal.SIGKILL)


def run(name: str, images: Path, work_dir: Path, *, kill: bool = False, resume: bool = False) -> None:
    masked = name.startswith(("mae/", "ijepa/", "beit/"))
    cfg = (small_masked if masked else small_config)(name, images, work_dir, ITERS)
    cfg.work_dir = str(work_dir)
    cfg.default_hooks.checkpoint.interval = 3
    cfg.randomness = dict(seed=0)
    cfg.log_level = "ERROR"
    cfg.resume = resume
    # A schedule that depends on where the run is.
    cfg.param_scheduler = [dict(type="CosineAnnealingLR", T_max=ITERS, by_epoch=False)]
    for hook in cfg.get("custom_hooks", []):
        if hook.type == "SwAVHook":
            hook.frozen_layers_cfg.prototypes = 2
    runner = Runner.from_cfg(cfg)
    if kill:
        runner.register_hook(Kill())
    runner.train()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return write_images(tmp_path_factory.mktemp("images"), 12)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if i in SLOW else []) for i, name in enumerate(RUNS)]
)
def test_killed_and_resumed(name, images, tmp_path):
    run(name, images, tmp_path / "whole")
    child = os.fork()
    if child == 0:
        try:
            run(name, images, tmp_path / "killed", kill=True)
        finally:
            os._exit(1)  # not reached: the process was killed
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert not (tmp_path / "killed" / f"iter_{ITERS}.pth").exists()
    run(name, images, tmp_path / "killed", resume=True)

    whole, resumed = (serialization.load(tmp_path / d / f"iter_{ITERS}.pth") for d in ("whole", "killed"))
    earlier = serialization.load(tmp_path / "whole" / "iter_3.pth")["state_dict"]
    assert RUNS[name] in earlier
    assert not torch.equal(earlier[RUNS[name]], whole["state_dict"][RUNS[name]])  # it moves
    assert_same(whole["state_dict"], resumed["state_dict"])
    assert_same(whole["optimizer"], resumed["optimizer"])
    assert_same(whole["hooks"].get("SwAVHook"), resumed["hooks"].get("SwAVHook"))


def assert_same(first, second) -> None:
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second)
    elif isinstance(first, dict):
        assert list(first) == list(second)
        for key in first:
            assert_same(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for a, b in zip(first, second):
            assert_same(a, b)
    else:
        assert first == second
