"""Whether the batches of training suit the model: a last batch of one, on which batch norm cannot train."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from mmpretrain.datasets.collate import default_collate
from mmpretrain.datasets.preflight_problem import HARD, Problem
from mmpretrain.registry import MODELS
from mmpretrain.utils.dist import get_world_size
from mmpretrain.utils.seeding import preserved_rng

#: Samplers that give each process an equal share of the data, once.
_PLAIN_SAMPLERS = {"DefaultSampler", "None"}
#: What PyTorch says where a layer has one value to take the variance of.
_ONE_VALUE = "Expected more than 1 value per channel"
#: Models of more parameters than this are not built for a check.
LARGEST = 300_000_000


def world_size() -> int:
    """Return how many processes train."""
    return int(os.environ.get("WORLD_SIZE", get_world_size()))


def samples_of_a_process(loader: Mapping[str, Any], size: int) -> int | None:
    """Return how many samples each process sees in an epoch; None if a sampler of another kind decides."""
    sampler = loader.get("sampler")
    kind = sampler.get("type") if isinstance(sampler, Mapping) else sampler
    plain = (
        str(kind).rpartition(".")[2] in _PLAIN_SAMPLERS or getattr(kind, "__name__", "") in _PLAIN_SAMPLERS
    )
    if not plain or loader.get("batch_sampler") or loader.get("num_batch_per_epoch"):
        return None
    return -(-size // world_size())


def epoch_length(loader: Any, size: int) -> int | None:
    """Return the number of iterations in an epoch, if the config says it."""
    batch_size = loader.get("batch_size") if isinstance(loader, Mapping) else None
    if not isinstance(batch_size, int) or batch_size < 1:
        return None
    own = samples_of_a_process(loader, size)
    if own is None:
        return None
    return own // batch_size if loader.get("drop_last") else -(-own // batch_size)


def last_batch_of_one(cfg: Any, dataset: Any) -> Iterator[Problem]:
    """Find a last batch of one sample on which the model cannot train.

    Only where there is such a batch, the model is built and runs on one sample.
    """
    loader = cfg.get("train_dataloader")
    batch_size = loader.get("batch_size") if isinstance(loader, Mapping) else None
    if not isinstance(batch_size, int) or batch_size < 1 or (batch_size > 1 and loader.get("drop_last")):
        return
    own = samples_of_a_process(loader, len(dataset))
    lone = batch_size == 1 or (own is not None and own % batch_size == 1)
    if not lone or (world_size() > 1 and cfg.get("sync_bn")) or not _cannot_train_on_one(cfg, dataset):
        return
    if batch_size == 1:
        yield Problem(
            HARD,
            "train",
            "batch norm cannot train on batches of one (batch_size=1): choose a larger batch_size",
        )
    else:
        share = "" if world_size() == 1 else f", {own} for each of {world_size()} processes,"
        yield Problem(
            HARD,
            "train",
            f"{len(dataset)} samples{share} in batches of {batch_size} leave a last batch of one, on which "
            "batch norm cannot train: set drop_last=True in train_dataloader, or another batch_size",
        )


def _cannot_train_on_one(cfg: Any, dataset: Any) -> bool:
    model_cfg = cfg.get("model")
    if not isinstance(model_cfg, Mapping):
        return False
    if cfg.get("data_preprocessor") is not None:
        model_cfg = {"data_preprocessor": cfg["data_preprocessor"], **model_cfg}
    with preserved_rng():
        try:
            with torch.device("meta"):
                shape = MODELS.build(model_cfg)
            norms = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in shape.modules())
            if not norms or sum(parameter.numel() for parameter in shape.parameters()) > LARGEST:
                return False
            sample = dataset[0]
            model = MODELS.build(model_cfg).train()
            with torch.no_grad():
                model(**model.data_preprocessor(default_collate([sample]), training=True), mode="loss")
        except ValueError as error:
            return _ONE_VALUE in str(error)
        except Exception:  # what else is wrong is said where it happens
            return False
    return False
