"""Names of commands: former script names lead to a command, unknown names to a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mmpretrain.errors import ConfigError
from mmpretrain.utils.suggest import close_matches

#: Names of the scripts of MMPretrain 1.x and MMClassification 0.x, and the command that took over.
FORMER_SCRIPTS: dict[str, tuple[str, ...]] = {
    "get-flops": ("flops",),
    "publish-model": ("publish",),
    "print-config": ("config", "show"),
    "reparameterize-model": ("reparameterize",),
    "merge-lora-weight": ("merge-lora",),
    "reparameterize-repvgg": ("reparameterize",),
    "ofa": ("convert",),
    "kfold": ("kfold-cross-valid",),
    "convert-imagenet-subsets": ("convert-dataset", "imagenet-subset"),
    "convert-inaturalist": ("convert-dataset", "inaturalist"),
    "convert-flickr30k-ann": ("convert-dataset", "flickr30k"),
    "vis-pipeline": ("browse-dataset",),
    "vis-lr": ("vis-scheduler",),
}

#: Names of the scripts that converted weights: ``convnext_to_mmpretrain``, ``twins2mmcls``.
_CONVERTER = re.compile(r"[\w-]+(-to-|2)(mmpretrain|mmpre|mmcls)(-clip)?")
#: Words for what a command does -> what to type.
MEANT = {
    "cam": "vis-cam", "gradcam": "vis-cam", "grad-cam": "vis-cam", "explain": "vis-cam", "heatmap": "vis-cam",
    "fine-tune": "finetune", "fine_tune": "finetune", "fit": "train", "resume": "train",
    "eval": "test", "evaluate": "test", "val": "test", "validate": "test", "benchmark": "test",
    "infer": "predict", "inference": "predict", "classify": "predict", "run-model": "predict",
    "zoo": "list", "ls": "list", "search": "list", "model-index": "list",
    "params": "flops", "macs": "flops", "complexity": "flops", "summary": "flops", "profile": "flops",
    "fetch": "download", "get": "download", "push": "upload", "share": "upload",
    "clean": "audit", "duplicates": "audit", "dedup": "audit", "leaks": "audit", "outliers": "audit",
    "temperature": "calibrate", "conformal": "calibrate", "ood": "calibrate", "uncertainty": "calibrate",
    "release": "publish", "strip": "publish", "show-config": "config show", "cfg": "config show",
    "migrate": "config migrate", "diff": "config diff", "verify": "verify-dataset",
    "check-data": "verify-dataset", "browse": "browse-dataset", "augment": "browse-dataset",
    "augmentations": "browse-dataset", "dataset": "browse-dataset", "scheduler": "vis-scheduler",
    "schedule": "vis-scheduler", "lr": "vis-scheduler", "tsne": "vis-tsne", "t-sne": "vis-tsne",
    "umap": "vis-tsne", "embeddings": "vis-tsne", "plot": "analyze-logs plot_curve",
    "plot-curve": "analyze-logs plot_curve", "logs": "analyze-logs", "curves": "analyze-logs plot_curve",
    "cal-train-time": "analyze-logs cal_train_time", "results": "analyze-results",
    "errors": "analyze-results",
    "confusion": "confusion-matrix", "metrics": "eval-metric", "metric": "eval-metric",
    "cross-validation": "kfold-cross-valid", "cv": "kfold-cross-valid", "fuse": "reparameterize",
    "deploy": "reparameterize", "switch-to-deploy": "reparameterize", "lora": "merge-lora",
    "convert-model": "convert", "to-mmpretrain": "convert", "env": "doctor", "collect-env": "doctor",
    "version": "--version", "install": "doctor", "info": "doctor", "bias": "shape-bias",
    "shard": "pack", "extract": "unpack",
    "demo-image": "image-demo", "torchserve": "", "mmpretrain2torchserve": "", "mmcls2torchserve": "",
}  # fmt: skip


def modern(word: str, commands: Iterable[str]) -> tuple[str, ...]:
    """Return the words of the command that a word stands for, or the word itself."""
    folded = word.replace("_", "-").lower()
    if folded in commands:
        return (folded,)
    if _CONVERTER.fullmatch(folded):
        return ("convert",)
    return FORMER_SCRIPTS.get(folded, (word,))


def require_known(word: str, commands: Iterable[str]) -> None:
    """Check the name of a command.

    Raises:
        ConfigError: If there is none of that name, with what may have been meant.
    """
    commands = list(commands)
    if word in commands:
        return
    folded = word.replace("_", "-").lower()
    meant = MEANT.get(folded)
    if meant == "":
        hint = "Serving is documented in docs/commands.md, `TorchServe`."
    elif meant is not None:
        hint = f"Did you mean `mmpretrain {meant}`?"
    else:
        former = {old: " ".join(new) for old, new in FORMER_SCRIPTS.items()}
        words = {**MEANT, **former, **{name: name for name in commands}}
        known = {name: target for name, target in words.items() if target.partition(" ")[0] in commands}
        hint = _close(folded, known) or "`mmpretrain --help` lists the commands."
    raise ConfigError(f"there is no command {word!r}", hint=hint)


def _close(word: str, words: dict[str, str]) -> str | None:
    """Did-you-mean in the words to type."""
    found = dict.fromkeys(words[match] for match in close_matches(word, words))
    found.update((words[name], None) for name in words if len(word) > 2 and name.startswith(word))
    quoted = [f"`mmpretrain {target}`" for target in list(found)[:3]]
    return f"Did you mean {' or '.join(quoted)}?" if quoted else None
