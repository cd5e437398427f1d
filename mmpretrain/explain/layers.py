"""Which layer an explanation looks at, from what a backbone declares about its stages and tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.explain.layout import MOST_EXTRA_TOKENS, Layout, find_layout
from mmpretrain.explain.trace import Trace
from mmpretrain.models.layers.build import is_norm
from mmpretrain.utils.suggest import did_you_mean

#: Declared with the stages of some networks; what comes before has the finer map.
_POOLING = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)


def named_layers(model: nn.Module, names: Sequence[str]) -> dict[str, nn.Module]:
    """Return layers of a model by name; ``backbone.layers[3]`` is ``backbone.layers.3``.

    Raises:
        ConfigError: If there is no layer of a name.
    """
    known = dict(model.named_modules())
    found = {}
    for name in names:
        path = re.sub(r"\[(\d+)\]", r".\1", name).removeprefix("model.")
        path = path if path in known else name
        if not path or path not in known:
            closest = did_you_mean(name, (other for other in known if other))
            raise ConfigError(
                f"the model has no layer {name!r}",
                hint=closest or "--preview-model lists the layers.",
                key="target_layers",
            )
        found[path] = _end_of(known[path])
    return found


def _end_of(module: nn.Module) -> nn.Module:
    """The module that puts out what a sequence of modules does; many networks run its items one by one."""
    while _is_list(module):
        module = module[-1]  # type: ignore[index]
    return module


def _is_list(module: nn.Module) -> bool:
    return isinstance(module, (nn.Sequential, nn.ModuleList)) and len(module) > 0


def candidates(model: nn.Module) -> list[dict[str, nn.Module]]:
    """Return the layers to choose from: norms, and the stages and blocks that a backbone declares; then all.

    All layers are for networks of another library, which declare none, and for those whose stages end in a
    single place (LeNet).
    """
    parts = [name for name in ("backbone", "neck") if isinstance(getattr(model, name, None), nn.Module)]
    modules = {
        f"{part}.{name}": module
        for part in parts or [""]
        for name, module in (model.get_submodule(part) if part else model).named_modules()
        if name
    }
    modules = {name.lstrip("."): module for name, module in modules.items()}
    declared = {f"backbone.{name}" for name in _declared(getattr(model, "backbone", None))}
    chosen = {
        name: module
        for name, module in modules.items()
        if is_norm(module)
        or (name in declared and not isinstance(module, _POOLING))
        or (name.rpartition(".")[0] in declared and _is_list(module))
    }
    return [{name: _end_of(module) for name, module in some.items()} for some in (chosen, modules) if some]


def _declared(backbone: nn.Module | None) -> Iterable[str]:
    for method in ("freeze_groups", "layer_groups"):
        groups = getattr(backbone, method, list)()
        for group in groups[1:]:
            yield from group


def extra_tokens(model: nn.Module, given: int | None) -> Sequence[int]:
    """Return how many extra tokens outputs may have, the likeliest first.

    Args:
        model: The model; its backbone declares ``num_extra_tokens``.
        given: The number, if the user says it.
    """
    if given is not None:
        return (given,)
    declared = getattr(getattr(model, "backbone", None), "num_extra_tokens", None)
    if isinstance(declared, int):
        return tuple(dict.fromkeys((declared, 0)))
    return range(MOST_EXTRA_TOKENS + 1)


def choose_layer(
    trace: Trace,
    layers: Mapping[str, nn.Module],
    image: tuple[int, int],
    *,
    extras: Sequence[int],
    score: Tensor,
) -> tuple[str, Layout] | None:
    """Return the name and the layout of the layer to explain, None if no layer is right.

    That is the last norm, as in 1.x, if it has several places, the score depends on them, and on nothing
    beside them. A norm after pooling has one place (ConvNeXt). After the last attention, only the class token
    matters (ViT). A norm in one of several branches has a part of what there is (Inception, RepVGG). Then it
    is the last norm, block or stage that is right.

    Args:
        trace: A forward pass with the outputs of ``layers``.
        layers: The layers to choose from.
        image: Height and width of the image.
        extras: Numbers of extra tokens that outputs may have, see :func:`extra_tokens`.
        score: The score that is explained, a number.
    """
    batch = trace.scores.shape[0]
    layouts: dict[str, Layout] = {}
    for name, output in trace.outputs.items():
        fits = output.shape[0] == batch and output.ndim > 2 and 0 not in output.shape
        layout = (
            find_layout(output, image, module=layers[name], extras=extras, grids=trace.grids)
            if fits
            else None
        )
        if layout is not None and layout.places > 1 and layout.places < image[0] * image[1]:
            layouts[name] = layout
    gradients = trace.gradients(layouts, score)
    reached = [
        name for name in layouts if name in gradients and _reaches(layouts[name].to_map(gradients[name]))
    ]
    if not reached:
        return None
    last_norm = [name for name in trace.outputs if is_norm(layers[name])][-1:]
    right = [name for name in last_norm if name in reached and _is_whole(name, reached, trace)]
    name = right[0] if right else reached[-1]
    return name, layouts[name]


def no_layer(extras: Sequence[int]) -> ConfigError:
    """Return the error that says that no layer can be explained."""
    given = f", behind {extras[0]} extra tokens" if len(extras) == 1 and extras[0] else ""
    return ConfigError(
        f"no layer of this model has a map of the image that its score depends on{given}",
        hint="Name one: target_layers=['backbone.NAME'] (--preview-model lists the layers).",
        key="target_layers",
    )


def _is_whole(norm: str, reached: Sequence[str], trace: Trace) -> bool:
    """Whether a norm has all that the score is made of, and no other block comes after it."""
    after = reached[reached.index(norm) + 1 :]
    if not all(norm.startswith(f"{name}.") for name in after):
        return False
    values, end = trace.values[norm], trace.values[reached[-1]]
    # A block may have added its identity to the output in place.
    return trace.is_only_way(norm) or (values.shape == end.shape and torch.equal(values, end))


def _reaches(gradient: Tensor) -> bool:
    """Whether the score depends on more than one place of a map (B, C, h, w)."""
    return int((gradient[0] != 0).any(0).sum()) > 1


def layout_of(
    name: str, trace: Trace, layer: nn.Module, image: tuple[int, int], extras: Sequence[int]
) -> Layout:
    """Return the layout of a layer that the user names.

    Raises:
        ConfigError: If its output is no map of the image.
    """
    output = trace.outputs.get(name)
    if output is None:
        raise ConfigError(f"the layer {name!r} does not run, or puts out no tensor", key="target_layers")
    batch = trace.scores.shape[0]
    layout = None
    if output.shape[0] == batch:
        layout = find_layout(output, image, module=layer, extras=extras, grids=trace.grids)
    if layout is None or layout.places < 1:
        number = f" behind {extras[0]} extra tokens" if len(extras) == 1 and output.ndim == 3 else ""
        raise ConfigError(
            f"the output {tuple(output.shape)} of {name!r} is no map of an image of {image[0]} x {image[1]}"
            f" pixels{number}",
            hint="Choose another layer, or say how many tokens have no place: num_extra_tokens.",
            key="target_layers",
        )
    return layout


def is_empty(maps: Tensor) -> Tensor:
    """Whether maps (B, h, w) are the same everywhere: (B,)."""
    return torch.isclose(maps.amax((1, 2)), maps.amin((1, 2)))
