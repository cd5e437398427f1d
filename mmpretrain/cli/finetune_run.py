"""Training and testing a config that ``mmpretrain finetune`` has written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmpretrain.cli.shortcuts import Loading
    from mmpretrain.engine.runner import Runner


def train_and_test(
    folder: Path,
    *,
    resume: bool = False,
    device: str | None = None,
    page: bool = True,
    loading: Loading | None = None,
    launcher: str = "none",
) -> tuple[Runner, dict[str, Any]]:
    """Train the config in a folder, there, and test the best checkpoint; record and report are left there."""
    from mmpretrain.cli import test, train
    from mmpretrain.cli.say import shown
    from mmpretrain.errors import CheckpointError

    cfg = _config_in(folder, device)
    train.prepare(cfg, resume="auto" if resume else None, loading=loading, launcher=launcher)
    runner = train.run(cfg, summary=False)
    best = runner.state.best_checkpoint or runner.state.last_checkpoint
    if best is None:
        raise CheckpointError(
            "no checkpoint could be written, so that there is nothing to test",
            where=str(folder),
            hint=f"Make room there, and go on: mmpretrain finetune --resume --out {shown(folder)}",
        )
    cfg = _config_in(folder, device)
    cfg.load_from, cfg.resume, cfg.launcher = str(best), False, launcher
    test.prepare(cfg)
    return runner, test.run(cfg, page=page)


def _config_in(folder: Path, device: str | None) -> Any:
    from mmpretrain.config import Config
    from mmpretrain.finetuning.plan import CONFIG

    cfg = Config.fromfile(folder / CONFIG)
    cfg.work_dir = str(folder)
    if device is not None:
        cfg.device = device
    return cfg
