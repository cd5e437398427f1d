"""Each ``{type: ...}`` node against the signature of what it names, without building anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmpretrain.arguments import misfits
from mmpretrain.config.checks.problem import Problem, problem
from mmpretrain.config.lazy import LazyObject
from mmpretrain.config.node import ConfigDict
from mmpretrain.config.tracked import raw_items
from mmpretrain.errors import MMPretrainError, NotRegisteredError
from mmpretrain.registry import ALL, Registry, resolve_type
from mmpretrain.signature import read
from mmpretrain.utils.suggest import did_you_mean

#: Where nodes of each registry are: top-level keys.
_ROOTS = {
    "model": "MODELS",
    "data_preprocessor": "MODELS",
    "tta_model": "MODELS",
    "train_dataloader": "DATASETS",
    "val_dataloader": "DATASETS",
    "test_dataloader": "DATASETS",
    "tta_pipeline": "TRANSFORMS",
    "val_evaluator": "METRICS",
    "test_evaluator": "METRICS",
    "optim_wrapper": "OPTIM_WRAPPERS",
    "param_scheduler": "PARAM_SCHEDULERS",
    "train_cfg": "LOOPS",
    "val_cfg": "LOOPS",
    "test_cfg": "LOOPS",
    "default_hooks": "HOOKS",
    "custom_hooks": "HOOKS",
    "visualizer": "VISUALIZERS",
    "log_processor": "LOG_PROCESSORS",
    "strategy": "STRATEGIES",
}
#: Keys below which nodes of another registry are.
_BY_KEY = {
    "dataset": "DATASETS",
    "datasets": "DATASETS",
    "sampler": "DATA_SAMPLERS",
    "batch_sampler": "DATA_SAMPLERS",
    "collate_fn": "FUNCTIONS",
    "worker_init_fn": "FUNCTIONS",
    "pipeline": "TRANSFORMS",
    "train_pipeline": "TRANSFORMS",
    "transforms": "TRANSFORMS",
    "policies": "TRANSFORMS",
    "init_cfg": "WEIGHT_INITIALIZERS",
    "augments": "BATCH_AUGMENTS",
    "batch_augments": "BATCH_AUGMENTS",
    "batch_transforms": "BATCH_TRANSFORMS",
    "optimizer": "OPTIMIZERS",
    "vis_backends": "VISBACKENDS",
    "loss": "MODELS",
    "metrics": "METRICS",
    "model_wrapper": "MODEL_WRAPPERS",
    "data_preprocessor": "MODELS",
}
#: What a section without a type stands for.
_DEFAULT_TYPES = {
    "optim_wrapper": "OptimWrapper",
    "val_cfg": "ValLoop",
    "test_cfg": "TestLoop",
    "log_processor": "LogProcessor",
    "visualizer": "Visualizer",
    "data_preprocessor": "ClsDataPreprocessor",
    "model.data_preprocessor": "ClsDataPreprocessor",
}
#: Keys that builders take out of a node, by registry.
_TAKEN_OUT = {
    "HOOKS": {"priority"},
    "OPTIM_WRAPPERS": {"constructor", "paramwise_cfg"},
    "PARAM_SCHEDULERS": {"convert_to_iter_based"},
    "LOOPS": {"by_epoch"},
    "TRANSFORMS": {"magnitude_key", "magnitude_range"},  # of the policies of RandAugment
}
#: Arguments that builders add, by registry.
_ADDED = {
    "PARAM_SCHEDULERS": {"optimizer"},
    "OPTIMIZERS": {"params"},
    "LOOPS": {"runner", "dataloader", "evaluator"},
    "DATA_SAMPLERS": {"dataset", "sampler", "batch_size"},
    "OPTIM_WRAPPERS": {"optimizer"},
    "VISBACKENDS": {"save_dir"},
}
#: Registries that a node may belong to instead: models hold all kinds of parts.
_ALSO = {
    "MODELS": ("TASK_UTILS", "TRANSFORMS", "FUNCTIONS", "BATCH_AUGMENTS", "WEIGHT_INITIALIZERS"),
    "METRICS": ("EVALUATORS",),
}
#: Components nested in these are of other kinds, which the keys above tell if anything does.
_FLAT = {"HOOKS", "LOG_PROCESSORS", "LOOPS", "OPTIM_WRAPPERS", "STRATEGIES", "VISUALIZERS"}
#: Keys below which a ``type`` names no component: which layers LoRA changes, which ones FSDP cuts.
_NO_NODES = {"targets", "auto_wrap_policy"}
#: Parts of a model whose arguments are all in the config; deeper ones get some from their parents.
_WHOLE = {"model", "model.backbone", "model.neck", "model.head"}


@dataclass(frozen=True)
class Node:
    """A dict that names a type.

    Attributes:
        values: The dict.
        path: Its key path.
        registry: Name of the registry that it belongs to.
        loose: Whether other code changes the dict before it builds from it, so that only the type is known.
    """

    values: Mapping[str, Any]
    path: str
    registry: str
    loose: bool = False


def nodes(cfg: Mapping[str, Any]) -> Iterator[Node]:
    """Yield all dicts of a config that name a type, with the registry that each belongs to."""
    for key, registry in _ROOTS.items():
        if cfg.get(key) is not None:
            yield from _walk(cfg[key], key, key, registry)


def _walk(value: Any, path: str, key: str, registry: str, loose: bool = False) -> Iterator[Node]:
    if isinstance(value, Mapping):
        registry = _BY_KEY.get(key, registry)
        loose = loose or registry == "FUNCTIONS" or key == "override"
        loose = loose or (registry == "MODELS" and (key.endswith("_cfg") or "pretrained" in value))
        kind = value.get("type", _DEFAULT_TYPES.get(path)) if registry else None
        if path == "train_cfg" and kind is None:
            by_epoch = value.get("by_epoch", "max_iters" not in value)
            kind = "EpochBasedTrainLoop" if by_epoch else "IterBasedTrainLoop"
        if kind is not None:
            yield Node({**dict(raw_items(value)), "type": kind}, path, registry, loose)
            registry = "" if registry in _FLAT else registry
        if str(kind).rpartition(".")[2] in {"Albumentations", "Albu"}:
            return  # what is inside are transforms of another package
        for name, item in raw_items(value):
            if name not in _NO_NODES:
                yield from _walk(item, f"{path}.{name}", str(name), registry, loose)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _walk(item, f"{path}.{index}", key, registry, loose)


def check_signatures(cfg: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that each type exists and takes the arguments that it is given."""
    for node in nodes(cfg):
        try:
            target = _target(node)
        except MMPretrainError as error:
            yield problem(cfg, f"{node.path}.type", error.message, error.hint)
            continue
        except ImportError as error:
            yield problem(cfg, f"{node.path}.type", f"{node.values['type']} does not import: {error}")
            continue
        if not node.loose:
            yield from _check_arguments(cfg, node, target)


def _target(node: Node) -> Any:
    registry: Registry = ALL[node.registry]
    kind = node.values["type"]
    try:
        return resolve_type(kind, registry)
    except NotRegisteredError:
        for name in _ALSO.get(node.registry, ()):
            if isinstance(kind, str) and (found := ALL[name].get(kind)) is not None:
                return found
        raise


def _check_arguments(cfg: Mapping[str, Any], node: Node, target: Any) -> Iterator[Problem]:
    signature = read(target)
    if signature is None:
        return
    given = {key: value for key, value in node.values.items() if key not in {"type", "_scope_"}}
    for key in _TAKEN_OUT.get(node.registry, ()):
        given.pop(key, None)
    label = _label(node.values["type"])
    wrong = dict(misfits(target, given))
    for key in given:
        path = f"{node.path}.{key}"
        if not signature.takes(key):
            hint = _left_over(cfg, node, key) or did_you_mean(key, signature.all)
            hint = hint or f"It accepts: {', '.join(signature.all) or 'no arguments'}."
            yield problem(cfg, path, f"{label} has no argument {key!r}", hint)
            continue
        if key in wrong:
            yield problem(cfg, path, f"{label}.{wrong[key]}")
    if node.registry == "MODELS" and node.path not in _WHOLE:
        return
    missing = signature.missing([*given, *_ADDED.get(node.registry, ())])
    if missing:
        plural = "s" if len(missing) > 1 else ""
        yield problem(cfg, node.path, f"{label} needs the argument{plural} {', '.join(map(repr, missing))}")


def _left_over(cfg: Mapping[str, Any], node: Node, key: str) -> str | None:
    """Return what to do about an argument of the base config's type, where a config changed only the type."""
    if not isinstance(cfg, ConfigDict):
        return None
    kind, argument = cfg.source(f"{node.path}.type"), cfg.source(f"{node.path}.{key}")
    if kind is None or kind.before is None or argument is None or argument.file == kind.file:
        return None
    former = _label(kind.before[1])
    return f"It was set for {former}: to leave out what that had, add _delete_=True at {kind.place}."


def _label(kind: Any) -> str:
    if isinstance(kind, LazyObject):
        return kind.dump_str
    return kind if isinstance(kind, str) else getattr(kind, "__name__", repr(kind))
