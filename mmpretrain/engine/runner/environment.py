"""The head of a run's log: machine, settings and hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmpretrain.utils.env import collect_env

if TYPE_CHECKING:
    from mmpretrain.engine.runner.runner import Runner


def log_environment(runner: Runner) -> None:
    """Log the machine, the settings of the process, and the config."""
    state = runner.state
    runtime = {
        **runner.plan.env_cfg,
        "seed": state.seed,
        "diff_rank_seed": state.diff_rank_seed,
        "deterministic": state.deterministic,
        "Distributed launcher": runner.launcher,
        "Distributed training": runner.distributed,
        "GPU number": state.world_size,
    }
    lines = ["", "-" * 60, "System environment:"]
    lines += [f"    {key}: {value}" for key, value in collect_env().items()]
    lines += ["", "Runtime environment:"]
    lines += [f"    {key}: {value}" for key, value in runtime.items()]
    runner.logger.info("\n".join([*lines, "-" * 60, ""]), extra={"lengthy": True})
    if hasattr(runner.cfg, "pretty_text"):
        runner.logger.info(f"Config:\n{runner.cfg.pretty_text}", extra={"lengthy": True})


def log_hooks(runner: Runner) -> None:
    """Log which hooks there are, and where all this can be read."""
    hooks = f"Hooks will be executed in the following order:\n{runner.get_hooks_info()}"
    runner.logger.info(hooks, extra={"lengthy": True})
    runner.logger.info(f"Environment, config and hooks are in {runner.state.log_path}")
