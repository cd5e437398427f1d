"""Weight initialisers, and the interpretation of ``init_cfg``.

An ``init_cfg`` is a dict, or a list of dicts that are applied in order::

    dict(type='Kaiming', layer='Conv2d')                            # every Conv2d below the module
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm']) # a direct base class counts too
    dict(type='Normal', std=0.01, layer='Linear', bias_prob=0.01, override=dict(name='fc'))
    dict(type='Pretrained', checkpoint='resnet50.pth', prefix='backbone.')

``layer`` names classes. ``override`` treats the submodule ``name`` apart, with its own ``type`` and arguments
or, without a ``type``, with those of the dict around it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor, nn

from mmpretrain import checkpoints
from mmpretrain.checkpoints import layouts
from mmpretrain.checkpoints.fitting import advise, load_into
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.errors import CheckpointError, ConfigError
from mmpretrain.registry import WEIGHT_INITIALIZERS, build_from_cfg

logger = logging.getLogger(__name__)


class BaseInit:
    """Applies itself to the layers below a module whose class, or a direct base class, is in ``layer``.

    Args:
        bias: Value for the biases of those layers.
        bias_prob: Prior probability that a sigmoid of the bias shall have; it takes the place of ``bias``.
        layer: Class names.
    """

    def __init__(
        self, *, bias: float = 0, bias_prob: float | None = None, layer: str | list[str] | None = None
    ) -> None:
        if not isinstance(bias, (int, float)):
            raise TypeError(f"bias must be a number, got {bias!r}")
        if bias_prob is not None and not isinstance(bias_prob, float):
            raise TypeError(f"bias_prob must be a float, got {bias_prob!r}")
        if layer is not None and not isinstance(layer, (str, list, tuple)):
            raise TypeError(f"layer must be a class name or a list of them, got {layer!r}")
        self.bias = bias if bias_prob is None else bias_init_with_prob(bias_prob)
        self.layer = [layer] if isinstance(layer, str) else list(layer or ())

    def __call__(self, module: nn.Module, *, everything: bool = False) -> None:
        """Initialise the chosen layers of ``module``, or all of them."""

        def visit(m: nn.Module) -> None:
            names = {type(m).__name__, *(base.__name__ for base in type(m).__bases__)}
            if everything or not names.isdisjoint(self.layer):
                self.fill(m)

        module.apply(visit)

    def fill(self, module: nn.Module) -> None:
        """Initialise the weight and the bias that ``module`` itself owns."""
        weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
        if isinstance(weight, nn.Parameter):
            self.fill_weight(weight)
        if isinstance(bias, nn.Parameter):
            nn.init.constant_(bias, self.bias)

    def fill_weight(self, weight: nn.Parameter) -> None:
        """Initialise a weight in place."""
        raise NotImplementedError


@WEIGHT_INITIALIZERS.register_module(name="Constant")
class ConstantInit(BaseInit):
    """Fill weights with ``val``."""

    def __init__(self, val: float, **common: Any) -> None:
        super().__init__(**common)
        self.val = val

    def fill_weight(self, weight: nn.Parameter) -> None:
        nn.init.constant_(weight, self.val)


@WEIGHT_INITIALIZERS.register_module(name="Xavier")
class XavierInit(BaseInit):
    """Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010."""

    def __init__(
        self, gain: float = 1, distribution: Literal["normal", "uniform"] = "normal", **common: Any
    ) -> None:
        super().__init__(**common)
        self.gain = gain
        self.distribution = _known_distribution(distribution)

    def fill_weight(self, weight: nn.Parameter) -> None:
        draw = nn.init.xavier_uniform_ if self.distribution == "uniform" else nn.init.xavier_normal_
        draw(weight, gain=self.gain)


@WEIGHT_INITIALIZERS.register_module(name="Normal")
class NormalInit(BaseInit):
    """Draw weights from N(mean, std²)."""

    def __init__(self, mean: float = 0, std: float = 1, **common: Any) -> None:
        super().__init__(**common)
        self.mean, self.std = mean, std

    def fill_weight(self, weight: nn.Parameter) -> None:
        nn.init.normal_(weight, self.mean, self.std)


@WEIGHT_INITIALIZERS.register_module(name="TruncNormal")
class TruncNormalInit(BaseInit):
    """Draw weights from N(mean, std²) cut off at the absolute values ``a`` and ``b``."""

    def __init__(self, mean: float = 0, std: float = 1, a: float = -2, b: float = 2, **common: Any) -> None:
        super().__init__(**common)
        self.mean, self.std, self.a, self.b = mean, std, a, b

    def fill_weight(self, weight: nn.Parameter) -> None:
        nn.init.trunc_normal_(weight, self.mean, self.std, self.a, self.b)


@WEIGHT_INITIALIZERS.register_module(name="Uniform")
class UniformInit(BaseInit):
    """Draw weights from U(a, b)."""

    def __init__(self, a: float = 0.0, b: float = 1.0, **common: Any) -> None:
        super().__init__(**common)
        self.a, self.b = a, b

    def fill_weight(self, weight: nn.Parameter) -> None:
        nn.init.uniform_(weight, self.a, self.b)


@WEIGHT_INITIALIZERS.register_module(name="Kaiming")
class KaimingInit(BaseInit):
    """He et al., "Delving deep into rectifiers", 2015."""

    def __init__(
        self,
        a: float = 0,
        mode: Literal["fan_in", "fan_out"] = "fan_out",
        nonlinearity: str = "relu",
        distribution: Literal["normal", "uniform"] = "normal",
        **common: Any,
    ) -> None:
        super().__init__(**common)
        self.a, self.mode, self.nonlinearity = a, mode, nonlinearity
        self.distribution = _known_distribution(distribution)

    def fill_weight(self, weight: nn.Parameter) -> None:
        draw = nn.init.kaiming_uniform_ if self.distribution == "uniform" else nn.init.kaiming_normal_
        draw(weight, a=self.a, mode=self.mode, nonlinearity=self.nonlinearity)  # type: ignore[arg-type]


@WEIGHT_INITIALIZERS.register_module(name="Caffe2Xavier")
class Caffe2XavierInit(KaimingInit):
    """What Caffe2 calls ``XavierFill``: uniform with variance 1 / fan-in."""

    def __init__(self, **common: Any) -> None:
        super().__init__(a=1, mode="fan_in", nonlinearity="leaky_relu", distribution="uniform", **common)


@WEIGHT_INITIALIZERS.register_module(name="Pretrained")
class PretrainedInit:
    """Load weights from a checkpoint; misfits are logged, and are an error only if almost nothing fits.

    Args:
        checkpoint: A file, an address, the folder of a run, or a name of the zoo.
        prefix: Load the part of the checkpoint below this prefix, such as ``'backbone.'``, without it.
        map_location: Device to load to.
    """

    def __init__(self, checkpoint: str, prefix: str | None = None, map_location: str = "cpu") -> None:
        self.checkpoint = checkpoint
        self.prefix = prefix
        self.map_location = map_location

    def __call__(self, module: nn.Module) -> None:
        content = checkpoints.open(self.checkpoint, self.map_location)
        weights: Mapping[str, Tensor] = weights_of(content)
        if self.prefix:
            weights = _below(self.prefix, weights, module, str(self.checkpoint))
        report = load_into(module, weights, source=str(self.checkpoint))
        logger.info("%s: %s", self.checkpoint, report.summary())


def _below(prefix: str, weights: Mapping[str, Tensor], module: nn.Module, source: str) -> dict[str, Tensor]:
    """The part of a checkpoint below a prefix, also of a checkpoint that has to be translated first."""
    prefix = prefix if prefix.endswith(".") else prefix + "."
    if not any(key.startswith(prefix) for key in weights) and layouts.recognise(weights):
        translated = layouts.convert(weights)
        logger.info("%s is in the layout %s: its keys are translated", source, translated.layout.name)
        weights = translated.weights
    below = {key.removeprefix(prefix): value for key, value in weights.items() if key.startswith(prefix)}
    if not below and layouts.has_nearly_all(weights, module.state_dict()):
        return dict(weights)  # those of the module, saved on their own
    if not below:
        raise CheckpointError(
            f"No weight in {source} has the prefix {prefix!r}", hint=advise(weights, module.state_dict())
        )
    return below


def initialize(module: nn.Module, init_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Initialise ``module`` as an ``init_cfg`` (see the top of this file) says."""
    for cfg in as_list(init_cfg):
        args = dict(cfg)
        override = args.pop("override", None)
        _initializer(args)(module)
        args.pop("layer", None)
        for special in [] if override is None else as_list(override):
            _override(module, dict(special), args)


def as_list(init_cfg: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the dicts of an ``init_cfg`` or of an ``override``."""
    cfgs = [init_cfg] if isinstance(init_cfg, Mapping) else init_cfg
    if not isinstance(cfgs, (list, tuple)) or not all(isinstance(cfg, Mapping) for cfg in cfgs):
        raise TypeError(f"init_cfg and its override must be a dict or a list of dicts, got {init_cfg!r}")
    return list(cfgs)


def is_pretrained(cfg: Mapping[str, Any]) -> bool:
    """Whether a dict of an ``init_cfg`` loads a checkpoint."""
    return cfg.get("type") in ("Pretrained", PretrainedInit)


def has_pretrained(init_cfg: dict | list[dict] | None) -> bool:
    """Whether an ``init_cfg`` loads a checkpoint."""
    return bool(init_cfg) and any(is_pretrained(cfg) for cfg in as_list(init_cfg))


def _initializer(args: Mapping[str, Any]) -> Any:
    return build_from_cfg(args, WEIGHT_INITIALIZERS)


def _override(module: nn.Module, special: dict[str, Any], defaults: Mapping[str, Any]) -> None:
    name = special.pop("name", None)
    if name is None:
        raise ConfigError(f"An override in init_cfg needs a 'name', got {special!r}")
    if special and "type" not in special:
        raise ConfigError(f"The override of {name!r} in init_cfg has arguments but no 'type': {special!r}")
    target = getattr(module, name, None)
    if not isinstance(target, nn.Module):
        raise CheckpointError(
            f"init_cfg overrides {name!r}, but {type(module).__name__} has no such submodule",
            hint=f"It has: {', '.join(n for n, _ in module.named_children())}.",
        )
    initializer = _initializer(special or defaults)
    if isinstance(initializer, BaseInit):
        initializer(target, everything=True)
    else:
        initializer(target)


def _known_distribution(name: str) -> str:
    if name not in ("normal", "uniform"):
        raise ValueError(f"distribution must be 'normal' or 'uniform', got {name!r}")
    return name


def bias_init_with_prob(prior_prob: float) -> float:
    """Return the bias whose sigmoid is ``prior_prob``."""
    return -math.log((1 - prior_prob) / prior_prob)


def constant_init(module: nn.Module, val: float, bias: float = 0) -> None:
    """Fill the weight of a layer with ``val``."""
    ConstantInit(val, bias=bias).fill(module)


def xavier_init(module: nn.Module, gain: float = 1, bias: float = 0, distribution: str = "normal") -> None:
    """Initialise a layer as :class:`XavierInit` does."""
    XavierInit(gain, distribution, bias=bias).fill(module)  # type: ignore[arg-type]


def normal_init(module: nn.Module, mean: float = 0, std: float = 1, bias: float = 0) -> None:
    """Initialise a layer as :class:`NormalInit` does."""
    NormalInit(mean, std, bias=bias).fill(module)


def trunc_normal_init(
    module: nn.Module, mean: float = 0, std: float = 1, a: float = -2, b: float = 2, bias: float = 0
) -> None:
    """Initialise a layer as :class:`TruncNormalInit` does."""
    TruncNormalInit(mean, std, a, b, bias=bias).fill(module)


def uniform_init(module: nn.Module, a: float = 0, b: float = 1, bias: float = 0) -> None:
    """Initialise a layer as :class:`UniformInit` does."""
    UniformInit(a, b, bias=bias).fill(module)


def kaiming_init(
    module: nn.Module,
    a: float = 0,
    mode: str = "fan_out",
    nonlinearity: str = "relu",
    bias: float = 0,
    distribution: str = "normal",
) -> None:
    """Initialise a layer as :class:`KaimingInit` does."""
    KaimingInit(a, mode, nonlinearity, distribution, bias=bias).fill(module)  # type: ignore[arg-type]


def caffe2_xavier_init(module: nn.Module, bias: float = 0) -> None:
    """Initialise a layer as :class:`Caffe2XavierInit` does."""
    Caffe2XavierInit(bias=bias).fill(module)
