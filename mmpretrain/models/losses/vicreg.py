"""The loss of VICReg."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmpretrain.errors import DataError
from mmpretrain.registry import MODELS


@MODELS.register_module()
class VICRegLoss(nn.Module):
    """Views agree, channels vary, and channels are uncorrelated (`VICReg <https://arxiv.org/abs/2105.04906>`_).

    Args:
        sim_coeff: Weight of the mean squared difference of the views.
        std_coeff: Weight of how far the standard deviation of a channel falls short of 1.
        cov_coeff: Weight of the squared covariances of different channels.
        eps: Added to variances before the square root.
    """

    def __init__(
        self, sim_coeff: float = 25.0, std_coeff: float = 25.0, cov_coeff: float = 1.0, eps: float = 1e-4
    ) -> None:
        super().__init__()
        self.sim_coeff = sim_coeff
        self.std_coeff = std_coeff
        self.cov_coeff = cov_coeff
        self.eps = eps

    def forward(self, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        """Return the three weighted losses of two views (B, C), by name."""
        if len(first) < 2:
            raise DataError("VICReg measures how channels vary: a batch needs at least two images")
        views = [view - view.mean(dim=0) for view in (first, second)]
        variance = torch.stack([self._shortfall(view) for view in views]).mean()
        covariance = torch.stack([self._correlation(view) for view in views]).sum()
        return {
            "loss_invariance": self.sim_coeff * F.mse_loss(first, second),
            "loss_variance": self.std_coeff * variance,
            "loss_covariance": self.cov_coeff * covariance,
        }

    def _shortfall(self, centred: Tensor) -> Tensor:
        """Mean over channels of how far the standard deviation is below 1."""
        variance = centred.square().sum(dim=0) / (len(centred) - 1)
        return F.relu(1 - (variance + self.eps).sqrt()).mean()

    @staticmethod
    def _correlation(centred: Tensor) -> Tensor:
        """Sum of the squared covariances of different channels, by number of channels."""
        covariance = centred.T @ centred / (len(centred) - 1)
        return (covariance.square().sum() - covariance.diagonal().square().sum()) / covariance.shape[0]
