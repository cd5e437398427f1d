"""``evaluation``, ``checkpoint_config``, ``log_config``, ``custom_hooks``, ``workflow``, the environment."""

from __future__ import annotations

import copy
from typing import Any

from mmpretrain.compat.hooks.tables import BACKEND_ARGUMENTS, BACKENDS, CLOSED
from mmpretrain.compat.v0.translation import Old, Translation, pick, sourced
from mmpretrain.config.node import ConfigDict, make_node
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import raw
from mmpretrain.registry import DATASETS, HOOKS
from mmpretrain.utils.brief import brief

# -- evaluation -------------------------------------------------------------------------------------

_SINGLE_LABEL = {"precision": "precision", "recall": "recall", "f1_score": "f1-score", "support": "support"}
_MULTI_LABEL = {"CP", "CR", "CF1", "OP", "OR", "OF1"}
#: What ``evaluation`` and ``test.py --metrics`` name.
RESULTS = {"accuracy", "mAP", *_SINGLE_LABEL, *_MULTI_LABEL}
_MULTI_LABEL_DATASETS = {"VOC", "MultiLabelDataset"}
#: Results by which checkpoints were compared: their name then and now.
_SAVE_BEST = {
    "accuracy": "accuracy/top1",
    "mAP": "multi-label/mAP",
    **{old: f"single-label/{new}" for old, new in _SINGLE_LABEL.items()},
    "CP": "multi-label/precision",
    "CR": "multi-label/recall",
    "CF1": "multi-label/f1-score",
    "OP": "multi-label/precision_micro",
    "OR": "multi-label/recall_micro",
    "OF1": "multi-label/f1-score_micro",
}


def translate_evaluation(t: Translation) -> None:
    """Translate ``evaluation`` into evaluators, the interval of validation and the choice of the best."""
    source = t.cfg._sources_.get("evaluation")
    evaluation = t.take("evaluation")
    if not evaluation and t.get("val_evaluator") is not None:
        return
    evaluation.move("interval", "train_cfg.val_interval")
    if evaluation.peek("start") is not None:
        evaluation.move("start", "train_cfg.val_begin")
    for key in (
        "start",
        "by_epoch",
        "gpu_collect",
        "tmpdir",
        "priority",
        "out_dir",
        "less_keys",
        "greater_keys",
    ):
        if key in evaluation:
            evaluation.drop(key)
    save_best = evaluation.take("save_best")
    if save_best:
        place = "default_hooks.checkpoint"
        key = "auto" if save_best is True else _save_best(save_best)
        t.merge(place, {"type": "CheckpointHook", "save_best": key}, source)
        t.say(source, "evaluation.save_best", f"{place}.save_best={key!r}")
        evaluation.move("rule", f"{place}.rule")
    evaluation.drop("rule", "there is no save_best")
    if _has_own_evaluate(t):
        _keep_evaluate(t, evaluation, source)
        return
    options = evaluation.section("metric_options")
    metric = evaluation.peek("metric")
    for name in [metric] if isinstance(metric, str) else metric or ():
        if name not in RESULTS:
            evaluation.fail(
                "metric",
                f"The metric {name!r} cannot be translated",
                "Name a class of METRICS in val_evaluator and test_evaluator.",
            )
    evaluation.take("metric", "val_evaluator, test_evaluator")
    if metric is None and t.get("val_evaluator") is not None and not options:
        return
    dataset = _innermost(t.get("val_dataloader.dataset") or t.get("test_dataloader.dataset")).get("type")
    metric = metric or ("mAP" if dataset in _MULTI_LABEL_DATASETS else "accuracy")
    names = [metric] if isinstance(metric, str) else list(metric)
    metrics = [sourced(item, source) for item in _metrics(names, options, dataset)]
    options.finish("They are arguments of the metrics in val_evaluator.")
    evaluation.finish("Options of an evaluation are arguments of the metrics in val_evaluator.")
    for split in ("val", "test"):
        if t.get(f"{split}_dataloader") is not None:
            value = metrics[0].copy() if len(metrics) == 1 else [item.copy() for item in metrics]
            t.set(f"{split}_evaluator", value, source)


def _has_own_evaluate(t: Translation) -> bool:
    dataset = _innermost(t.get("val_dataloader.dataset") or t.get("test_dataloader.dataset"))
    kind = DATASETS.get(str(dataset.get("type")))
    method = getattr(kind, "evaluate", None)
    return method is not None and not method.__module__.startswith("mmpretrain.compat.")


def _keep_evaluate(t: Translation, evaluation: Old, source: Source | None) -> None:
    """Let a data set class of the user evaluate, as its ``evaluate`` did in 0.x."""
    options = {"metric": "accuracy", **evaluation.rest()}
    for split in ("val", "test"):
        if t.get(f"{split}_dataloader") is not None:
            value = {"type": "DatasetEvaluate", "split": split, **options}
            t.set(f"{split}_evaluator", sourced(value, source), source)
    t.say(source, "evaluation", "val_evaluator: the data set's own evaluate()")


def _save_best(old: str) -> str:
    if old in _SAVE_BEST or old == "auto":
        return _SAVE_BEST.get(old, old)
    return old.replace("accuracy_top-", "accuracy/top").replace("accuracy_thr", "accuracy/top1_thr")


def _innermost(dataset: Any) -> ConfigDict:
    """Return the data set inside wrappers; of several, the first."""
    while isinstance(dataset, ConfigDict):
        inner = dataset.get("dataset", (dataset.get("datasets") or [None])[0])
        if inner is None:
            return dataset
        dataset = inner
    return make_node({}, {})


def metrics_of(results: list[str], dataset: Any, metric_options: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics that compute these of :data:`RESULTS` for a data set, given its config."""
    options = Translation(make_node({"metric_options": make_node(metric_options, {})}, {})).take(
        "metric_options"
    )
    metrics = _metrics(results, options, _innermost(dataset).get("type"))
    options.finish("They are arguments of the metrics.")
    return metrics


def _metrics(names: list[str], options: Old, dataset: str | None) -> list[dict[str, Any]]:
    """Return the metrics that compute these results."""
    found: list[dict[str, Any]] = []
    topk, thresholds = options.take("topk"), options.take("thrs")
    average = options.take("average_mode")
    threshold = options.take("thr")
    prefix = "VOC" if dataset == "VOC" else ""
    single = [_SINGLE_LABEL[name] for name in names if name in _SINGLE_LABEL]
    multi = [name for name in names if name in _MULTI_LABEL]
    if "accuracy" in names:
        topk = (1, 5) if topk is None else topk
        topk = (topk,) if isinstance(topk, int) else tuple(topk)
        found.append({"type": "Accuracy", "topk": topk})
        if thresholds is not None:
            found[-1]["thrs"] = thresholds
    if single:
        metric: dict[str, Any] = {"type": "SingleLabelMetric", "items": tuple(single)}
        if average is not None:
            metric["average"] = None if average == "none" else average
        if thresholds is not None:
            metric["thrs"] = thresholds
        found.append(metric)
    if "mAP" in names:
        found.append({"type": f"{prefix}AveragePrecision"})
    for letter, mode in (("C", "macro"), ("O", "micro")):
        items = {"P": "precision", "R": "recall", "F1": "f1-score"}
        chosen = tuple(items[name[1:]] for name in multi if name[0] == letter)
        if chosen:
            metric = {"type": f"{prefix}MultiLabelMetric", "items": chosen, "average": mode}
            if threshold is not None or topk is not None:
                metric.update({"thr": threshold} if topk is None else {"topk": topk})
            found.append(metric)
    return found


# -- checkpoints and logs ---------------------------------------------------------------------------


def translate_logging(t: Translation) -> None:
    """Translate ``checkpoint_config`` and ``log_config`` into default hooks and visualization backends."""
    source = t.cfg._sources_.get("checkpoint_config")
    checkpoint = t.take("checkpoint_config")
    if checkpoint:
        for key in ("create_symlink", "sync_buffer"):
            checkpoint.drop(key, "the file last_checkpoint names the latest; buffers: SyncBuffersHook")
        args = checkpoint.rest()
        t.say(source, "checkpoint_config", "default_hooks.checkpoint")
        t.merge("default_hooks.checkpoint", {"type": "CheckpointHook", **args}, source)
        if t.get("train_cfg.by_epoch") is False and "by_epoch" not in args:
            t.set("default_hooks.checkpoint.by_epoch", False, source)
    log_source = t.cfg._sources_.get("log_config")
    log = t.take("log_config")
    if not log:
        return
    t.merge("default_hooks.logger", {"type": "LoggerHook"}, log_source)
    log.move("interval", "default_hooks.logger.interval")
    for hook in log.take("hooks", default=[]):
        _translate_logger(t, log, hook, log_source)
    log.finish("The logger is default_hooks.logger; other targets are in visualizer.vis_backends.")


def _translate_logger(t: Translation, log: Old, hook: ConfigDict, source: Source | None) -> None:
    if not isinstance(hook, ConfigDict):
        log.fail("hooks", f"A hook is a dict with a 'type', got {brief(hook)}", "For example TextLoggerHook.")
    kind = hook.get("type")
    if kind == "TextLoggerHook":
        options = pick(hook, ("interval", "ignore_last"))
        t.merge("default_hooks.logger", options, source)
        return
    backend = BACKENDS.get(str(kind))
    if backend is None and kind not in CLOSED and HOOKS.get(str(kind)) is not None:
        _keep_logger_hook(t, hook, source)
        return
    if backend is None:
        why = CLOSED.get(str(kind), "write a visualization backend, and name it in visualizer.vis_backends")
        log.fail("hooks", f"The logger hook {kind!r} cannot be translated", f"{why[0].upper()}{why[1:]}.")
    options = {new: raw(hook, old) for old, new in BACKEND_ARGUMENTS.items() if old in hook}
    t.say(source, f"log_config.hooks: {kind}", f"visualizer.vis_backends: {backend}")
    backends = t.get("visualizer.vis_backends") or t.get("vis_backends")
    backends = list(backends or sourced({"x": [{"type": "LocalVisBackend"}]}, source).x)
    backends.append(sourced({"type": backend, **options}, hook._sources_.get("type", source)))
    if t.get("visualizer.type") is None:
        t.set("visualizer.type", "UniversalVisualizer", source)
    t.set("visualizer.vis_backends", backends, source)
    if "vis_backends" in t.cfg:
        t.cfg.assign("vis_backends", backends, source)


def _keep_logger_hook(t: Translation, hook: ConfigDict, source: Source | None) -> None:
    """Make a custom hook of a logger hook of the user."""
    new = hook.copy()
    if "interval" not in new:
        new.assign("interval", t.get("default_hooks.logger.interval", 10), source)
    if "priority" not in new:
        new.assign("priority", "VERY_LOW", source)
    t.set("custom_hooks", [*(t.get("custom_hooks") or []), new], source)
    t.say(source, f"log_config: {hook['type']}", "custom_hooks")


def translate_hooks(t: Translation) -> None:
    """Translate ``custom_hooks``; hooks of users stay as they are."""
    hooks = t.get("custom_hooks")
    if not isinstance(hooks, (list, tuple)):
        return
    source = t.cfg._sources_.get("custom_hooks")
    new = []
    for hook in hooks:
        kind = hook.get("type") if isinstance(hook, ConfigDict) else None
        if kind == "EMAHook":
            hook = _ema_hook(t, hook)
        elif kind == "ProfilerHook":
            hook = _profiler_hook(t, hook)
        elif kind in BACKENDS:
            _translate_logger(t, Old(t, sourced({}, source), "custom_hooks"), hook, source)
            continue
        new.append(hook)
    t.cfg.assign("custom_hooks", new, source)


def _ema_hook(t: Translation, old: ConfigDict) -> ConfigDict:
    """Drop the warm-up, which bounded the momentum from above, far above its default."""
    new = old.copy()
    for key in ("warm_up", "resume_from"):
        if key in new:
            t.say(new._sources_.get(key), f"custom_hooks: EMAHook.{key}", "left out")
            new.pop(key)
    return new


def _profiler_hook(t: Translation, old: ConfigDict) -> ConfigDict:
    """Rename what MMCV 1.x called ``profile_iters``, and split its list of activities."""
    new = old.copy()
    if "profile_iters" in new:
        source = new._sources_.get("profile_iters")
        new.assign("profile_times", new.pop("profile_iters"), source)
        t.say(source, "custom_hooks: ProfilerHook.profile_iters", "profile_times")
    if "activities" in new:
        source = new._sources_.get("activities")
        activities = new.pop("activities")
        for device in ("cpu", "cuda"):
            new.assign(f"activity_with_{device}", device in activities, source)
        t.say(source, "custom_hooks: ProfilerHook.activities", "activity_with_cpu, activity_with_cuda")
    return new


# -- the rest ---------------------------------------------------------------------------------------


def translate_workflow(t: Translation) -> None:
    """Translate ``workflow``: a ``val`` phase computed losses on the validation set."""
    if "workflow" not in t.cfg:
        return
    source = t.cfg._sources_.get("workflow")
    workflow = t.cfg.pop("workflow")
    phases = {str(name): int(count) for name, count in workflow}
    if set(phases) <= {"train"}:
        t.say(source, "workflow", "left out: training is what a train loop does")
        return
    if set(phases) != {"train", "val"}:
        Old(t, sourced({"workflow": workflow}, source), "").fail(
            "workflow",
            f"The workflow {workflow!r} cannot be translated",
            "Write a loop, and name it in train_cfg.type.",
        )
    loader = t.get("val_dataloader")
    if loader is None:
        t.say(source, "workflow", "left out: there is no data.val")
        return
    loader = copy.deepcopy(loader)
    pipeline = _innermost(t.get("train_dataloader.dataset")).get("pipeline")
    _innermost(loader["dataset"]).assign("pipeline", copy.deepcopy(pipeline), source)
    hook: dict[str, Any] = {"type": "ValLossHook", "dataloader": loader}
    hook.update(interval=phases["train"], rounds=phases["val"])
    hooks = [*(t.get("custom_hooks") or []), sourced(hook, source)]
    t.set("custom_hooks", hooks, source)
    t.say(source, "workflow", "custom_hooks: ValLossHook")


_ENVIRONMENT = {
    "dist_params": "env_cfg.dist_cfg",
    "cudnn_benchmark": "env_cfg.cudnn_benchmark",
    "mp_start_method": "env_cfg.mp_cfg.mp_start_method",
    "opencv_num_threads": "env_cfg.mp_cfg.opencv_num_threads",
    "seed": "randomness.seed",
    "deterministic": "randomness.deterministic",
}


def translate_environment(t: Translation) -> None:
    """Translate processes, seeds, and where a run starts from."""
    for old, new in _ENVIRONMENT.items():
        if old in t.cfg:
            source = t.cfg._sources_.get(old)
            value = raw(t.cfg, old)
            t.cfg.pop(old)
            t.set(new, value, source)
            t.say(source, old, new)
    for key in ("gpu_ids", "gpus", "device"):
        if key in t.cfg:
            t.say(t.cfg._sources_.get(key), key, "left out: devices are chosen when a run starts")
            t.cfg.pop(key)
    resume = t.cfg._sources_.get("resume_from")
    checkpoint = t.cfg.pop("resume_from")
    if checkpoint is not None:
        t.set("load_from", checkpoint, resume)
        t.set("resume", True, resume)
        t.say(resume, "resume_from", "load_from, resume=True")
    source = t.cfg._sources_.get("auto_resume")
    if t.cfg.pop("auto_resume"):
        t.set("resume", True, source)
        t.say(source, "auto_resume", "resume=True")
