"""The runner: builds what a config names, and runs a loop over it."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from torch import nn

from mmpretrain import checkpoints
from mmpretrain.checkpoints.fitting import load_into
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.config import Config
from mmpretrain.engine import session
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.engine.hooks.progress_bar import ProgressBarHook
from mmpretrain.engine.optimizers.builder import build_optim_wrapper, scale_lr
from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.engine.runner import build, checkpoint, launch, speed, workdir
from mmpretrain.engine.runner.dataloader import build_dataloader, stop_workers, worker_deaths_explained
from mmpretrain.engine.runner.hook_list import DEFAULT_HOOKS, HookList
from mmpretrain.engine.runner.log_sinks import build_log_sink
from mmpretrain.engine.runner.properties import RunnerProperties
from mmpretrain.engine.runner.signals import SignalGuard
from mmpretrain.engine.runner.state import MessageHub, RunState
from mmpretrain.engine.schedulers.builder import build_param_schedulers
from mmpretrain.errors import ConfigError, located
from mmpretrain.registry import LOG_PROCESSORS, MODELS, RUNNERS, locate
from mmpretrain.utils.dist import barrier, broadcast_object, sync_random_seed
from mmpretrain.utils.env import apply_switches, collect_env, find_device, set_deterministic
from mmpretrain.utils.logging import attach_run_log, going_on_without
from mmpretrain.utils.plain_data import dump
from mmpretrain.utils.progress import on_terminal
from mmpretrain.utils.seeding import seed_everything


@RUNNERS.register_module()
class Runner(RunnerProperties):
    """Owns the parts of a run. What happens in it is in the loops and the hooks.

    Anything can be given as a config dict or as an object. Parts that only training, validation or test need
    are built when that is asked for.

    Args:
        model: The model.
        work_dir: Where checkpoints and logs go.
        train_dataloader: Training data; together with ``train_cfg`` and ``optim_wrapper``, or not at all.
        val_dataloader: Validation data; together with ``val_cfg`` and ``val_evaluator``, or not at all.
        test_dataloader: Test data; together with ``test_cfg`` and ``test_evaluator``, or not at all.
        train_cfg: The training loop: ``dict(by_epoch=True, max_epochs=...)``, or with a ``type``.
        val_cfg: The validation loop; an empty dict is the usual one.
        test_cfg: The test loop; an empty dict is the usual one.
        auto_scale_lr: ``dict(enable=True, base_batch_size=...)`` scales the rate with the batch size.
        optim_wrapper: The optimizer in its wrapper.
        param_scheduler: How learning rate, momentum and so on change.
        val_evaluator: The metrics of validation.
        test_evaluator: The metrics of test.
        default_hooks: Changes to the usual hooks by name; None leaves one out.
        custom_hooks: More hooks.
        data_preprocessor: That of the model, unless the model's config has its own.
        load_from: Checkpoint to start from, or to resume with ``resume=True``.
        resume: Go on from ``load_from``, or without it from the latest checkpoint in ``work_dir``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        env_cfg: Process-wide switches; see :func:`mmpretrain.utils.env.apply_switches`.
        log_processor: How log lines look.
        log_level: The least level that is logged.
        visualizer: Where numbers and pictures go.
        default_scope: Accepted as upstream does; there is one scope only.
        randomness: ``seed``, ``deterministic``, ``diff_rank_seed``.
        experiment_name: By default, the name of the config file.
        cfg: The whole config. Read from it: ``compile``, ``channels_last``, ``activation_checkpointing``,
            ``model_wrapper_cfg``, ``strategy``, ``device``.
    """

    def __init__(
        self,
        model: nn.Module | dict,
        work_dir: str,
        train_dataloader: Any = None,
        val_dataloader: Any = None,
        test_dataloader: Any = None,
        train_cfg: Any = None,
        val_cfg: Any = None,
        test_cfg: Any = None,
        auto_scale_lr: dict | None = None,
        optim_wrapper: Any = None,
        param_scheduler: Any = None,
        val_evaluator: Any = None,
        test_evaluator: Any = None,
        default_hooks: dict[str, Any] | None = None,
        custom_hooks: list[Any] | None = None,
        data_preprocessor: Any = None,
        load_from: str | None = None,
        resume: bool = False,
        launcher: str = "none",
        env_cfg: dict | None = None,
        log_processor: Any = None,
        log_level: int | str = "INFO",
        visualizer: Any = None,
        default_scope: str = "mmpretrain",
        randomness: dict | None = None,
        experiment_name: str | None = None,
        cfg: Any = None,
    ) -> None:
        build.check_complete("train", train_dataloader, train_cfg, optim_wrapper, last="optim_wrapper")
        build.check_complete("val", val_dataloader, val_cfg, val_evaluator)
        build.check_complete("test", test_dataloader, test_cfg, test_evaluator)
        if param_scheduler is not None and optim_wrapper is None:
            raise ConfigError(
                "param_scheduler needs an optim_wrapper whose rates it can change", key="param_scheduler"
            )
        self.cfg = cfg if cfg is not None else {}
        self._train_dataloader, self._train_loop = train_dataloader, train_cfg
        self._val_dataloader, self._val_loop, self._val_evaluator = val_dataloader, val_cfg, val_evaluator
        self._test_dataloader, self._test_loop, self._test_evaluator = (
            test_dataloader,
            test_cfg,
            test_evaluator,
        )
        self.optim_wrapper, self.param_schedulers = optim_wrapper, param_scheduler
        self.auto_scale_lr = auto_scale_lr
        self.default_scope = default_scope
        self.launcher = launcher
        env_cfg = dict(env_cfg or {})
        launch.init_process_group(launcher, **env_cfg.get("dist_cfg") or {})
        apply_switches(env_cfg)

        self.timestamp = broadcast_object(time.strftime("%Y%m%d_%H%M%S"))
        self.experiment_name = build.name_experiment(experiment_name, self.cfg, self.timestamp)
        work_dir = str(Path(work_dir).expanduser().absolute())
        log_dir = Path(work_dir, self.timestamp)
        self.state = RunState(work_dir, str(log_dir), str(log_dir / f"{self.timestamp}.log"))
        self.state.hub = MessageHub(self.experiment_name, self.state)
        self._signals = SignalGuard(self.state)
        self.randomness: dict[str, Any] = {}
        self.set_randomness(**(randomness or {}))

        build.make_folder(self.log_dir, where=locate(self.cfg, "work_dir"))
        with located(locate(self.cfg, "log_level")):
            self.logger = attach_run_log(self.state.log_path, log_level)
        self._log_environment(env_cfg)
        self.log_processor = self.build_log_processor(log_processor or {})
        self.visualizer = self.build_visualizer(visualizer)
        self.log_sink = build_log_sink(self.visualizer, self.log_dir, self.timestamp)
        if self.cfg:
            self.log_sink.add_config(self.cfg)

        self.store = CheckpointStore(work_dir)
        self._load_from, self._resume, self._has_loaded = load_from, resume, False
        self.state.resuming = resume
        if launch.was_restarted():
            self._load_from, self._resume = None, True
            self.state.resuming = True
        self.pending_rng: dict[str, Any] | None = None
        with located(locate(self.cfg, "device")):
            self.device = find_device(self.cfg.get("device"))
        self.strategy = build.build_strategy(self.cfg, self.device)
        if isinstance(model, dict) and data_preprocessor is not None:
            model = {"data_preprocessor": data_preprocessor, **model}
        self._hooks = HookList()
        with session.under_way(self):  # what is built may ask for the current run
            self.model: Any = self.strategy.wrap(self.strategy.place(self.build_model(model)))
            self.register_hooks(default_hooks, custom_hooks)
        hooks = f"Hooks will be executed in the following order:\n{self.get_hooks_info()}"
        self.logger.info(hooks, extra={"lengthy": True})
        self.logger.info(f"Environment, config and hooks are in {self.state.log_path}")

    @classmethod
    def from_cfg(cls, cfg: Any) -> Runner:
        """Build a runner from a config."""
        cfg = copy.deepcopy(cfg.modern() if isinstance(cfg, Config) else cfg)
        if "work_dir" not in cfg:
            raise ConfigError(
                "The config has no work_dir", hint="Set work_dir, or give --work-dir.", key="work_dir"
            )
        names = (
            "train_dataloader", "val_dataloader", "test_dataloader", "train_cfg", "val_cfg", "test_cfg",
            "auto_scale_lr", "optim_wrapper", "param_scheduler", "val_evaluator", "test_evaluator",
            "default_hooks", "custom_hooks", "data_preprocessor", "load_from", "experiment_name",
            "log_processor", "visualizer",
        )  # fmt: skip
        return cls(
            model=cfg["model"],
            work_dir=cfg["work_dir"],
            **{name: cfg.get(name) for name in names},
            resume=cfg.get("resume", False),
            launcher=cfg.get("launcher", "none"),
            env_cfg=cfg.get("env_cfg"),
            log_level=cfg.get("log_level", "INFO"),
            default_scope=cfg.get("default_scope", "mmpretrain"),
            randomness=cfg.get("randomness"),
            cfg=cfg,
        )

    # -- running ------------------------------------------------------------------------------------

    def train(self) -> nn.Module:
        """Train, and return the model."""
        if self._train_loop is None:
            raise ConfigError(
                "Training needs train_dataloader, train_cfg and optim_wrapper", key="train_dataloader"
            )
        with self._running(), workdir.held(self.work_dir):
            if self.is_main:
                self.store.clean()
            self.build_training()
            if self._val_loop is not None:
                self._val_loop = self.build_val_loop(self._val_loop)
            self.call_hook("before_run")
            self._init_weights()
            with located(locate(self.cfg, "activation_checkpointing")):
                speed.checkpoint_activations(self.bare_model, self.cfg.get("activation_checkpointing"))
            self.load_or_resume()
            self.optim_wrapper.initialize_count_status(self.model, self.iter, self.max_iters)
            build.announce_length(self.model, self.max_iters)
            with located(locate(self.cfg, "compile")):
                speed.compile_model(self.bare_model, self.cfg.get("compile"))
            workdir.settle(self)
            self.dump_config()
            self.state.training = True
            try:
                model = self.train_loop.run()
            finally:
                self.state.training = False
            self.call_hook("after_run")
        return model

    def build_training(self) -> None:
        """Build the training loop, the optimizer and the schedulers, once."""
        if isinstance(self.optim_wrapper, OptimWrapper) and self.is_training_built:
            return
        self._train_loop = self.build_train_loop(self._train_loop)
        self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        self.scale_lr(self.optim_wrapper, self.auto_scale_lr)
        if self.param_schedulers is not None:
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)

    def val(self) -> dict[str, float]:
        """Validate once, and return the metrics."""
        return self._evaluate("val")

    def test(self) -> dict[str, float]:
        """Test once, and return the metrics."""
        return self._evaluate("test")

    def _evaluate(self, mode: str) -> dict[str, float]:
        loop = getattr(self, f"_{mode}_loop")
        if loop is None:
            raise ConfigError(f"This needs {mode}_dataloader, {mode}_cfg and {mode}_evaluator")
        with self._running():
            setattr(self, f"_{mode}_loop", getattr(self, f"build_{mode}_loop")(loop))
            self.call_hook("before_run")
            self.load_or_resume()
            metrics = getattr(self, f"{mode}_loop").run()
            self.call_hook("after_run")
        return metrics

    def leave_if_interrupted(self, ask: bool = False) -> None:
        """End the run if a signal asked for it: save where it is, say how to go on, and exit.

        Args:
            ask: Ask the other processes even if they were asked a moment ago.

        Raises:
            SystemExit: With 130 after Ctrl-C, and 143 after SIGTERM.
        """
        if self.state.interrupted_by is None and not self.distributed:
            return
        number = self._signals.agreed(ask)
        if number is None:
            return
        if self.is_training_built:
            meta = {"epoch": self.epoch, "iter": self.iter}
            saved = self.save_checkpoint(self.work_dir, "interrupted.pth", meta=meta, by_epoch=False)
            if saved and self.is_main:
                path = str(Path(self.work_dir, "interrupted.pth"))
                self.store.point_to(path)
                self.logger.warning(
                    f"Interrupted after iteration {self.iter}; the state is saved in {path}. "
                    "To go on, give the same command with --resume."
                )
            barrier()  # torchrun ends all as soon as the first has gone
        raise SystemExit(128 + number)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write the metrics of a test as JSON into the log folder."""
        if self.is_main:
            with going_on_without("The file of the metrics"):
                dump(metrics, Path(self.log_dir, f"{self.timestamp}.json"))

    # -- checkpoints --------------------------------------------------------------------------------

    def load_or_resume(self) -> None:
        """Load or resume what ``load_from`` and ``resume`` ask for, once."""
        if self._has_loaded:
            return
        source = self._load_from
        if self._resume and source is None:
            source = workdir.latest(self)
        if source is None:
            return
        if self._resume:
            self.resume(source)
        else:
            self.load_checkpoint(source)
        self._has_loaded = True

    def load_checkpoint(
        self,
        filename: str,
        map_location: Any = "cpu",
        strict: bool | Literal["but surplus"] = False,
        revise_keys: Sequence[tuple[str, str]] = ((r"^module\.", ""),),
    ) -> dict[str, Any]:
        """Load weights into the model, and return what is in the file.

        Args:
            filename: What :func:`mmpretrain.checkpoints.open` takes: a path, the folder of a run, an address,
                a name of the zoo.
            map_location: Where tensors go.
            strict: Whether anything that does not fit is an error; ``'but surplus'`` allows tensors that the
                model does not have.
            revise_keys: Regular expressions and their replacements, applied to keys.
        """
        found = checkpoints.find(filename)
        if found.why:
            self.logger.info(f"{filename}: taking {found.path} ({found.why}).")
        content = checkpoints.read(found, map_location, allocate=self.strategy.allocate)
        self.call_hook("after_load_checkpoint", checkpoint=content)
        weights = weights_of(content)
        weights = self.strategy.fit(self.model, weights)
        report = load_into(self.bare_model, weights, strict=strict, revise_keys=revise_keys, source=filename)
        self.logger.info(f"{filename}: {report.summary()}")
        if strict and report.unexpected:
            self.logger.warning(
                f"{len(report.unexpected)} tensors of {filename} are not part of this model and are passed "
                f"over (such as {report.unexpected[0]}). The run goes on with all of its own."
            )
        return content

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: Any = "cpu",
    ) -> None:
        """Go on from a checkpoint, exactly where the run that wrote it was."""
        self.state.resuming = True
        filename = checkpoints.find(filename, prefer="last").path
        content = self.load_checkpoint(
            filename, "cpu" if map_location == "default" else map_location, strict="but surplus"
        )
        self.build_training()
        with checkpoint.oddities_explained(filename):
            checkpoint.restore(self, content, resume_optimizer, resume_param_scheduler)
        self._has_loaded = True
        self.state.resumed_from = filename
        self.logger.info(f"resumed epoch: {self.epoch}, iter: {self.iter}")

    def restore_rng(self) -> None:
        """Put the random generators back where the checkpoint found them; the loop knows when."""
        state, self.pending_rng = self.pending_rng, None
        checkpoint.restore_rng(state)

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict | None = None,
        by_epoch: bool = True,
        backend_args: dict | None = None,
    ) -> bool:
        """Save a checkpoint; every process must call this.

        Returns:
            Whether it could be written. If not, the log says why, and the earlier ones are untouched.
        """
        if meta is not None and not isinstance(meta, dict):
            raise TypeError(f"meta must be a dict, got {type(meta).__name__}")
        at = {"epoch": self.epoch + by_epoch, "iter": self.iter + (not by_epoch)}
        content = checkpoint.collect(self, {**at, **(meta or {})}, save_optimizer, save_param_scheduler)
        self.call_hook("before_save_checkpoint", checkpoint=content)
        path = self.store.join(out_dir, filename)
        return checkpoint.save_or_say(self, content, path, backend_args or file_client_args)

    # -- hooks --------------------------------------------------------------------------------------

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call a point of all hooks."""
        for function in self._hooks.callers(fn_name):
            function(self, **kwargs)

    def register_hook(self, hook: Hook | dict, priority: str | int | None = None) -> None:
        """Add a hook or its config."""
        self._hooks.register(hook, priority)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """Add the usual hooks, changed by ``hooks``."""
        for hook in {**DEFAULT_HOOKS, **(hooks or {})}.values():
            if hook is not None:
                self.register_hook(hook)
        if on_terminal() and self.is_main:
            self.register_hook(ProgressBarHook())

    def register_custom_hooks(self, hooks: Sequence[Hook | dict]) -> None:
        """Add more hooks."""
        for hook in hooks:
            self.register_hook(hook)

    def register_hooks(
        self, default_hooks: dict[str, Any] | None = None, custom_hooks: Sequence[Hook | dict] | None = None
    ) -> None:
        """Add the usual hooks and more."""
        self.register_default_hooks(default_hooks)
        self.register_custom_hooks(custom_hooks or ())

    def get_hooks_info(self) -> str:
        """Return which hooks run at each point."""
        return self._hooks.describe()

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Take signals, and release what hooks hold open when the run ends by an error."""
        with (
            session.under_way(self),
            worker_deaths_explained(),
            launch.lost_processes_explained(),
            self._signals,
        ):
            try:
                yield
            except BaseException as error:
                if not isinstance(error, SystemExit):
                    launch.abandon_process_group()
                self._hooks.close()
                raise
            finally:
                # The garbage collector would wait five seconds for each worker.
                for loop in (self._train_loop, self._val_loop, self._test_loop):
                    stop_workers(getattr(loop, "dataloader", None))

    # -- building; a subclass can change each part --------------------------------------------------

    def build_model(self, model: Any) -> nn.Module:
        """Return the model."""
        return MODELS.build(model)

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Return the optimizer in its wrapper."""
        return build_optim_wrapper(self.model, optim_wrapper)

    def scale_lr(self, optim_wrapper: Any, auto_scale_lr: dict | None = None) -> None:
        """Scale the learning rate with the batch size."""
        if auto_scale_lr and auto_scale_lr.get("enable"):
            batch_size = self.train_dataloader.batch_size or self.train_dataloader.batch_sampler.batch_size
            factor = scale_lr(optim_wrapper, auto_scale_lr, self.world_size * batch_size)
            self.logger.info(f"The learning rate has been scaled by {factor:g}.")

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """Return the schedulers."""
        return build_param_schedulers(
            scheduler,
            self.optim_wrapper,
            max_epochs=self.max_epochs,
            max_iters=self.max_iters,
            epoch_length=len(self.train_dataloader),
        )

    def build_evaluator(self, evaluator: Any) -> Any:
        """Return an evaluator."""
        return build.build_evaluator(evaluator)

    @staticmethod
    def build_dataloader(dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
        """Return a data loader."""
        return build_dataloader(dataloader, seed, diff_rank_seed)

    def build_train_loop(self, loop: Any) -> Any:
        """Return the training loop."""
        return build.build_train_loop(loop, self, self._train_dataloader)

    def build_val_loop(self, loop: Any) -> Any:
        """Return the validation loop."""
        return build.build_eval_loop(loop, self, "val", self._val_dataloader, self._val_evaluator)

    def build_test_loop(self, loop: Any) -> Any:
        """Return the test loop."""
        return build.build_eval_loop(loop, self, "test", self._test_dataloader, self._test_evaluator)

    def build_log_processor(self, log_processor: Any) -> Any:
        """Return what formats the log."""
        return LOG_PROCESSORS.build(log_processor, default_args={"type": "LogProcessor"})

    def build_visualizer(self, visualizer: Any = None) -> Any:
        """Return the visualizer."""
        return build.build_visualizer(visualizer, self.experiment_name, self.log_dir)

    # -- the environment ----------------------------------------------------------------------------

    def set_randomness(
        self, seed: int | None = None, diff_rank_seed: bool = False, deterministic: bool = False
    ) -> None:
        """Seed all generators; without a seed, draw one."""
        seed = sync_random_seed() if seed is None else int(seed)
        self.randomness = {"seed": seed, "diff_rank_seed": diff_rank_seed, "deterministic": deterministic}
        self.state.seed = seed
        seed_everything(seed + (self.rank if diff_rank_seed else 0))
        if deterministic:
            set_deterministic()

    def dump_config(self) -> None:
        """Write the config into the work folder."""
        if self.is_main and hasattr(self.cfg, "dump"):
            with going_on_without("The copy of the config"):
                self.cfg.dump(self.config_file)

    def _init_weights(self) -> None:
        if hasattr(self.bare_model, "init_weights"):
            with self.strategy.initialising(self.bare_model):
                self.bare_model.init_weights()  # type: ignore[operator]
        self.strategy.after_init(self.model)

    def _log_environment(self, env_cfg: dict[str, Any]) -> None:
        runtime = {
            **env_cfg,
            **self.randomness,
            "Distributed launcher": self.launcher,
            "Distributed training": self.distributed,
            "GPU number": self.world_size,
        }
        lines = ["", "-" * 60, "System environment:"]
        lines += [f"    {key}: {value}" for key, value in collect_env().items()]
        lines += ["", "Runtime environment:"]
        lines += [f"    {key}: {value}" for key, value in runtime.items()]
        self.logger.info("\n".join([*lines, "-" * 60, ""]), extra={"lengthy": True})
        if hasattr(self.cfg, "pretty_text"):
            self.logger.info(f"Config:\n{self.cfg.pretty_text}", extra={"lengthy": True})
