"""Preparing image retrieval."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mmpretrain.engine.hooks.access import unwrap
from mmpretrain.engine.hooks.hook import Hook
from mmpretrain.registry import HOOKS

if TYPE_CHECKING:
    from mmpretrain.engine.session import Session


@HOOKS.register_module()
class PrepareProtoBeforeValLoopHook(Hook):
    """Lets a retriever compute the features of its prototype images before each validation."""

    def before_val(self, runner: Session) -> None:
        model = unwrap(runner.model)
        if hasattr(model, "prepare_prototype"):
            model.prepare_prototype()
        else:
            logging.getLogger("mmpretrain").warning(
                "PrepareProtoBeforeValLoopHook is for retrievers; %s has no prototypes.", type(model).__name__
            )
