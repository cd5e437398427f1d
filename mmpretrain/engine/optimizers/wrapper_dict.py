"""Several optimizers in one run."""

from __future__ import annotations

from collections.abc import ItemsView, KeysView, Mapping, ValuesView
from typing import Any, NoReturn

from torch import nn

from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class OptimWrapperDict(OptimWrapper):
    """A dict of optimizer wrappers, for models whose ``train_step`` uses several.

    Args:
        **optim_wrappers: The wrappers by name.
    """

    def __init__(self, **optim_wrappers: OptimWrapper) -> None:
        for name, wrapper in optim_wrappers.items():
            if not isinstance(wrapper, OptimWrapper):
                raise TypeError(f"{name!r} must be an OptimWrapper, got {type(wrapper).__name__}")
        self.optim_wrappers = optim_wrappers

    def _ask_one(self, *args: Any, **kwargs: Any) -> NoReturn:
        names = ", ".join(map(repr, self.optim_wrappers))
        raise NotImplementedError(
            f"Several optimizers: use one of {names}, as in optim_wrapper['name'].step()"
        )

    update_params = backward = step = optim_context = _ask_one

    def zero_grad(self, **kwargs: Any) -> None:
        """Forget the gradients of all."""
        for wrapper in self.optim_wrappers.values():
            wrapper.zero_grad(**kwargs)

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Do nothing: how often each optimizer steps is for the model to say."""

    @property
    def log_vars(self) -> dict[str, Any]:  # type: ignore[override]
        """Values of the last steps for the log."""
        return {f"{k}.{key}": v for k, w in self.items() for key, v in w.log_vars.items()}

    @property
    def param_groups(self) -> dict[str, list[dict[str, Any]]]:  # type: ignore[override]
        """The parameter groups of each."""
        return {name: wrapper.param_groups for name, wrapper in self.items()}

    def get_lr(self) -> dict[str, list[float]]:
        """Return the learning rates as ``name.lr`` and ``name.base_lr``."""
        return {f"{name}.{key}": v for name, wrapper in self.items() for key, v in wrapper.get_lr().items()}

    def get_momentum(self) -> dict[str, list[float]]:
        """Return the momenta as ``name.momentum``."""
        return {f"{n}.{key}": v for n, wrapper in self.items() for key, v in wrapper.get_momentum().items()}

    def state_dict(self) -> dict[str, Any]:
        """Return the state of each."""
        return {name: wrapper.state_dict() for name, wrapper in self.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned."""
        for name, state in state_dict.items():
            self[name].load_state_dict(state)

    def items(self) -> ItemsView[str, OptimWrapper]:
        """Names and wrappers."""
        return self.optim_wrappers.items()

    def keys(self) -> KeysView[str]:
        """Names."""
        return self.optim_wrappers.keys()

    def values(self) -> ValuesView[OptimWrapper]:
        """Wrappers."""
        return self.optim_wrappers.values()

    def __getitem__(self, name: str) -> OptimWrapper:
        if name not in self.optim_wrappers:
            raise KeyError(f"No optimizer {name!r}, only {', '.join(map(repr, self.optim_wrappers))}")
        return self.optim_wrappers[name]

    def __contains__(self, name: str) -> bool:
        return name in self.optim_wrappers

    def __len__(self) -> int:
        return len(self.optim_wrappers)

    def __repr__(self) -> str:
        return f"OptimWrapperDict({', '.join(f'{name}={wrapper!r}' for name, wrapper in self.items())})"
