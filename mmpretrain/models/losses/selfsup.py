"""Losses of self-supervised methods."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.registry import MODELS


def masked_mean(loss: Tensor, mask: Tensor | None) -> Tensor:
    """Average over the elements where ``mask`` is 1, or over all."""
    return loss.mean() if mask is None else (loss * mask).sum() / mask.sum()


@MODELS.register_module()
class CosineSimilarityLoss(nn.Module):
    """``shift_factor - scale_factor * cosine similarity``.

    Args:
        shift_factor: See above.
        scale_factor: See above.
    """

    def __init__(self, shift_factor: float = 0.0, scale_factor: float = 1.0) -> None:
        super().__init__()
        self.shift_factor = shift_factor
        self.scale_factor = scale_factor

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compare features (..., C), where the mask (...) is 1 if there is one."""
        similarity = (F.normalize(pred, dim=-1) * F.normalize(target, dim=-1)).sum(dim=-1)
        return masked_mean(self.shift_factor - self.scale_factor * similarity, mask)


@MODELS.register_module()
class CrossCorrelationLoss(nn.Module):
    """Distance of a cross-correlation matrix from identity (`Barlow Twins <https://arxiv.org/abs/2103.03230>`_).

    Args:
        lambd: Weight of what is off the diagonal.
    """

    def __init__(self, lambd: float = 0.0051) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, cross_correlation_matrix: Tensor) -> Tensor:
        """Compute the loss of a matrix (C, C)."""
        diagonal = cross_correlation_matrix.diagonal()
        off_diagonal = cross_correlation_matrix - diagonal.diag()
        return (diagonal - 1).square().sum() + self.lambd * off_diagonal.square().sum()


@MODELS.register_module()
class PixelReconstructionLoss(nn.Module):
    """Mean error of pixels or patches in masked image modelling.

    Args:
        criterion: Absolute or squared error.
        channel: What a masked loss is divided by, for targets with channels that the mask does not have.
    """

    def __init__(self, criterion: Literal["L1", "L2"], channel: int | None = None) -> None:
        super().__init__()
        if criterion not in ("L1", "L2"):
            raise ConfigError(f"criterion must be 'L1' or 'L2', got {criterion!r}", key="criterion")
        self.penalty = nn.L1Loss(reduction="none") if criterion == "L1" else nn.MSELoss(reduction="none")
        self.channel = channel if channel is not None else 1

    def forward(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compare patches (B, N, P) or images (B, C, H, W), where the mask is 1 if there is one."""
        loss = self.penalty(pred, target)
        if loss.ndim == 3:
            loss = loss.mean(dim=-1)
        loss = masked_mean(loss, mask)
        return loss if mask is None else loss / self.channel


@MODELS.register_module()
class CAELoss(nn.Module):
    """The two losses of `Context Autoencoder <https://arxiv.org/abs/2202.03026>`_.

    Args:
        lambd: Weight of the alignment.
    """

    def __init__(self, lambd: float) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(
        self, logits: Tensor, target: Tensor, latent_pred: Tensor, latent_target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of the tokens, and that of the alignment.

        Args:
            logits: Scores of the visual tokens, (N, V).
            target: The tokens, (N,).
            latent_pred: What the regressor predicts.
            latent_target: What the teacher says.
        """
        alignment = F.mse_loss(latent_pred, latent_target.detach())
        return F.cross_entropy(logits, target), alignment * self.lambd
