"""The form of a model for deployment: branches merged into one layer, where its parts can do that."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn


def deployable_parts(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield name and module of the outermost parts that have a form for deployment."""
    for name, child in model.named_children():
        if hasattr(child, "switch_to_deploy"):
            yield name, child
        else:
            yield from ((f"{name}.{inner}", part) for inner, part in deployable_parts(child))


def switch_to_deploy(model: nn.Module) -> list[str]:
    """Bring a model into its form for deployment, in place; return the names of the parts that have one."""
    parts = list(deployable_parts(model))
    for _, part in parts:
        part.switch_to_deploy()  # type: ignore[operator]
    return [name for name, _ in parts]
