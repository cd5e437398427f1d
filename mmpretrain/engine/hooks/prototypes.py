"""Preparing image retrieval."""

from __future__ import annotations

import logging
from typing import Any

from mmpretrain.engine.hooks.access import original_model
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class PrepareProtoBeforeValLoopHook(Hook):
    """Lets a retriever compute the features of its prototype images before each validation."""

    def before_val(self, runner: Any) -> None:
        model = original_model(runner.model)
        if hasattr(model, "prepare_prototype"):
            model.prepare_prototype()
        else:
            logging.getLogger("mmpretrain").warning(
                "PrepareProtoBeforeValLoopHook is for retrievers; %s has no prototypes.", type(model).__name__
            )
