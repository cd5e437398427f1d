"""Maps of a model for a batch of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mmpretrain.explain.layers import (
    candidates,
    choose_layer,
    extra_tokens,
    layout_of,
    named_layers,
    no_layer,
)
from mmpretrain.explain.layout import Layout
from mmpretrain.explain.methods import METHODS
from mmpretrain.explain.perturb import ablationcam, scorecam
from mmpretrain.explain.rollout import rollout
from mmpretrain.explain.trace import Trace, run

#: Factors of the contrast in :func:`augmented`.
CONTRASTS = (0.9, 1.0, 1.1)


def augmented(image: Tensor) -> Tensor:
    """Return six versions (6, C, H, W) of an image (1, C, H, W): three contrasts, then mirrored."""
    versions = torch.cat([image * factor for factor in CONTRASTS])
    return torch.cat([versions, versions.flip(3)])


def merged(maps: Tensor) -> Tensor:
    """Return the mean (H, W) of the maps (6, H, W) of :func:`augmented`, mirrored back."""
    straight, mirrored = maps.chunk(2)
    return torch.cat([straight, mirrored.flip(2)]).mean(0)


class Engine:
    """Makes maps of one model.

    Args:
        model: A classifier in evaluation mode.
        layers: Names of the layers to look at; by default one is chosen.
        num_extra_tokens: Number of tokens before those of the patches.
        task: The task, of several.
        batch_size: How many images to run at once, where a method needs many.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Sequence[str] = (),
        num_extra_tokens: int | None = None,
        task: str | None = None,
        batch_size: int = 16,
    ) -> None:
        self.model, self.task, self.batch_size = model, task, batch_size
        self.extras = extra_tokens(model, num_extra_tokens)
        #: Groups of layers to choose from; what a user says of tokens is about the declared ones.
        self.groups = candidates(model)[: 1 if num_extra_tokens else None]
        self.given = named_layers(model, layers)
        self.chosen: tuple[str, ...] = ()
        #: What the model predicts, known after :meth:`confidence`.
        self.kind: Literal["class", "value"] = "class"

    def maps(
        self, images: Tensor, target: int | None, methods: Sequence[str], *, eigen_smooth: bool = False
    ) -> dict[str, list[Tensor]]:
        """Return maps (B, h, w) of each layer, by method.

        Args:
            images: (B, 3, H, W), normalised.
            target: The class; by default the one that is predicted, image by image.
            methods: Names of methods; those that look at a layer share its activations and gradients.
            eigen_smooth: Take the first principal component.
        """
        found: dict[str, list[Tensor]] = {}
        layered = [name for name in methods if METHODS[name].needs != "attention"]
        views = self._views(images, target) if layered else {}
        for name in methods:
            method = METHODS[name]
            if method.needs == "attention":
                found[name] = [rollout(self.model, images, self.extras, self.task)]
                continue
            found[name] = []
            for layer, view in views.items():
                if method.needs in ("masked", "ablated"):
                    view = view.with_activations(self._perturbed(method.needs, layer, view, images))
                found[name].append(method.map_of(view.activations, view.gradients, eigen_smooth))
        return found

    def confidence(self, images: Tensor, target: int) -> Tensor:
        """Return the predicted scores (B,) of a class, after softmax or sigmoid; or the predicted values."""
        with torch.no_grad():
            samples: Sequence[Any] = self.model(images, mode="predict")
        if self.task is not None:
            samples = [sample.get(self.task) for sample in samples]
        values = "pred_value" in samples[0]
        self.kind = "value" if values else "class"
        return torch.stack([(s.pred_value if values else s.pred_score)[target] for s in samples])

    def looked_at(self, method: str) -> tuple[str, ...]:
        """Names of the layers that a method used."""
        return () if METHODS[method].needs == "attention" else tuple(self.given) or self.chosen

    def looks_like_transformer(self) -> bool:
        """Whether the backbone declares tokens: rollout may work then."""
        return isinstance(getattr(getattr(self.model, "backbone", None), "extra_tokens", None), Sequence)

    # -- layers -------------------------------------------------------------------------------------

    def _views(self, images: Tensor, target: int | None) -> dict[str, _View]:
        size = (images.shape[2], images.shape[3])
        if self.given:
            trace = self._run(images, self.given)
            layouts = {
                name: layout_of(name, trace, layer, size, self.extras) for name, layer in self.given.items()
            }
        else:
            trace, layouts = self._choose(images, target, size)
        targets = self._targets(trace, target)
        gradients = trace.gradients(layouts, trace.scores.gather(1, targets[:, None]).sum())
        return {
            name: _View(
                layout,
                layout.to_map(trace.values[name].detach()),
                layout.to_map(gradients.get(name, torch.zeros_like(trace.outputs[name]))),
                targets,
            )
            for name, layout in layouts.items()
        }

    def _choose(
        self, images: Tensor, target: int | None, size: tuple[int, int]
    ) -> tuple[Trace, Mapping[str, Layout]]:
        for layers in self.groups:
            first = self._run(images[:1], layers)
            score = first.scores[0, self._targets(first, target)[0]]
            found = choose_layer(first, layers, size, extras=self.extras, score=score)
            if found is not None:
                name, layout = found
                self.chosen = (name,)
                trace = first if len(images) == 1 else self._run(images, {name: layers[name]})
                return trace, {name: layout}
        raise no_layer(self.extras)

    def _run(self, images: Tensor, layers: Mapping[str, nn.Module]) -> Trace:
        # With an input that requires a gradient, frozen models have gradients, too.
        return run(self.model, images.detach().requires_grad_(), layers, task=self.task)

    def _targets(self, trace: Trace, target: int | None) -> Tensor:
        best = trace.scores.argmax(1)
        return best if target is None else torch.full_like(best, target)

    def _perturbed(self, kind: str, layer: str, view: _View, images: Tensor) -> Tensor:
        rows = []
        for row in range(len(images)):
            image, activations = images[row : row + 1], view.activations[row : row + 1]
            target = int(view.targets[row])
            if kind == "masked":
                weighted = scorecam(
                    self.model, image, activations, target, task=self.task, batch_size=self.batch_size
                )
            else:
                weighted = ablationcam(
                    self.model,
                    image,
                    layer,
                    view.layout,
                    activations,
                    target,
                    task=self.task,
                    batch_size=self.batch_size,
                )
            rows.append(weighted)
        return torch.cat(rows)


class _View:
    """A layer in one pass.

    Args:
        layout: Layout of its output.
        activations: (B, C, h, w).
        gradients: Those of the scores, (B, C, h, w).
        targets: The explained classes, (B,).
    """

    def __init__(self, layout: Layout, activations: Tensor, gradients: Tensor, targets: Tensor) -> None:
        self.layout, self.activations, self.gradients, self.targets = layout, activations, gradients, targets

    def with_activations(self, activations: Tensor) -> _View:
        """The same with weighted activations."""
        return _View(self.layout, activations, self.gradients, self.targets)
