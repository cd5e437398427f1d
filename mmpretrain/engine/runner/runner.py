"""The runner: the composition root of a run. What happens in it is in the loops and the hooks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from torch import nn
from torch.serialization import MAP_LOCATION

from mmpretrain import checkpoints
from mmpretrain.checkpoints.meta import dataset_meta
from mmpretrain.checkpoints.store import CheckpointStore
from mmpretrain.engine import session
from mmpretrain.engine.optimizers.builder import build_optim_wrapper, scale_lr
from mmpretrain.engine.runner import build, checkpoint, environment, launch, signals, speed, workdir
from mmpretrain.engine.runner.classes import check_classes
from mmpretrain.engine.runner.dataloader import worker_deaths_explained
from mmpretrain.engine.runner.hook_list import HookList
from mmpretrain.engine.runner.loader_build import build_dataloader
from mmpretrain.engine.runner.log_sinks import build_log_sink
from mmpretrain.engine.runner.parts import Parts
from mmpretrain.engine.runner.plan import RunPlan
from mmpretrain.engine.runner.properties import RunnerProperties
from mmpretrain.engine.runner.state import MessageHub, RunState
from mmpretrain.engine.schedulers.builder import build_param_schedulers
from mmpretrain.errors import ConfigError, located
from mmpretrain.registry import LOG_PROCESSORS, RUNNERS, locate
from mmpretrain.utils.dist import broadcast_object, sync_random_seed
from mmpretrain.utils.env import apply_switches, find_device, set_deterministic
from mmpretrain.utils.logging import attach_run_log, going_on_without
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
        resume: Continue from ``load_from``, or without it from the latest checkpoint in ``work_dir``.
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
        arguments = {name: value for name, value in locals().items() if name != "self"}
        self.plan = plan = RunPlan.of(arguments)
        launch.init_process_group(plan.launcher, **plan.env_cfg.get("dist_cfg") or {})
        apply_switches(plan.env_cfg)

        self.timestamp = broadcast_object(time.strftime("%Y%m%d_%H%M%S"))
        self.experiment_name = build.name_experiment(plan.experiment_name, plan.cfg, self.timestamp)
        folder = Path(plan.work_dir).expanduser().absolute()
        log_dir = folder / self.timestamp
        self.state = RunState(str(folder), str(log_dir), str(log_dir / f"{self.timestamp}.log"))
        self.state.hub = MessageHub(self.experiment_name, self.state)
        self.state.resuming = plan.resume or launch.was_restarted()
        self.signals = signals.SignalGuard(self.state)
        self.set_randomness(**plan.randomness)
        build.make_folder(self.log_dir, where=locate(plan.cfg, "work_dir"))
        with located(locate(plan.cfg, "log_level")):
            self.logger = attach_run_log(self.state.log_path, plan.log_level)
        environment.log_environment(self)
        self.log_processor = self.build_log_processor(plan.log_processor or {})
        self.visualizer = self.build_visualizer(plan.visualizer)
        self.log_sink = build_log_sink(self.visualizer, self.log_dir, self.timestamp)
        if plan.cfg:
            self.log_sink.add_config(plan.cfg)

        self.store = CheckpointStore(folder)
        with located(locate(plan.cfg, "device")):
            self.strategy = build.build_strategy(plan, find_device(plan.device))
        self.parts = Parts(plan, self)
        self.hooks = HookList()
        with session.under_way(self):  # what is built may ask for the current run
            self.model: Any = self.strategy.wrap(self.strategy.place(self.build_model(plan.model_cfg())))
            self.register_hooks(plan.default_hooks, plan.custom_hooks)
        environment.log_hooks(self)

    @classmethod
    def from_cfg(cls, cfg: Any) -> Runner:
        """Build a runner from a config."""
        return cls(**RunPlan.arguments_in(cfg))

    # -- running ------------------------------------------------------------------------------------

    def train(self) -> nn.Module:
        """Train, and return the model."""
        if not self.plan.has("train"):
            raise ConfigError(
                "Training needs train_dataloader, train_cfg and optim_wrapper", key="train_dataloader"
            )
        with self._running(), workdir.held(self.work_dir):
            if self.is_main:
                self.store.clean()
            self.parts.build_training()
            self.val_loop  # noqa: B018 - built now, so that what is wrong with it comes out before the training
            self.call_hook("before_run")
            build.init_weights(self)
            with located(locate(self.cfg, "activation_checkpointing")):
                speed.checkpoint_activations(self.bare_model, self.plan.activation_checkpointing)
            self.load_or_resume()
            self.state.learned_classes = tuple(self.train_loop.classes or ())
            self.optim_wrapper.initialize_count_status(self.model, self.iter, self.max_iters)
            build.announce_length(self.model, self.max_iters)
            with located(locate(self.cfg, "compile")):
                speed.compile_model(self.bare_model, self.plan.compile)
            workdir.settle(self)
            self.dump_config()
            with self.state.in_training():
                model = self.train_loop.run()
            self.call_hook("after_run")
        return model

    def val(self) -> dict[str, float]:
        """Validate once, and return the metrics."""
        return self._evaluate("val")

    def test(self) -> dict[str, float]:
        """Test once, and return the metrics."""
        return self._evaluate("test")

    def _evaluate(self, mode: Literal["val", "test"]) -> dict[str, float]:
        if not self.plan.has(mode):
            raise ConfigError(f"This needs {mode}_dataloader, {mode}_cfg and {mode}_evaluator")
        with self._running():
            loop = self.val_loop if mode == "val" else self.test_loop
            self.call_hook("before_run")
            self.load_or_resume()
            check_classes(self, mode, loop.classes)
            metrics = loop.run()
            self.call_hook("after_run")
        return metrics

    @contextmanager
    def _running(self) -> Iterator[None]:
        """Take signals, and release what hooks and loaders hold open when the run is over."""
        explained = worker_deaths_explained(), launch.lost_processes_explained()
        with session.under_way(self), explained[0], explained[1], self.signals:
            try:
                yield
            except BaseException as error:
                if not isinstance(error, SystemExit):
                    launch.abandon_process_group()
                self.log_sink.flush()
                self.hooks.close()
                raise
            finally:
                self.parts.stop_workers()

    def leave_if_interrupted(self, ask: bool = False) -> None:
        """End the run if a signal asked for it; see :func:`.signals.leave`."""
        if self.state.interrupted_by is not None or self.distributed:
            signals.leave(self, self.signals, ask)

    # -- checkpoints --------------------------------------------------------------------------------

    def load_or_resume(self) -> None:
        """Load or resume what ``load_from`` and ``resume`` ask for, once."""
        if self.state.loaded_from is not None:
            return
        source = None if launch.was_restarted() else self.plan.load_from
        if self.state.resuming:
            source = source or workdir.latest(self)
            if source is not None:
                self.resume(source)
        elif source is not None:
            self.load_checkpoint(source)

    def load_checkpoint(
        self,
        filename: str,
        map_location: MAP_LOCATION = "cpu",
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
        content = checkpoint.load_weights(self, filename, map_location, strict, revise_keys)
        self.state.loaded_from = filename
        self.state.learned_classes = (dataset_meta(content) or {}).get("classes", ())
        return content

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: MAP_LOCATION = "cpu",
    ) -> None:
        """Continue from a checkpoint, exactly where the run that wrote it was.

        Args:
            filename: As for :meth:`load_checkpoint`; of the folder of a run, its last checkpoint counts.
            resume_optimizer: Restore the optimizer, and the gradients that it has accumulated.
            resume_param_scheduler: Restore the schedulers.
            map_location: Where tensors go.

        Raises:
            CheckpointError: If the checkpoint lacks what a run needs to continue.
        """
        self.state.resuming = True
        filename = checkpoints.find(filename, prefer="last").path
        place = "cpu" if map_location == "default" else map_location
        content = self.load_checkpoint(filename, place, strict="but surplus")
        self.parts.build_training()
        with checkpoint.oddities_explained(filename):
            checkpoint.restore(self, content, resume_optimizer, resume_param_scheduler)
        self.state.resumed_from = filename
        self.logger.info(f"resumed epoch: {self.epoch}, iter: {self.iter}")

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
        """Save a checkpoint; see :meth:`.Session.save_checkpoint`. Every process must call this."""
        if meta is not None and not isinstance(meta, dict):
            raise TypeError(f"meta must be a dict, got {type(meta).__name__}")
        at = {"epoch": self.epoch + by_epoch, "iter": self.iter + (not by_epoch)}
        content = checkpoint.collect(self, {**at, **(meta or {})}, save_optimizer, save_param_scheduler)
        self.call_hook("before_save_checkpoint", checkpoint=content)
        path = self.store.join(out_dir, filename)
        return checkpoint.save_or_say(self, content, path, backend_args or file_client_args)

    def dump_config(self) -> None:
        """Write the config into the work folder."""
        if self.is_main and hasattr(self.cfg, "dump"):
            with going_on_without("The copy of the config"):
                self.cfg.dump(self.config_file)

    # -- hooks --------------------------------------------------------------------------------------

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call a point of all hooks."""
        self.hooks.call(fn_name, self, kwargs)

    def register_hook(self, hook: Any, priority: str | int | None = None) -> None:
        """Add a hook or its config."""
        self.hooks.register(hook, priority)

    def register_default_hooks(self, hooks: Mapping[str, Any] | None = None) -> None:
        """Add the usual hooks, changed by ``hooks``."""
        for hook in build.default_hooks(hooks):
            self.register_hook(hook)

    def register_custom_hooks(self, hooks: Sequence[Any]) -> None:
        """Add more hooks."""
        for hook in hooks:
            self.register_hook(hook)

    def register_hooks(
        self, default_hooks: Mapping[str, Any] | None = None, custom_hooks: Sequence[Any] | None = None
    ) -> None:
        """Add the usual hooks and more."""
        self.register_default_hooks(default_hooks)
        self.register_custom_hooks(custom_hooks or ())

    def get_hooks_info(self) -> str:
        """Return which hooks run at each point."""
        return self.hooks.describe()

    # -- how parts are built; a subclass can change each --------------------------------------------

    def build_model(self, model: Any) -> nn.Module:
        """Return the model."""
        return build.build_model(model)

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Return the optimizer in its wrapper."""
        return build_optim_wrapper(self.model, optim_wrapper)

    def scale_lr(self, optim_wrapper: Any, auto_scale_lr: Mapping[str, Any] | None = None) -> None:
        """Scale the learning rate with the batch size."""
        if auto_scale_lr and auto_scale_lr.get("enable"):
            batch_size = self.train_dataloader.batch_size or self.train_dataloader.batch_sampler.batch_size
            factor = scale_lr(optim_wrapper, auto_scale_lr, self.world_size * batch_size)
            self.logger.info(f"The learning rate has been scaled by {factor:g}.")

    def build_param_scheduler(self, scheduler: Any) -> Any:
        """Return the schedulers."""
        length = len(self.train_dataloader)  # the loop knows how long the run is
        ends = {"max_epochs": self.max_epochs, "max_iters": self.max_iters}
        return build_param_schedulers(scheduler, self.optim_wrapper, **ends, epoch_length=length)

    def build_evaluator(self, evaluator: Any) -> Any:
        """Return an evaluator."""
        return build.build_evaluator(evaluator)

    @staticmethod
    def build_dataloader(dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False) -> Any:
        """Return a data loader."""
        return build_dataloader(dataloader, seed, diff_rank_seed)

    def build_train_loop(self, loop: Any) -> Any:
        """Return the training loop."""
        return build.build_train_loop(loop, self, self.plan.train_dataloader)

    def build_val_loop(self, loop: Any) -> Any:
        """Return the validation loop."""
        plan = self.plan
        return build.build_eval_loop(loop, self, "val", plan.val_dataloader, plan.val_evaluator)

    def build_test_loop(self, loop: Any) -> Any:
        """Return the test loop."""
        plan = self.plan
        return build.build_eval_loop(loop, self, "test", plan.test_dataloader, plan.test_evaluator)

    def build_log_processor(self, log_processor: Any) -> Any:
        """Return what formats the log."""
        return LOG_PROCESSORS.build(log_processor, default_args={"type": "LogProcessor"})

    def build_visualizer(self, visualizer: Any = None) -> Any:
        """Return the visualizer."""
        return build.build_visualizer(visualizer, self.experiment_name, self.log_dir)

    def set_randomness(
        self, seed: int | None = None, diff_rank_seed: bool = False, deterministic: bool = False
    ) -> None:
        """Seed all generators; without a seed, draw one."""
        state = self.state
        state.seed = sync_random_seed() if seed is None else int(seed)
        state.diff_rank_seed, state.deterministic = diff_rank_seed, deterministic
        seed_everything(state.seed + (state.rank if diff_rank_seed else 0))
        if deterministic:
            set_deterministic()
