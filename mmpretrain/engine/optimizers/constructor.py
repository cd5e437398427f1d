"""Which parameter gets which learning rate and weight decay."""

from __future__ import annotations

import inspect
import logging
import numbers
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from mmpretrain.engine.optimizers.wrapper import OptimWrapper
from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS, locate, resolve_type
from mmpretrain.utils.brief import brief
from mmpretrain.utils.suggest import did_you_mean

logger = logging.getLogger("mmpretrain")

NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)

#: Deformable convolutions come from several packages; a class name says enough.
DCN_CLASSES = frozenset({"DeformConv2d", "ModulatedDeformConv2d"})

#: Options of ``paramwise_cfg`` that multiply the weight decay.
DECAY_OPTIONS = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult", "flat_decay_mult")

#: What an entry of ``custom_keys`` multiplies; its other settings go into the parameter group as they are.
CUSTOM_MULTIPLIERS = ("lr_mult", "decay_mult")


class Place(NamedTuple):
    """A parameter and where it is."""

    param: nn.Parameter
    #: Its name in the module that owns it.
    name: str
    #: Name of that module.
    prefix: str
    #: That module.
    module: nn.Module
    #: Whether that module is a part of a deformable convolution.
    in_dcn: bool

    @property
    def path(self) -> str:
        """The parameter's full name."""
        return f"{self.prefix}.{self.name}" if self.prefix else self.name


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class DefaultOptimWrapperConstructor:
    """Builds an optimizer over a model, with options for kinds of parameters.

    ``paramwise_cfg`` knows these options; each multiplies the ``lr`` or ``weight_decay`` of the optimizer:

    ======================  =========================================================================
    ``custom_keys``         ``{part of a name: dict(lr_mult=..., decay_mult=..., other settings)}``;
                            the longest part that fits counts, and no other option
    ``bias_lr_mult``        biases, except in norms and deformable convolutions
    ``bias_decay_mult``     biases, except in norms and deformable convolutions
    ``norm_decay_mult``     weights and biases of norms
    ``dwconv_decay_mult``   depth-wise convolutions
    ``flat_decay_mult``     all other one-dimensional parameters
    ``dcn_offset_lr_mult``  the layer of a deformable convolution that computes its offsets
    ``bypass_duplicate``    take a parameter that several modules share once, instead of failing
    ======================  =========================================================================

    Args:
        optim_wrapper_cfg: The ``optimizer``, and arguments of the wrapper.
        paramwise_cfg: The options.
    """

    #: The options. A subclass that does not list its own may read any.
    OPTIONS: ClassVar[frozenset[str]] = frozenset(
        {*DECAY_OPTIONS, "custom_keys", "bias_lr_mult", "dcn_offset_lr_mult", "bypass_duplicate"}
    )

    def __init__(
        self, optim_wrapper_cfg: Mapping[str, Any], paramwise_cfg: Mapping[str, Any] | None = None
    ) -> None:
        if not isinstance(optim_wrapper_cfg, Mapping):
            raise ArgumentError(f"optim_wrapper must be a dict, got {type(optim_wrapper_cfg).__name__}")
        if "optimizer" not in optim_wrapper_cfg:
            raise ConfigError(
                f"optim_wrapper needs the key 'optimizer', got only {sorted(optim_wrapper_cfg)}",
                hint="For example optimizer=dict(type='SGD', lr=0.1).",
            )
        if paramwise_cfg is not None and not isinstance(paramwise_cfg, Mapping):
            raise ArgumentError(
                f"paramwise_cfg must be a dict, got {type(paramwise_cfg).__name__}", key="paramwise_cfg"
            )
        self.optim_wrapper_cfg: Any = optim_wrapper_cfg.copy()  # type: ignore[attr-defined]
        self.optimizer_cfg = self.optim_wrapper_cfg.pop("optimizer")
        self.paramwise_cfg = {} if paramwise_cfg is None else paramwise_cfg
        if not isinstance(self.optimizer_cfg, Mapping):
            raise ArgumentError(
                f"optimizer must be a dict with a 'type', got {brief(self.optimizer_cfg)}", key="optimizer"
            )
        self.base_lr: Any = self.optimizer_cfg.get("lr")
        self.base_wd = self.optimizer_cfg.get("weight_decay")
        self._validate_cfg()
        # Sorted by length, so that the first that fits is the most specific one.
        self._custom_keys = sorted(self.custom_keys, key=lambda key: (-len(key), key))

    @property
    def custom_keys(self) -> Mapping[str, Mapping[str, Any]]:
        """Options by part of a parameter's name."""
        return self.paramwise_cfg.get("custom_keys", {})

    def _validate_cfg(self) -> None:
        if not isinstance(self.custom_keys, Mapping):
            raise ArgumentError(
                f"custom_keys must be a dict, got {type(self.custom_keys).__name__}", key="custom_keys"
            )
        self._check_factors()
        self._check_spelling()
        for name, key, value in (
            ("learning rate", "lr", self.base_lr),
            ("weight decay", "weight_decay", self.base_wd),
        ):
            if value is not None and not _is_factor(value):
                is_text = isinstance(value, str)
                raise ArgumentError(
                    f"The {name} must be a number, got {'the text ' if is_text else ''}{brief(value)}",
                    where=locate(self.optimizer_cfg, key),
                    hint="In YAML, write 1.0e-3, not 1e-3." if is_text else None,
                )
        if self.base_wd is not None:
            return
        asked = [key for key in DECAY_OPTIONS[:3] if key in self.paramwise_cfg]
        asked += [f"custom_keys[{key!r}]" for key, value in self.custom_keys.items() if "decay_mult" in value]
        if asked:
            raise ConfigError(
                f"paramwise_cfg.{asked[0]} multiplies the weight decay, but the optimizer has none",
                hint="Add weight_decay to the optimizer.",
                key="paramwise_cfg",
            )

    def _check_factors(self) -> None:
        """Complain about what multiplies a rate and is no number."""
        for part, settings in self.custom_keys.items():
            if not isinstance(part, str) or not isinstance(settings, Mapping):
                raise ArgumentError(
                    f"paramwise_cfg.custom_keys takes dicts by part of a name, got {brief({part: settings})}",
                    where=locate(self.custom_keys, part),
                    hint="For example custom_keys=dict(head=dict(lr_mult=0.1)).",
                )
        for node in (self.paramwise_cfg, *self.custom_keys.values()):
            for key, value in node.items():
                if str(key).endswith("_mult") and value is not None and not _is_factor(value):
                    raise ArgumentError(
                        f"paramwise_cfg: {key} must be a number, got {brief(value)}", where=locate(node, key)
                    )
        asked = [key for key in ("bias_lr_mult", "dcn_offset_lr_mult") if self.paramwise_cfg.get(key)]
        asked += [f"custom_keys[{key!r}]" for key, value in self.custom_keys.items() if "lr_mult" in value]
        if self.base_lr is None and asked:
            raise ConfigError(
                f"paramwise_cfg.{asked[0]} multiplies the learning rate, but the optimizer has none",
                where=locate(self.paramwise_cfg, asked[0].partition("[")[0]),
                hint="Add lr to the optimizer.",
            )

    def _check_spelling(self) -> None:
        """Complain about what looks like an option, and warn about options that are never read."""
        own = "OPTIONS" in vars(type(self))
        known = self.OPTIONS if own else {*self.paramwise_cfg}
        for key in self.paramwise_cfg:
            if key not in known:
                message, hint = f"paramwise_cfg has no option {key!r}", did_you_mean(key, known)
                if hint is not None:
                    raise ConfigError(message, where=locate(self.paramwise_cfg, key), hint=hint)
                logger.warning("%s: it has no effect", message)
        for part, settings in self.custom_keys.items():
            for key in settings:
                hint = did_you_mean(key, CUSTOM_MULTIPLIERS)
                if key not in CUSTOM_MULTIPLIERS and hint is not None:
                    message = f"paramwise_cfg.custom_keys[{part!r}] has no option {key!r}"
                    raise ConfigError(message, where=locate(settings, key), hint=hint)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer and its wrapper for a model."""
        model = getattr(model, "module", model)  # of a distributed wrapper
        params: Any = model.parameters()
        if self.paramwise_cfg:
            params = []
            self.add_params(params, model)
            names = [f".{name}" for name, _ in model.named_parameters()]
            if idle := [key for key in self.custom_keys if not any(key in name for name in names)]:
                logger.info(
                    "custom_keys without effect, as no parameter has it in its name: %s", ", ".join(idle)
                )
        kind = resolve_type(self.optimizer_cfg["type"], OPTIMIZERS)
        first = next(iter(inspect.signature(kind).parameters))
        optimizer = OPTIMIZERS.build(self.optimizer_cfg, default_args={first: params})
        defaults = {"type": "OptimWrapper", "optimizer": optimizer}
        return OPTIM_WRAPPERS.build(self.optim_wrapper_cfg, default_args=defaults)

    def add_params(
        self,
        params: list[dict[str, Any]],
        module: nn.Module,
        prefix: str = "",
        is_dcn_module: bool | None = None,
    ) -> None:
        """Append a group for each parameter of a module, in the order of definition.

        Args:
            params: Where to append.
            module: The module.
            prefix: Its name in the model.
            is_dcn_module: Whether it is a part of a deformable convolution.
        """
        seen = {id(param) for group in params for param in group["params"]}
        for place in walk(module, prefix, bool(is_dcn_module)):
            if id(place.param) in seen:
                if not self.paramwise_cfg.get("bypass_duplicate", False):
                    raise ConfigError(
                        f"{place.path} is shared: the same parameter is in another parameter group already",
                        hint="Add bypass_duplicate=True to paramwise_cfg to use the group of the first.",
                    )
                logger.warning("%s is shared; it stays in the group of its first name", place.path)
                continue
            if not place.param.requires_grad:
                continue
            seen.add(id(place.param))
            options = self.options(place)
            if options:
                logger.debug("paramwise_options -- %s: %s", place.path, options)
            params.append({"params": [place.param], **options})

    def options(self, place: Place) -> dict[str, Any]:
        """Return the settings of one parameter, as far as they differ from those of the optimizer."""
        custom = self.custom_options(f"{place.prefix}.{place.name}")
        if custom is not None:
            # Multipliers of 1 are written out: a group says what it was asked for.
            scaled: dict[str, Any] = {}
            if self.base_lr is not None:
                scaled["lr"] = self.base_lr * custom.get("lr_mult", 1.0)
            if self.base_wd is not None:
                scaled["weight_decay"] = self.base_wd * custom.get("decay_mult", 1.0)
            return {**scaled, **custom}
        options = {}
        lr_mult = self._lr_mult(place)
        if lr_mult is not None:
            options["lr"] = self.base_lr * lr_mult
        decay_mult = self.decay_mult(place)
        if decay_mult is not None and self.base_wd is not None:
            options["weight_decay"] = self.base_wd * decay_mult
        return options

    def custom_options(self, path: str) -> Mapping[str, Any] | None:
        """Return the options of the longest custom key in a parameter's name."""
        return next((self.custom_keys[key] for key in self._custom_keys if key in path), None)

    def _lr_mult(self, place: Place) -> float | None:
        cfg = self.paramwise_cfg
        if place.in_dcn and "conv_offset" in place.prefix and isinstance(place.module, nn.Conv2d):
            return cfg.get("dcn_offset_lr_mult")
        if place.name == "bias" and not isinstance(place.module, NORMS) and not place.in_dcn:
            return cfg.get("bias_lr_mult")
        return None

    def decay_mult(self, place: Place) -> float | None:
        """Return the factor of the first kind that the parameter belongs to and that has one."""
        module = place.module
        depthwise = isinstance(module, nn.Conv2d) and module.in_channels == module.groups
        kinds = {
            "norm_decay_mult": isinstance(module, NORMS),
            "bias_decay_mult": place.name == "bias" and not place.in_dcn,
            "dwconv_decay_mult": depthwise,
            "flat_decay_mult": place.param.ndim == 1 and not place.in_dcn,
        }
        factors = (self.paramwise_cfg.get(key) for key, belongs in kinds.items() if belongs)
        return next((factor for factor in factors if factor is not None), None)


def _is_factor(value: object) -> bool:
    return isinstance(value, numbers.Real) or (isinstance(value, torch.Tensor) and value.numel() == 1)


def walk(module: nn.Module, prefix: str = "", in_dcn: bool = False) -> Iterator[Place]:
    """Go through the parameters of a module and those of its children, shared ones each time again."""
    for name, param in module.named_parameters(recurse=False):
        yield Place(param, name, prefix, module, in_dcn)
    children_in_dcn = any(base.__name__ in DCN_CLASSES for base in type(module).__mro__)
    for name, child in module.named_children():
        yield from walk(child, f"{prefix}.{name}" if prefix else name, children_in_dcn)
