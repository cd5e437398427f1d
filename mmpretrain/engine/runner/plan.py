"""The settings of a run, read once before anything is built."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mmpretrain.config import Config
from mmpretrain.errors import ConfigError

#: Top-level keys of a config that are arguments of a runner, too.
ARGUMENTS = (
    "train_dataloader", "val_dataloader", "test_dataloader", "train_cfg", "val_cfg", "test_cfg",
    "auto_scale_lr", "optim_wrapper", "param_scheduler", "val_evaluator", "test_evaluator", "default_hooks",
    "custom_hooks", "data_preprocessor", "load_from", "resume", "launcher", "env_cfg", "log_processor",
    "log_level", "visualizer", "default_scope", "randomness", "experiment_name",
)  # fmt: skip


@dataclass(frozen=True)
class RunPlan:
    """The settings of a run; see :class:`.Runner` for those that are its arguments.

    Attributes:
        cfg: The whole config, for its name and its copy in the work folder.
        device: Where to compute; by default an accelerator if there is one.
        strategy: Arguments of the strategy, without those of the wrapper.
        wrapper: What the config says of the wrapper of several processes.
        channels_last: Store images with channels last.
        compile: What to compile; see :func:`.speed.compile_model`.
        activation_checkpointing: What to compute again; see :func:`.speed.checkpoint_activations`.
    """

    model: Any
    work_dir: str
    train_dataloader: Any = None
    val_dataloader: Any = None
    test_dataloader: Any = None
    train_cfg: Any = None
    val_cfg: Any = None
    test_cfg: Any = None
    auto_scale_lr: Mapping[str, Any] | None = None
    optim_wrapper: Any = None
    param_scheduler: Any = None
    val_evaluator: Any = None
    test_evaluator: Any = None
    default_hooks: Mapping[str, Any] | None = None
    custom_hooks: list[Any] | None = None
    data_preprocessor: Any = None
    load_from: str | None = None
    resume: bool = False
    launcher: str = "none"
    env_cfg: Mapping[str, Any] = field(default_factory=dict)
    log_processor: Any = None
    log_level: int | str = "INFO"
    visualizer: Any = None
    default_scope: str = "mmpretrain"
    randomness: Mapping[str, Any] = field(default_factory=dict)
    experiment_name: str | None = None
    cfg: Any = field(default_factory=dict)
    device: str | None = None
    strategy: Mapping[str, Any] = field(default_factory=dict)
    wrapper: Mapping[str, Any] = field(default_factory=dict)
    channels_last: bool = False
    compile: Any = None
    activation_checkpointing: Any = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> RunPlan:
        """Return the plan for arguments of a runner, with what only their ``cfg`` says.

        Raises:
            ConfigError: If something is missing that goes together with what is there.
        """
        cfg = arguments.get("cfg")
        cfg = {} if cfg is None else cfg
        given = {name: value for name, value in arguments.items() if value is not None}
        wrapper = ("model_wrapper_cfg", "sync_bn", "find_unused_parameters", "static_graph")
        plan = cls(
            **{**given, "cfg": cfg},
            device=cfg.get("device"),
            strategy=cfg.get("strategy") or {},
            wrapper={key.removesuffix("_cfg"): cfg[key] for key in wrapper if cfg.get(key) is not None},
            channels_last=bool(cfg.get("channels_last", False)),
            compile=cfg.get("compile"),
            activation_checkpointing=cfg.get("activation_checkpointing"),
        )
        plan.check()
        return plan

    @staticmethod
    def arguments_in(cfg: Any) -> dict[str, Any]:
        """Return the arguments of a runner that a config holds; the config is copied."""
        cfg = copy.deepcopy(cfg.modern() if isinstance(cfg, Config) else cfg)
        if "work_dir" not in cfg:
            raise ConfigError(
                "The config has no work_dir", hint="Set work_dir, or give --work-dir.", key="work_dir"
            )
        found = {name: cfg[name] for name in ARGUMENTS if cfg.get(name) is not None}
        return {"model": cfg["model"], "work_dir": cfg["work_dir"], **found, "cfg": cfg}

    def check(self) -> None:
        """Complain if only some of what a mode needs is there."""
        self._check_complete("train", "optim_wrapper")
        self._check_complete("val", "val_evaluator")
        self._check_complete("test", "test_evaluator")
        if self.param_scheduler is not None and self.optim_wrapper is None:
            raise ConfigError(
                "param_scheduler needs an optim_wrapper whose rates it can change", key="param_scheduler"
            )

    def _check_complete(self, mode: str, third: str) -> None:
        given = {name: getattr(self, name) for name in (f"{mode}_dataloader", f"{mode}_cfg", third)}
        absent = [name for name, value in given.items() if value is None]
        if absent and len(absent) < len(given):
            raise ConfigError(
                f"{' and '.join(absent)} missing: {', '.join(given)} go together",
                hint=f"Set all three, or set all three to None to do without {mode}.",
            )

    def has(self, mode: str) -> bool:
        """Whether there is something to do in a mode: ``'train'``, ``'val'`` or ``'test'``."""
        return getattr(self, f"{mode}_cfg") is not None

    def model_cfg(self) -> Any:
        """Return the model's config with the data preprocessor in it, or the model."""
        if isinstance(self.model, dict) and self.data_preprocessor is not None:
            return {"data_preprocessor": self.data_preprocessor, **self.model}
        return self.model
