"""What the collapse doctor sees of a training step: features, targets, inputs and gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

#: How many images are looked at; the time of the measurements grows with it.
MOST_ROWS = 256


class Observation:
    """What one step shows.

    Attributes:
        backbone: Features of the trained backbone, (B, C) for each call of the neck.
        neck: What the neck makes of them.
        targets: What the teacher or the clusters say, (B, K) for each call.
        views: The prepared images, (B, ...) for each view.
        live_target: The loss compares two tensors, and a gradient would flow into both.
        squared_grad: Sum of the squared gradients so far.
        backbone_grad: The part of it that the backbone's parameters have.
    """

    def __init__(self) -> None:
        self.backbone: list[Tensor] = []
        self.neck: list[Tensor] = []
        self.targets: list[Tensor] = []
        self.views: list[Tensor] = []
        self.live_target = False
        self.squared_grad: Tensor | float = 0.0
        self.backbone_grad: Tensor | float = 0.0


class Watch:
    """Looks at a model during one training step; :meth:`close` leaves the model as it was.

    Args:
        model: A self-supervised model, without wrapper.
    """

    def __init__(self, model: Any) -> None:
        self.seen = Observation()
        self._handles: list[Any] = []
        self._reporting: list[nn.Module] = []
        #: Where a target generator sees the other view, this may be the same image.
        self._one_view = getattr(model, "target_generator", None) is not None
        self._watch(getattr(model, "data_preprocessor", None), self._take_views)
        if isinstance(getattr(model, "neck", None), nn.Module):
            self._watch(model.neck, self._take_neck)
        else:
            self._watch(getattr(model, "backbone", None), self._take_backbone)
        head = getattr(model, "head", None)
        if isinstance(head, nn.Module):
            for module in head.modules():
                if hasattr(module, "report_targets"):
                    module.report_targets = self._take_targets  # type: ignore[assignment]
                    self._reporting.append(module)
            loss = getattr(head, "loss_module", None)
            if isinstance(loss, nn.Module):
                self._handles.append(loss.register_forward_pre_hook(self._take_loss_inputs))
        own = {id(p) for p in getattr(model, "backbone", nn.Module()).parameters()}
        for parameter in model.parameters():
            if parameter.requires_grad:
                hook = self._take_backbone_grad if id(parameter) in own else self._take_grad
                self._handles.append(parameter.register_post_accumulate_grad_hook(hook))

    def close(self) -> Observation:
        """Stop watching, and return what was seen."""
        for handle in self._handles:
            handle.remove()
        for module in self._reporting:
            module.report_targets = None  # type: ignore[assignment]
        return self.seen

    def _watch(self, module: object, note: Callable[..., None]) -> None:
        if isinstance(module, nn.Module):
            self._handles.append(module.register_forward_hook(note))

    def _take_views(self, _: nn.Module, inputs: tuple, output: object) -> None:
        images = output.get("inputs") if isinstance(output, dict) else None
        views = [images] if isinstance(images, Tensor) else images or []
        views = views[:1] if self._one_view else views
        self.seen.views += [view.detach()[:MOST_ROWS] for view in views if isinstance(view, Tensor)]

    def _take_backbone(self, _: nn.Module, inputs: tuple, output: object) -> None:
        if torch.is_grad_enabled():
            self.seen.backbone += vectors(output)

    def _take_neck(self, _: nn.Module, inputs: tuple, output: object) -> None:
        if torch.is_grad_enabled():
            self.seen.backbone += vectors(inputs[0] if inputs else None)
            # What is made of tokens, and images, are predictions of what is hidden, which may well be alike.
            tokens = any(x.ndim == 3 for x in _flat(inputs[:1]))
            images = any(x.ndim == 4 for x in _flat([output]))
            self.seen.neck += [] if tokens or images else vectors(output)

    def _take_targets(self, probs: Tensor) -> None:
        self.seen.targets.append(probs.detach())

    def _take_loss_inputs(self, _: nn.Module, inputs: tuple) -> None:
        if len(inputs) == 2 and all(isinstance(x, Tensor) and x.is_floating_point() for x in inputs):
            self.seen.live_target |= all(x.requires_grad for x in inputs)

    def _take_grad(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        self.seen.squared_grad = self.seen.squared_grad + parameter.grad.detach().float().square().sum()

    def _take_backbone_grad(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        squared = parameter.grad.detach().float().square().sum()
        self.seen.squared_grad = self.seen.squared_grad + squared
        self.seen.backbone_grad = self.seen.backbone_grad + squared


def vectors(output: object) -> list[Tensor]:
    """Return one vector for each image, (B, C), of the output of a backbone or neck, if there is one."""
    tensors = _flat([output])
    features = [x for x in tensors if x.is_floating_point() and x.ndim >= 2]
    if not features:
        return []
    # The last stage; masked backbones put features first, and orders and masks after them.
    masked = any(not x.is_floating_point() for x in tensors)
    x = (features[0] if masked else features[-1]).detach()[:MOST_ROWS].float()
    if x.ndim == 3:
        return [x.mean(dim=1)]  # tokens (B, N, C)
    return [x.flatten(2).mean(dim=2) if x.ndim > 3 else x]


def _flat(items: Iterable[Any]) -> list[Tensor]:
    found: list[Tensor] = []
    for item in items:
        if isinstance(item, Tensor):
            found.append(item)
        elif isinstance(item, (tuple, list)):
            found += _flat(item)
    return found
