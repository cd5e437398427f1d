"""Registries: from the ``type`` in a config to the class that it names, and to the object.

``registry.py`` has the class, ``building.py`` builds what a config describes, and ``explanations.py`` says
what to do about a name that is not there. The registries themselves are here.
"""

from mmpretrain.arguments import blamed, check_accepts, check_arguments
from mmpretrain.blame import locate, quoted
from mmpretrain.registry.building import (
    build_from_cfg,
    build_model_from_cfg,
    build_runner_from_cfg,
    resolve_type,
)
from mmpretrain.registry.explanations import find_class
from mmpretrain.registry.registry import ALL, SCOPES, Registry

RUNNERS = Registry("runner", build_func=build_runner_from_cfg, locations=["mmpretrain.engine.runner"])
RUNNER_CONSTRUCTORS = Registry("runner constructor")
LOOPS = Registry("loop", locations=["mmpretrain.engine.runner"])
HOOKS = Registry("hook", locations=["mmpretrain.engine.hooks", "mmpretrain.compat.hooks"])
LOG_PROCESSORS = Registry("log processor", locations=["mmpretrain.engine.runner", "mmpretrain.compat.runner"])
STRATEGIES = Registry("strategy", locations=["mmpretrain.engine.runner", "mmpretrain.compat.runner"])
OPTIMIZERS = Registry("optimizer", locations=["mmpretrain.engine.optimizers"])
OPTIM_WRAPPERS = Registry(
    "optimizer wrapper", locations=["mmpretrain.engine.optimizers", "mmpretrain.compat.optimizers"]
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    "optimizer wrapper constructor", locations=["mmpretrain.engine.optimizers"]
)
PARAM_SCHEDULERS = Registry(
    "parameter scheduler", locations=["mmpretrain.engine.schedulers", "mmpretrain.compat.schedulers"]
)
DATASETS = Registry("dataset", locations=["mmpretrain.datasets"])
DATA_SAMPLERS = Registry("data sampler", locations=["mmpretrain.datasets.samplers"])
TRANSFORMS = Registry(
    "transform", locations=["mmpretrain.datasets.transforms", "mmpretrain.compat.transforms"]
)
FUNCTIONS = Registry("function", locations=["mmpretrain.datasets"])
MODELS = Registry("model", build_func=build_model_from_cfg, locations=["mmpretrain.models"])
MODEL_WRAPPERS = Registry("model wrapper", locations=["mmpretrain.engine.runner", "mmpretrain.compat.runner"])
WEIGHT_INITIALIZERS = Registry("weight initializer", locations=["mmpretrain.models"])
BATCH_AUGMENTS = Registry("batch augment", locations=["mmpretrain.models", "mmpretrain.compat.models"])
BATCH_TRANSFORMS = Registry("batch transform", locations=["mmpretrain.datasets.batched"])
TASK_UTILS = Registry("task util", locations=["mmpretrain.models"])
METRICS = Registry("metric", locations=["mmpretrain.evaluation", "mmpretrain.compat.evaluation"])
EVALUATORS = Registry("evaluator", locations=["mmpretrain.evaluation"])
VISUALIZERS = Registry("visualizer", locations=["mmpretrain.visualization"])
VISBACKENDS = Registry("visualization backend", locations=["mmpretrain.visualization"])

ALL.update((key, value) for key, value in list(vars().items()) if isinstance(value, Registry))

__all__ = [
    "ALL",
    "BATCH_AUGMENTS",
    "BATCH_TRANSFORMS",
    "DATASETS",
    "DATA_SAMPLERS",
    "EVALUATORS",
    "FUNCTIONS",
    "HOOKS",
    "LOG_PROCESSORS",
    "LOOPS",
    "METRICS",
    "MODELS",
    "MODEL_WRAPPERS",
    "OPTIMIZERS",
    "OPTIM_WRAPPERS",
    "OPTIM_WRAPPER_CONSTRUCTORS",
    "PARAM_SCHEDULERS",
    "RUNNERS",
    "RUNNER_CONSTRUCTORS",
    "SCOPES",
    "STRATEGIES",
    "TASK_UTILS",
    "TRANSFORMS",
    "VISBACKENDS",
    "VISUALIZERS",
    "WEIGHT_INITIALIZERS",
    "Registry",
    "build_from_cfg",
    "blamed",
    "build_model_from_cfg",
    "check_accepts",
    "check_arguments",
    "find_class",
    "locate",
    "quoted",
    "resolve_type",
]
