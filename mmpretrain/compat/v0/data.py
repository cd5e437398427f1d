"""``data``: data sets, loaders, and the normalisation that pipelines did themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from mmpretrain.compat.v0.transforms import final_normalize, is_old_pipeline, translate_pipeline
from mmpretrain.compat.v0.translation import Old, Translation, sourced
from mmpretrain.config.node import ConfigDict, make_node
from mmpretrain.config.source import Source
from mmpretrain.config.tracked import raw, raw_items
from mmpretrain.registry import TRANSFORMS

SPLITS = ("train", "val", "test")
#: Settings of a loader: name then and now.
_LOADER = {
    "samples_per_gpu": "batch_size",
    "workers_per_gpu": "num_workers",
    "persistent_workers": "persistent_workers",
    "pin_memory": "pin_memory",
    "drop_last": "drop_last",
    "prefetch_factor": "prefetch_factor",
    "timeout": "timeout",
    "multiprocessing_context": "multiprocessing_context",
    "shuffle": "sampler.shuffle",
    "round_up": "sampler.round_up",
}
#: Settings of a loader that torch refuses without workers.
_OF_WORKERS = ("prefetch_factor", "timeout", "multiprocessing_context")
_WRAPPERS = {"RepeatDataset", "ClassBalancedDataset", "KFoldDataset"}
#: Data sets in files of their own format: their prefix was the folder that is ``data_root`` today.
_ROOTED = {"CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "CUB", "VOC"}
_PLACES = ("data_root", "split", "data_prefix", "ann_file")


def translate_data(t: Translation) -> None:
    """Translate ``data`` into three loaders, and the pipelines into 1.x pipelines and a data preprocessor."""
    data = t.take("data")
    if not data:
        return
    drop_normalize = _move_normalize(t, data)
    shared = Old(t, make_node({}, {}), "data")
    for key in _LOADER:
        if key in data:
            shared.node.assign(key, raw(data.node, key), data.source_of(key))
            data.node.pop(key)
    for split in SPLITS:
        _translate_loader(t, data, shared, split, drop_normalize)
    data.finish("Data sets are train, val and test; settings of one loader belong into train_dataloader, ...")
    _translate_sampler(t)
    for key in [key for key, value in raw_items(t.cfg) if is_old_pipeline(value)]:
        pipeline = translate_pipeline(raw(t.cfg, key), drop_normalize=drop_normalize)
        t.cfg.assign(key, pipeline, t.cfg._sources_.get(key))
    t.cfg.pop("img_norm_cfg")


def _translate_loader(t: Translation, data: Old, shared: Old, split: str, drop_normalize: bool) -> None:
    name = f"{split}_dataloader"
    source = data.source_of(split)
    dataset = data.take(split, f"{name}.dataset")
    own = data.section(name)
    if dataset is None and not isinstance(t.get(name), Mapping):
        own.finish(f"There is no data.{split}.")
        return
    if dataset is not None:
        _translate_dataset(t, dataset, name, source, drop_normalize)
    for old, new in _LOADER.items():
        section = own if old in own else shared
        if old in section:
            if section is own or split == "train" or old not in ("shuffle", "drop_last"):
                t.say(section.source_of(old), f"{section.path}.{old}", f"{name}.{new}")
                t.set(f"{name}.{new}", section.peek(old), section.source_of(old))
            own.node.pop(old)
    own.finish(f"A loader has the settings {', '.join(_LOADER)}; others are those of {name} in 1.x.")
    if t.get(f"{name}.num_workers") == 0:
        if t.get(f"{name}.persistent_workers"):
            t.set(f"{name}.persistent_workers", False, source)
        for key in _OF_WORKERS:
            t.get(name).pop(key)
    defaults = {"type": "DefaultSampler", "shuffle": split == "train"}
    for key, value in defaults.items():
        if t.get(f"{name}.sampler.{key}") is None:
            t.set(f"{name}.sampler.{key}", value, source)
    if split != "train" and t.get(f"{split}_cfg") is None:
        t.set(f"{split}_cfg", {}, source)


def _translate_sampler(t: Translation) -> None:
    """``sampler = dict(type='RepeatAugSampler')`` beside ``data`` was the sampler of the training set."""
    sampler = t.get("sampler")
    if isinstance(sampler, ConfigDict) and "type" in sampler:
        source = t.cfg._sources_.get("sampler")
        t.cfg.pop("sampler")
        t.say(source, "sampler", "train_dataloader.sampler")
        t.merge("train_dataloader.sampler", sampler, source)


# -- data sets --------------------------------------------------------------------------------------


def _translate_dataset(
    t: Translation, old: Any, loader: str, source: Source | None, drop_normalize: bool
) -> None:
    testing = not loader.startswith("train")
    if isinstance(old, (list, tuple)):  # several data sets, one after the other
        old = sourced({"type": "ConcatDataset", "datasets": list(old)}, source)
    base = t.get(f"{loader}.dataset")
    base = base if isinstance(base, ConfigDict) else make_node({}, {})
    new = _dataset(old, testing, drop_normalize, base)
    if _kind(new) in _WRAPPERS | {"ConcatDataset"} and _kind(new) != _kind(base):
        t.set(f"{loader}.dataset", new, source)
        return
    # A base config in 1.x gives the places of files relative to each other; 0.x did not.
    if ("data_prefix" in new or "ann_file" in new) and base:
        if "data_prefix" not in new and base.get("split"):
            new.assign("data_prefix", os.path.join(base.get("data_root", ""), base["split"]), source)
        for key in _PLACES:
            base.pop(key)
    t.merge(f"{loader}.dataset", new, source)


def _kind(dataset: Mapping[str, Any]) -> str:
    return str(dataset.get("type", "")).rpartition(".")[2]


def _dataset(old: ConfigDict, testing: bool, drop_normalize: bool, base: ConfigDict) -> ConfigDict:
    """Write one data set for 1.x; one without a type changes that of the base config."""
    source = old._sources_.get("type")
    new = old.copy()
    new.pop("separate_eval")
    if is_old_pipeline(new.get("pipeline")):
        pipeline = translate_pipeline(raw(new, "pipeline"), drop_normalize=drop_normalize)
        if any(_is_own(step) for step in pipeline):
            prefix = new.get("data_prefix", base.get("data_prefix")) or ""
            record = {"type": "OldRecord", "prefix": prefix if isinstance(prefix, str) else ""}
            pipeline = [sourced(record, old._sources_.get("pipeline")), *pipeline]
        new.assign("pipeline", pipeline, old._sources_.get("pipeline"))
    kind = _kind(new) or _kind(base)
    nothing = make_node({}, {})
    if kind in _WRAPPERS and isinstance(new.get("dataset"), ConfigDict):
        inside = base.get("dataset", nothing)
        new.assign("dataset", _dataset(raw(new, "dataset"), testing, drop_normalize, inside), source)
    elif kind == "ConcatDataset":
        parts = [_dataset(part, testing, drop_normalize, nothing) for part in raw(new, "datasets")]
        new.assign("datasets", parts, source)
    elif isinstance(new.get("ann_file"), (list, tuple)) or isinstance(new.get("data_prefix"), (list, tuple)):
        return sourced({"type": "ConcatDataset", "datasets": list(_each_file(new))}, source)
    elif kind in _ROOTED:
        _move_root(new, kind, testing)
    elif new.get("ann_file", "") is None:
        new.assign("ann_file", "", old._sources_.get("ann_file"))
    if kind == "ImageNet21k":
        new.pop("recursion_subdir")
    return new


def _is_own(step: Any) -> bool:
    """Whether a transform is a class of the user, which may ask for ``img_info``."""
    kind = step.get("type") if isinstance(step, Mapping) else None
    found = TRANSFORMS.get(kind) if isinstance(kind, str) else None
    return found is not None and not found.__module__.startswith(("mmpretrain.", "torchvision."))


def _each_file(dataset: ConfigDict) -> Iterator[ConfigDict]:
    """Split a data set with several annotation files into one for each."""
    files, prefixes = dataset.get("ann_file"), dataset.get("data_prefix")
    count = len(files) if isinstance(files, (list, tuple)) else len(prefixes)
    for index in range(count):
        part = dataset.copy()
        for key, value in (("ann_file", files), ("data_prefix", prefixes)):
            if isinstance(value, (list, tuple)):
                part.assign(key, value[index], dataset._sources_.get(key))
        yield part


def _move_root(dataset: ConfigDict, kind: str, testing: bool) -> None:
    source = dataset._sources_.get("data_prefix")
    root = dataset.pop("data_prefix")
    if root is not None:
        root = os.path.dirname(root.rstrip("/")) if kind == "CUB" else root
        dataset.assign("data_root", root, source)
    if kind == "VOC":
        image_set = dataset.pop("ann_file")
        if image_set is not None:
            dataset.assign("image_set_path", os.path.relpath(image_set, root or ""), source)
        dataset.pop("difficult_as_postive")
        return
    for key in ("ann_file", "image_class_labels_file", "train_test_split_file"):
        dataset.pop(key)
    if "type" in dataset:
        testing = dataset.get("test_mode", testing)
        dataset.assign("split", "test" if testing else "train", dataset._sources_.get("type"))


# -- normalisation ----------------------------------------------------------------------------------


def _move_normalize(t: Translation, data: Old) -> bool:
    """Make the data preprocessor normalise, if all pipelines do it alike and as their last step.

    Returns:
        Whether pipelines leave normalisation to the data preprocessor.
    """
    nodes = [data.peek(split) for split in SPLITS]
    pipelines = [pipeline for node in nodes for pipeline in _pipelines(node) if is_old_pipeline(pipeline)]
    if not pipelines:
        return True
    found = [final_normalize(pipeline) for pipeline in pipelines]
    first = found[0]
    alike = first is not None and all(item == first for item in found)
    source = next((step._sources_.get("mean") for step in pipelines[0] if "mean" in step), None)
    preprocessor: dict[str, Any] = {}
    num_classes = t.get("model.head.num_classes", t.get("data_preprocessor.num_classes"))
    if num_classes is not None:
        preprocessor["num_classes"] = num_classes
    if alike and first is not None:
        preprocessor.update(mean=list(first["mean"]), std=list(first["std"]), to_rgb=first["to_rgb"])
        t.say(source, "Normalize in the pipelines", "data_preprocessor")
    else:  # pixels are left as the pipelines make them
        preprocessor.update(mean=None, std=None, to_rgb=False)
        if any(item is not None for item in found):
            t.say(source, "Normalize in the pipelines", "the same place: the pipelines differ")
    t.set("data_preprocessor", sourced(preprocessor, source), source)
    return alike


def _pipelines(dataset: Any) -> Iterator[Any]:
    """Yield the pipelines of a data set and of those inside it."""
    if isinstance(dataset, (list, tuple)):
        for part in dataset:
            yield from _pipelines(part)
    elif isinstance(dataset, Mapping):
        if "pipeline" in dataset:
            yield dataset["pipeline"]
        yield from _pipelines(dataset.get("dataset"))
        yield from _pipelines(dataset.get("datasets"))
