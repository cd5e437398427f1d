"""Modules with an ``init_cfg``."""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from mmpretrain.models.init import as_list, initialize, is_pretrained

logger = logging.getLogger(__name__)


class BaseModule(nn.Module):
    """A module with an ``init_cfg``.

    Args:
        init_cfg: How :meth:`init_weights` initialises, see :mod:`mmpretrain.models.init`.
    """

    def __init__(self, init_cfg: dict | list[dict] | None = None) -> None:
        super().__init__()
        self._is_init = False
        self.init_cfg = None if init_cfg is None else copy.deepcopy(init_cfg)

    @property
    def is_init(self) -> bool:
        """Whether the weights are initialised; setting it to True keeps a parent from doing so again."""
        return self._is_init

    @is_init.setter
    def is_init(self, value: bool) -> None:
        self._is_init = value

    def init_weights(self) -> None:
        """Initialise as ``init_cfg`` says, then the children, and load a checkpoint at last.

        So a child's ``init_cfg`` overrules its parent's, and pretrained weights overrule both.
        """
        if self._is_init:
            logger.warning("%s.init_weights() was called more than once", type(self).__name__)
            return
        cfgs = as_list(self.init_cfg) if self.init_cfg else []
        initialize(self, [cfg for cfg in cfgs if not is_pretrained(cfg)])
        for child in self.children():
            if hasattr(child, "init_weights") and not getattr(child, "is_init", False):
                child.init_weights()  # type: ignore[operator]
        initialize(self, [cfg for cfg in cfgs if is_pretrained(cfg)])
        self._is_init = True

    def __repr__(self) -> str:
        text = super().__repr__()
        return f"{text}\ninit_cfg={self.init_cfg}" if self.init_cfg else text


class Sequential(BaseModule, nn.Sequential):
    """``nn.Sequential`` with an ``init_cfg``."""

    def __init__(self, *modules: Any, init_cfg: dict | list[dict] | None = None) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.Sequential.__init__(self, *modules)


class ModuleList(BaseModule, nn.ModuleList):
    """``nn.ModuleList`` with an ``init_cfg``."""

    def __init__(
        self, modules: Iterable[nn.Module] | None = None, init_cfg: dict | list[dict] | None = None
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleList.__init__(self, modules)


class ModuleDict(BaseModule, nn.ModuleDict):
    """``nn.ModuleDict`` with an ``init_cfg``."""

    def __init__(
        self, modules: Mapping[str, nn.Module] | None = None, init_cfg: dict | list[dict] | None = None
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleDict.__init__(self, modules)
