"""What the tests of models of other libraries share."""

from __future__ import annotations

from torch import Tensor, nn


class Net(nn.Module):
    """A network with the methods of a timm model and of a Transformers model."""

    def __init__(self, in_chans: int = 3, num_classes: int = 4, features_only: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(in_chans, 8, 3, 2, 1)
        self.fc = nn.Linear(8, num_classes)
        self.features_only = features_only
        self.checkpointing = False

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stem(x)

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        features = self.forward_features(x)
        return [features, features[..., ::2, ::2]] if self.features_only else self.fc(features.mean((2, 3)))

    def reset_classifier(self, num_classes: int, global_pool: str) -> None:
        assert num_classes == 0
        assert global_pool == ""
        self.fc = nn.Identity()

    def set_grad_checkpointing(self) -> None:
        self.checkpointing = True

    gradient_checkpointing_enable = set_grad_checkpointing
