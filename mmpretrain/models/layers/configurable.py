"""Layers take callables; this module converts the config arguments of 1.x to callables.

Inside the library, a layer takes ``norm`` (channels -> module), ``act`` (-> module), ``conv`` (as
``nn.Conv2d``) and ``drop_path`` (a rate). Registered classes turn the dicts of a config into these once, by
:func:`norm_from`, :func:`act_from` and :func:`conv_from`. Users of 1.x construct many layers themselves, with
``norm_cfg``, ``act_cfg``, ``conv_cfg``, ``conv_type`` and ``dropout_layer``: :func:`configurable` marks those
layers and translates the arguments before the constructor sees them.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from torch import nn

from mmpretrain.models.layers.build import build_conv_layer, make_norm, resolve_layer
from mmpretrain.models.layers.drop import DropPath
from mmpretrain.registry import MODELS

#: Makes a norm for a number of channels.
Norm = Callable[[int], nn.Module]

#: Makes an activation.
Act = Callable[..., nn.Module]

#: Makes a convolution from the arguments of ``nn.Conv2d``.
Conv = Callable[..., nn.Module]

Config = Mapping[str, Any]
Layer = TypeVar("Layer", bound=type)


@overload
def norm_from(cfg: Config | Norm) -> Norm: ...
@overload
def norm_from(cfg: None) -> None: ...
@overload
def norm_from(cfg: Config | Norm | None) -> Norm | None: ...
def norm_from(cfg: Config | Norm | None) -> Norm | None:
    """Return what makes the norm of a config, ``dict(type='BN', ...)``; None stays None."""
    return functools.partial(make_norm, cfg) if isinstance(cfg, Mapping) else cfg


@overload
def act_from(cfg: Config | Act) -> Act: ...
@overload
def act_from(cfg: None) -> None: ...
@overload
def act_from(cfg: Config | Act | None) -> Act | None: ...
def act_from(cfg: Config | Act | None) -> Act | None:
    """Return what makes the activation of a config, ``dict(type='ReLU', ...)``; None stays None."""
    return _Activation(cfg) if isinstance(cfg, Mapping) else cfg


def conv_from(cfg: Config | str | Conv | None) -> Conv:
    """Return what makes the convolution of a config, or of a type; None stands for ``nn.Conv2d``."""
    if cfg is None:
        return nn.Conv2d
    if isinstance(cfg, str):
        cfg = {"type": cfg}
    return functools.partial(build_conv_layer, cfg) if isinstance(cfg, Mapping) else cfg


def parts_for(block: Callable[..., nn.Module], **configs: Config | None) -> dict[str, Any]:
    """Return ``norm_cfg``, ``act_cfg`` and ``conv_cfg`` as a block takes them.

    Blocks of this package get callables, named ``norm``, ``act`` and ``conv``. Those of users were written
    for 1.x and get the configs.
    """
    if not getattr(block, "__module__", "").startswith("mmpretrain."):
        return dict(configs)
    rules = ((TRANSLATIONS[name], config) for name, config in configs.items())
    return {name: translate(config) for (name, translate), config in rules}


def make_drop_path(rate: float | nn.Module | None) -> nn.Module:
    """Make the stochastic depth of a rate, or an identity of None; another dropout is used as it is."""
    if isinstance(rate, nn.Module):
        return rate
    return nn.Identity() if rate is None else DropPath(rate)


def drop_path_from(cfg: Config | float | nn.Module | None) -> float | nn.Module | None:
    """Return the rate in ``dict(type='DropPath', drop_prob=...)``, or the dropout of another type."""
    if not isinstance(cfg, Mapping) or not cfg:
        return None if isinstance(cfg, Mapping) else cfg
    layer = MODELS.build(cfg)
    return layer.drop_prob if type(layer) is DropPath else layer


class _Activation:
    """Makes an activation from its config, whose values overrule the arguments of a call."""

    def __init__(self, cfg: Config) -> None:
        self.cfg = cfg

    def __call__(self, **defaults: Any) -> nn.Module:
        # The config itself knows its file and line, which errors name; a merged one does not.
        return MODELS.build({**defaults, **self.cfg} if defaults else self.cfg)


def make_act(act: Act, inplace: bool) -> nn.Module:
    """Make an activation that overwrites its input if ``inplace``, unless it cannot or says otherwise."""
    layer = resolve_layer(act.cfg)[0] if isinstance(act, _Activation) else act
    own = isinstance(act, functools.partial) and "inplace" in act.keywords
    takes = not own and "inplace" in inspect.signature(layer).parameters
    return act(inplace=inplace) if takes else act()


#: Argument of 1.x -> argument of the layer, and how a value becomes one.
TRANSLATIONS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "norm_cfg": ("norm", norm_from),
    "bn_norm_cfg": ("bn_norm", norm_from),
    "transformer_norm_cfg": ("transformer_norm", norm_from),
    "act_cfg": ("act", act_from),
    "conv_cfg": ("conv", conv_from),
    "conv_type": ("conv", conv_from),
    "dropout_layer": ("drop_path", drop_path_from),
}


def configurable(layer: Layer, **more: tuple[str, Callable[[Any], Any]]) -> Layer:
    """Let a layer be constructed with the config arguments of 1.x, too.

    Args:
        layer: The class, changed in place. An argument that takes a callable stands where 1.x has the config.
        **more: Translations for this class only, as in :data:`TRANSLATIONS`.

    Returns:
        The class.
    """
    constructor = layer.__init__  # type: ignore[misc]
    signature = inspect.signature(constructor)
    names = list(signature.parameters)
    known = {**TRANSLATIONS, **more}
    rules = {old: rule for old, rule in known.items() if rule[0] in names and old not in names}
    by_place = {names.index(new): translate for new, translate in reversed(list(rules.values()))}

    @functools.wraps(constructor)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        args = tuple(
            _call(by_place[i], arg) if i in by_place and isinstance(arg, (Mapping, str, list, tuple)) else arg
            for i, arg in enumerate(args, 1)
        )
        given = {old: kwargs.pop(old) for old in rules if old in kwargs}
        for old, value in given.items():
            new, translate = rules[old]
            kwargs[new] = _call(translate, value)
        constructor(self, *args, **kwargs)
        for old, value in given.items():
            if not hasattr(self, old):
                setattr(self, old, value)  # code for 1.x reads ``module.norm_cfg``

    __init__.__signature__ = _with_old_names(signature, rules)  # type: ignore[attr-defined]
    layer.__init__ = __init__  # type: ignore[misc]
    return layer


def _call(translate: Callable[[Any], Any], value: Any) -> Any:
    return translate(value)  # the one place where a layer meets a config, which tests watch


def _with_old_names(signature: inspect.Signature, rules: Mapping[str, tuple[str, Any]]) -> inspect.Signature:
    """Add the old names to a signature, as keywords: what checks a config asks for them."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    old = [inspect.Parameter(name, keyword, default=None) for name in rules]
    named = list(signature.parameters.values())
    rest = [named.pop()] if named and named[-1].kind is inspect.Parameter.VAR_KEYWORD else []
    return signature.replace(parameters=[*named, *old, *rest])
