"""``optimizer``, ``optimizer_config``, ``fp16``, ``lr_config``, ``momentum_config``, ``runner``."""

from __future__ import annotations

from typing import Any

from mmpretrain.compat.schedulers.policies import OPTIONS
from mmpretrain.compat.v0.translation import Old, Translation, sourced
from mmpretrain.config.merge import merge_into
from mmpretrain.config.node import ConfigDict, make_node
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import raw
from mmpretrain.registry import HOOKS
from mmpretrain.utils.suggest import did_you_mean

_ACCUMULATING = {"GradientCumulativeOptimizerHook", "GradientCumulativeFp16OptimizerHook"}
_HALF = {"Fp16OptimizerHook", "GradientCumulativeFp16OptimizerHook"}
#: Of MMClassification itself, for several processes.
_OWN_OF_0X = {"DistOptimizerHook"}
_CONSTRUCTORS = {"DefaultOptimizerConstructor": "DefaultOptimWrapperConstructor"}


def translate_optimizer(t: Translation) -> None:
    """Translate the optimizer and what was a hook around it into ``optim_wrapper``."""
    source = t.cfg._sources_.get("optimizer")
    optimizer = t.take("optimizer")
    if optimizer:
        for key in ("paramwise_cfg", "constructor"):
            optimizer.move(key, f"optim_wrapper.{key}")
        constructor = t.get("optim_wrapper.constructor")
        if constructor in _CONSTRUCTORS:
            t.set("optim_wrapper.constructor", _CONSTRUCTORS[constructor], source)
        t.say(source, "optimizer", "optim_wrapper.optimizer")
        base = t.get("optim_wrapper.optimizer")
        changed = optimizer.peek("type") not in (None, base.get("type") if base else None)
        if changed or not isinstance(base, ConfigDict):
            t.set("optim_wrapper.optimizer", optimizer.node, source)
        else:
            merge_into(base, optimizer.node)
    _translate_optimizer_config(t, t.take("optimizer_config"))


def _translate_optimizer_config(t: Translation, config: Old) -> None:
    kind = config.take("type", default="OptimizerHook")
    if kind in _OWN_OF_0X:
        kind = "OptimizerHook"
    config.move("grad_clip", "optim_wrapper.clip_grad")
    if t.get("optim_wrapper.clip_grad", 0) is None:
        t.get("optim_wrapper").pop("clip_grad")
    if kind in _ACCUMULATING:
        config.move("cumulative_iters", "optim_wrapper.accumulative_counts")
    elif "update_interval" in config and kind == "OptimizerHook":  # as MMSelfSup called it
        config.move("update_interval", "optim_wrapper.accumulative_counts")
    elif kind not in {"OptimizerHook", *_HALF}:
        _keep_optimizer_hook(t, config, kind)
        return
    for key in ("coalesce", "bucket_size_mb", "distributed"):
        config.drop(key, "gradients are reduced by DistributedDataParallel")
    config.drop("detect_anomalous_params", "set find_unused_parameters=True if some get no gradient")
    half_source = t.cfg._sources_.get("fp16", config.source)
    half = t.cfg.pop("fp16")
    if kind in _HALF or half is not None:
        options = dict(half) if isinstance(half, ConfigDict) else {}
        scale = config.take("loss_scale", default=options.pop("loss_scale", 512.0))
        t.say(half_source, "fp16", "optim_wrapper.type='AmpOptimWrapper'")
        t.merge("optim_wrapper", {"type": "AmpOptimWrapper"}, half_source)
        t.set("optim_wrapper.loss_scale", scale, half_source)
    config.finish("The keys of optim_wrapper in 1.x are clip_grad, accumulative_counts, loss_scale.")


def _keep_optimizer_hook(t: Translation, config: Old, kind: Any) -> None:
    """Let an optimizer hook of the user do its work inside a wrapper."""
    if HOOKS.get(str(kind)) is None:
        config.fail(
            "type",
            f"The optimizer hook {kind!r} cannot be translated: nothing of that name is registered",
            "Register it with HOOKS, in a module that custom_imports names.",
        )
    source = config.source
    hook = {"type": kind, **config.rest()}
    clip = t.get("optim_wrapper.clip_grad")
    if clip is not None:
        hook["grad_clip"] = clip
        t.get("optim_wrapper").pop("clip_grad")
    t.say(source, f"optimizer_config: {kind}", "optim_wrapper.type='HookedOptimWrapper'")
    t.merge("optim_wrapper", {"type": "HookedOptimWrapper", "hook": hook}, source)


def translate_runner(t: Translation) -> None:
    """Translate ``runner`` (or ``total_epochs``) into ``train_cfg``."""
    runner = t.take("runner")
    kind = runner.take("type", default=None)
    if kind not in (None, "EpochBasedRunner", "IterBasedRunner"):
        runner.fail(
            "type",
            f"The runner {kind!r} cannot be translated",
            "A training loop of your own is a class in LOOPS that train_cfg.type names.",
        )
    if kind is not None and t.get("train_cfg.by_epoch") != (kind == "EpochBasedRunner"):
        for key in ("max_epochs", "max_iters", "type"):
            if isinstance(t.get("train_cfg"), ConfigDict):
                t.get("train_cfg").pop(key)
        t.set("train_cfg.by_epoch", kind == "EpochBasedRunner", runner.source_of("type"))
    if kind == "IterBasedRunner" and t.get("log_processor") is None:
        t.set("log_processor", {"type": "OldIterLogProcessor"}, runner.source)
        logger = {"type": "LoggerHook", "log_metric_by_epoch": False}
        t.merge("default_hooks.logger", logger, runner.source)
    runner.move("max_epochs", "train_cfg.max_epochs")
    runner.move("max_iters", "train_cfg.max_iters")
    runner.finish("train_cfg has by_epoch, max_epochs or max_iters, val_begin and val_interval.")
    for key in ("total_epochs", "total_iters"):
        if key in t.cfg:
            source = t.cfg._sources_.get(key)
            new = f"train_cfg.{key.replace('total', 'max')}"
            t.set(new, t.cfg.pop(key), source)
            t.say(source, key, new)
    if isinstance(t.get("train_cfg"), ConfigDict) and "by_epoch" not in t.get("train_cfg"):
        source = runner.source or t.cfg._sources_.get("train_cfg")
        t.set("train_cfg.by_epoch", "max_iters" not in t.get("train_cfg"), source)


# -- learning rate and momentum ---------------------------------------------------------------------

#: Policies by their name in lower case, as :mod:`mmpretrain.engine.schedulers.legacy_policies` names them.
_POLICIES = {
    name.lower(): name
    for name in (
        "fixed", "step", "exp", "poly", "inv", "CosineAnnealing", "FlatCosineAnnealing", "CosineRestart",
        "CosineAnnealingCooldown", "LinearAnnealing", "cyclic", "OneCycle",
    )
}  # fmt: skip
_BY_ITERATION = {"cyclic", "OneCycle"}
_WARMUP = ("warmup", "warmup_iters", "warmup_ratio", "warmup_by_epoch")


def translate_schedules(t: Translation) -> None:
    """Translate ``lr_config`` and ``momentum_config`` into ``param_scheduler``."""
    schedulers: list[Any] | None = None
    for key, kind in (("lr_config", "LR"), ("momentum_config", "Momentum")):
        if key in t.cfg and raw(t.cfg, key) is None:
            t.cfg.pop(key)
        source = t.cfg._sources_.get(key)
        config = t.take(key)
        if config:
            if _keep_updater_hook(t, config, kind, source):
                continue
            if "policy" not in config:
                _complete(t, config)
            if schedulers is None:
                schedulers = _base_schedulers(t) if kind == "Momentum" else []
            schedulers += [sourced(item, source) for item in _schedule(t, config, kind)]
            t.set("param_scheduler", list(schedulers), source)
            t.say(source, key, "param_scheduler")


def _keep_updater_hook(t: Translation, config: Old, kind: str, source: Source | None) -> bool:
    """Make a custom hook of a schedule of the user: ``policy='My'`` names ``MyLrUpdaterHook``."""
    policy = config.peek("policy")
    if policy is None:
        name = config.peek("type")
    elif isinstance(policy, str) and policy.lower() not in _POLICIES:
        title = policy.title() if policy == policy.lower() else policy
        name = f"{title}{'Lr' if kind == 'LR' else 'Momentum'}UpdaterHook"
    else:
        return False
    if not isinstance(name, str) or HOOKS.get(name) is None:
        return False
    options = config.rest()
    options.pop("policy", None)
    options.setdefault("by_epoch", t.get("train_cfg.by_epoch", True))
    hook = sourced({**options, "type": name}, source)
    t.set("custom_hooks", [*(t.get("custom_hooks") or []), hook], source)
    t.cfg.pop("param_scheduler")
    t.say(source, config.path, f"custom_hooks: {name}")
    return True


def _base_schedulers(t: Translation) -> list[Any]:
    base = t.get("param_scheduler")
    return list(base) if isinstance(base, (list, tuple)) else [] if base is None else [base]


def _complete(t: Translation, config: Old) -> None:
    """Add what a partial ``lr_config`` leaves to a base config that is written for 1.x."""
    base = (_base_schedulers(t) or [None])[-1]
    base = base if isinstance(base, ConfigDict) else make_node({}, {})
    kind = base.get("type")
    if kind == "MultiStepLR":
        known = {"policy": "step", "step": list(base["milestones"]), "gamma": base.get("gamma", 0.1)}
    elif kind == "CosineAnnealingLR":
        known = {"policy": "CosineAnnealing", "min_lr": base.get("eta_min", 0)}
    elif kind == "PolyLR":
        known = {"policy": "poly", "power": base.get("power", 1), "min_lr": base.get("eta_min", 0)}
    else:
        config.fail("policy", f"{config.path} has no policy", "Write the schedule as param_scheduler.")
    known["by_epoch"] = base.get("by_epoch", True)
    if "min_lr_ratio" in config:
        known.pop("min_lr", None)
    for key, value in known.items():
        if key not in config:
            config.node.assign(key, value, base._sources_.get("type"))


def _schedule(t: Translation, config: Old, kind: str) -> list[dict[str, Any]]:
    name = config.peek("policy")
    policy = _POLICIES.get(str(name).lower())
    if policy is None:
        config.fail("policy", f"There is no policy {name!r}", did_you_mean(str(name), _POLICIES.values()))
    config.take("policy")
    by_epoch_run = t.get("train_cfg.by_epoch", True)
    by_epoch = config.take("by_epoch", default=by_epoch_run and policy not in _BY_ITERATION)
    warmup = {key: config.take(key) for key in _WARMUP if key in config}
    options = {OPTIONS.get(key, key): value for key, value in config.rest().items()}
    if policy in _BY_ITERATION and by_epoch:
        config.fail("by_epoch", f"Policy {name} always counts iterations: by_epoch must be False")
    if by_epoch and not by_epoch_run:
        # MMCV never got to the regular schedule then, nor to its warm-up.
        t.say(config.source, f"{config.path} by epoch in a run by iteration", "no change of the setting")
        return []
    if by_epoch_run or not warmup.get("warmup_by_epoch"):
        length = t.get("train_cfg.max_epochs" if by_epoch_run else "train_cfg.max_iters")
        native = _native(policy, options, warmup, by_epoch, by_epoch_run, length) if kind == "LR" else None
        if native is not None:
            return native
    else:
        config.fail("warmup_by_epoch", "A run by iteration has no epochs: warmup_by_epoch must be False")
    legacy: dict[str, Any] = {"type": f"Legacy{kind}", "policy": policy}
    legacy["unit"] = "epoch" if by_epoch else "iter"
    legacy.update(options)
    if warmup.get("warmup"):
        length_key = "warmup_epochs" if warmup.get("warmup_by_epoch") else "warmup_iters"
        legacy.update({"warmup": warmup["warmup"], length_key: warmup.get("warmup_iters", 0)})
        legacy["warmup_ratio"] = warmup.get("warmup_ratio", 0.1)
    legacy.update({"by_epoch": True, "convert_to_iter_based": True} if by_epoch_run else {"by_epoch": False})
    return [legacy]


def _native(
    policy: str,
    options: dict[str, Any],
    warmup: dict[str, Any],
    by_epoch: bool,
    by_epoch_run: bool,
    length: int | None,
) -> list[dict[str, Any]] | None:
    """Return schedulers of 1.x with exactly the same curve, or None if there are none."""
    floor = options.get("minimum_ratio", options.get("minimum"))
    main: dict[str, Any] | None = None
    if policy == "step" and floor is None:
        steps = options["step"]
        name = "StepLR" if isinstance(steps, int) else "MultiStepLR"
        main = {"type": name, "step_size" if name == "StepLR" else "milestones": steps}
        main.update(by_epoch=by_epoch, gamma=options.get("gamma", 0.1))
    elif policy == "exp":
        main = {"type": "ExponentialLR", "gamma": options["gamma"], "by_epoch": by_epoch}
    elif policy in ("CosineAnnealing", "poly") and length is not None:
        if policy == "poly":
            floor = options.get("minimum", 0.0)
            main = {"type": "PolyLR", "power": options.get("power", 1.0), "eta_min": floor}
        elif "minimum_ratio" in options:
            main = {"type": "CosineAnnealingLR", "T_max": length, "eta_min_ratio": floor}
        else:
            main = {"type": "CosineAnnealingLR", "T_max": length, "eta_min": floor}
        main.update(by_epoch=by_epoch_run, begin=0, end=length)
        if by_epoch_run and not by_epoch:
            if policy == "poly":
                return None
            main["convert_to_iter_based"] = True
        elif policy == "poly":
            main["end"] = length + 1  # PolyLR is at its minimum one step before its end
    if main is None and policy != "fixed":
        return None
    mains = [main] if main is not None else []
    kind = warmup.get("warmup")
    if kind is None:
        return mains
    # Schedulers of 1.x multiply the value that they find. Together with a warm-up that gives the product of
    # both curves only where the regular one is a product too: not where it goes down to some minimum.
    if kind == "exp" or warmup.get("warmup_by_epoch") or floor:
        return None
    factor = "start_factor" if kind == "linear" else "factor"
    first = {
        "type": "LinearLR" if kind == "linear" else "ConstantLR",
        factor: warmup.get("warmup_ratio", 0.1),
    }
    first.update(by_epoch=False, begin=0, end=warmup["warmup_iters"] + 1)
    return [first, *mains]
