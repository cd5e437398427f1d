"""One step of training, the same for one process and for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from mmpretrain.utils.misfit import explain_misfit


def train_step(model: Any, call: nn.Module, data: Any, optim_wrapper: Any) -> dict[str, Tensor]:
    """Prepare a batch, compute its losses, and let the optimizer act on their sum.

    Args:
        model: The model, which knows its data preprocessor and what its losses mean.
        call: What computes the losses: the model, or the wrapper that averages gradients over processes.
        data: A batch from the data loader.
        optim_wrapper: Runs ``backward`` and the optimizer's step.

    Returns:
        Losses by name for the log; their sum is ``'loss'``.
    """
    prepare = getattr(model, "data_preprocessor", None)
    with optim_wrapper.optim_context(call):
        losses = run_forward(call, data if prepare is None else prepare(data, True), "loss")
    loss, log_vars = model.parse_losses(losses)
    optim_wrapper.update_params(loss)
    return log_vars


def run_forward(call: nn.Module, data: Any, mode: str) -> Any:
    """Call a model on a prepared batch; say what it means if their sizes do not fit together."""
    try:
        if isinstance(data, (dict, Mapping)):  # the class itself is checked faster than the protocol
            return call(**data, mode=mode)
        if isinstance(data, (tuple, list)):
            return call(*data, mode=mode)
    except (RuntimeError, IndexError, ValueError) as error:
        explained = explain_misfit(str(error))
        if explained is None:
            raise
        raise explained from error
    raise TypeError(f"A data preprocessor must return a dict, tuple or list, got {type(data).__name__}")
