"""The base of the optimizers of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer


class BaseOptimizer(Optimizer):
    """An optimizer whose rule is in :meth:`update`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # type: ignore[override]
        """Change the parameters.

        Args:
            closure: Computes the loss and its gradients again.

        Returns:
            The loss, with a closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.update()
        return loss

    def update(self) -> None:
        """Change the parameters; no gradients are recorded."""
        raise NotImplementedError
