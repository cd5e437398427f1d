"""What a classifier reveals about images in the pass that predicts."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from mmpretrain.errors import ConfigError

#: Styles of so many layers are watched, and of so many channels of each.
MAX_LAYERS, MAX_CHANNELS = 5, 256


class Evidence(NamedTuple):
    """What is known about N images besides their pixels."""

    logits: Tensor  #: (N, C).
    features: Tensor  #: (N, D), what the last linear layer gets.
    styles: tuple[Tensor, ...] = ()  #: For each watched layer, mean and deviation of channels, (N, 2 S).

    def take(self, rows: Any) -> Evidence:
        """Return that about some of the images."""
        return Evidence(self.logits[rows], self.features[rows], tuple(style[rows] for style in self.styles))

    def cpu(self) -> Evidence:
        """Return it as float32 on the CPU, apart from the computation."""
        logits, features, *styles = (x.float().cpu() for x in (self.logits, self.features, *self.styles))
        return Evidence(logits, features, tuple(styles))

    @staticmethod
    def join(parts: list[Evidence]) -> Evidence:
        """Return that about all images of several parts."""
        columns = zip(*((part.logits, part.features, *part.styles) for part in parts), strict=True)
        logits, features, *styles = (torch.cat(column) for column in columns)
        return Evidence(logits, features, tuple(styles))


class Tap:
    """Notes the evidence of a forward pass.

    Features are the input of the last linear layer with one output per class, wherever it is; of heads
    without one, what ``pre_logits()`` returns. Styles are those of up to five convolutions from the first to
    the last, or of layer norms where there are hardly any.

    Args:
        model: A classifier with a head for one label per image.
        styles: Note the styles of layers, too.

    Example:
        >>> with Tap(model) as tap:
        ...     samples = model.test_step(batch)
        >>> tap.evidence.logits.shape, tap.evidence.features.shape
        (torch.Size([32, 10]), torch.Size([32, 512]))
    """

    def __init__(self, model: Any, *, styles: bool = True) -> None:
        head = getattr(model, "head", None)
        if not isinstance(head, nn.Module):
            raise ConfigError(f"{type(model).__name__} has no head that classifies: it cannot be calibrated")
        self.head: nn.Module = head
        backbone = getattr(model, "backbone", None)
        parts = [part for part in (backbone, head) if isinstance(part, nn.Module)]
        self.linear = {layer for part in parts for layer in part.modules() if isinstance(layer, nn.Linear)}
        self.watched = watched_layers(backbone) if styles and isinstance(backbone, nn.Module) else []
        self.stack = ExitStack()
        self._logits: Any = None
        self._before: Any = None
        self._seen: list[tuple[Tensor, int]] = []
        self._styles: dict[nn.Module, Tensor] = {}

    def __enter__(self) -> Tap:
        self._logits, self._before, self._seen, self._styles = None, None, [], {}
        handles = [self.head.register_forward_hook(self._note_head)]
        handles += [layer.register_forward_hook(self._note_layer) for layer in self.linear]
        handles += [layer.register_forward_hook(self._note_style) for layer in self.watched]
        for handle in handles:
            self.stack.callback(handle.remove)
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def _note_head(self, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        self._logits, self._before = output, inputs[0] if inputs else None

    def _note_layer(self, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 2:
            self._seen.append((inputs[0], output.shape[1]))

    def _note_style(self, layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim in (3, 4):
            self._styles[layer] = style_of(output)

    @property
    def logits(self) -> Tensor:
        """The logits of the pass, (B, C).

        Raises:
            ConfigError: If the head has several outputs, or none.
        """
        if not isinstance(self._logits, Tensor) or self._logits.ndim != 2:
            raise ConfigError(
                f"A {type(self.head).__name__} does not put out one score per class: it cannot be calibrated",
                hint="Calibration is for heads with one label per image, such as LinearClsHead.",
            )
        return self._logits.float()

    @property
    def features(self) -> Tensor:
        """The features of the pass, (B, D)."""
        wanted = self.logits.shape
        for features, count in reversed(self._seen):
            if count == wanted[1] and features.shape[0] == wanted[0]:
                return features.float()
        found = self.head.pre_logits(self._before) if hasattr(self.head, "pre_logits") else None  # type: ignore[operator]
        return found.float() if isinstance(found, Tensor) and found.ndim == 2 else self.logits

    @property
    def evidence(self) -> Evidence:
        """All of it, on the CPU."""
        count = len(self.logits)
        styles = [self._styles[layer] for layer in self.watched if layer in self._styles]
        return Evidence(self.logits, self.features, tuple(s for s in styles if len(s) == count)).cpu()


def watched_layers(backbone: nn.Module) -> list[nn.Module]:
    """Return the layers whose styles are compared, from the first to the last."""
    layers: list[nn.Module] = [layer for layer in backbone.modules() if isinstance(layer, nn.Conv2d)]
    if len(layers) < 3:
        layers += [layer for layer in backbone.modules() if isinstance(layer, nn.LayerNorm)]
    count = min(len(layers), MAX_LAYERS)
    return [layers[round(place)] for place in torch.linspace(0, len(layers) - 1, count).tolist()]


def style_of(output: Tensor) -> Tensor:
    """Return mean and deviation over the places of an image, (B, 2 S), of at most 256 channels.

    Args:
        output: (B, C, H, W), or tokens (B, N, C).
    """
    channels = output.flatten(2) if output.ndim == 4 else output.transpose(1, 2)  # (B, C, N)
    chosen = channels[:, :: -(-channels.shape[1] // MAX_CHANNELS)].float()
    return torch.cat([chosen.mean(2), chosen.std(2, unbiased=False)], dim=1)
