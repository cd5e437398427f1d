"""Leaving the backbone of a pre-trained model in its own file."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from mmpretrain.checkpoints.serialization import save
from mmpretrain.config.config import Config
from mmpretrain.config.sizes import image_size
from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.errors import ConfigError
from mmpretrain.registry import HOOKS, MODELS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session

logger = logging.getLogger("mmpretrain")


@HOOKS.register_module()
class SaveBackboneHook(Hook):
    """Writes ``backbone.pth`` when training ends: the backbone's weights below ``backbone.``, and its config.

    ``init_cfg=dict(type='Pretrained', checkpoint='backbone.pth', prefix='backbone.')`` loads it for
    fine-tuning, and :func:`mmpretrain.apis.open_model` opens it as a model that extracts features.

    Args:
        backbone: Config of the plain backbone; by default that of the model. Weights that it lacks (such as a
            mask token) are left out.
        filename: Name of the file in the work folder.
    """

    priority = "LOW"

    def __init__(self, backbone: Mapping[str, Any] | None = None, filename: str = "backbone.pth") -> None:
        if os.path.basename(filename) != filename or not filename:
            raise ConfigError(f"filename must be the name of a file, got {filename!r}", key="filename")
        self.backbone = backbone
        self.filename = filename
        self.path: str | None = None

    def after_train(self, runner: Session) -> None:
        model = unwrap(runner.model)
        cfg: Any = self.backbone or (runner.cfg.get("model") or {}).get("backbone")
        if not isinstance(cfg, Mapping):
            raise ConfigError(
                "SaveBackboneHook does not know how the backbone is built",
                hint="Give it the config: dict(type='SaveBackboneHook', backbone=dict(type=...)).",
                key="backbone",
            )
        if getattr(model, "backbone", None) is None:
            raise ConfigError(f"SaveBackboneHook needs a model with a backbone, got {type(model).__name__}")
        whole_state = runner.strategy.model_state(runner.model)  # every process takes part
        if not runner.is_main:
            return
        with torch.random.fork_rng(devices=[]):
            plain = MODELS.build(dict(cfg))
            plain.init_weights()
        own = plain.state_dict()
        state = {key.removeprefix("backbone."): value for key, value in whole_state.items()}
        kept = {
            key: state[key].cpu()
            for key, value in own.items()
            if key in state and state[key].shape == value.shape
        }
        own.update(kept)
        classifier: dict[str, Any] = {"type": "ImageClassifier", "backbone": dict(cfg)}
        whole: dict[str, Any] = {"model": classifier, "image_size": image_size(runner.cfg)}
        if runner.cfg.get("data_preprocessor"):
            whole["data_preprocessor"] = {
                **runner.cfg["data_preprocessor"],
                "type": "SelfSupDataPreprocessor",
            }
        meta = {"cfg": Config(whole).pretty_text, "epoch": runner.epoch, "iter": runner.iter}
        self.path = os.path.join(runner.work_dir, self.filename)
        content = {f"backbone.{key}": value for key, value in own.items()}
        save({"state_dict": content, "meta": {**meta, "method": type(model).__name__}}, self.path)
        logger.info("The backbone (%d of %d weights) is in %s", len(kept), len(own), self.path)
