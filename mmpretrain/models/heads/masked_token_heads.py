"""Heads that predict visual tokens of masked patches."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.models.heads.base import InitCfg
from mmpretrain.models.heads.loss_head import LossHead
from mmpretrain.registry import MODELS

TRUNC_NORMAL_INIT = {"type": "TruncNormal", "layer": "Linear", "std": 0.02, "bias": 0}


class TokenHead(LossHead):
    """A linear layer that predicts the tokens, or features, of masked patches.

    Args:
        embed_dims: Number of channels of the features.
        num_embed: Number of tokens, or of channels of the target.
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def __init__(
        self,
        embed_dims: int,
        num_embed: int,
        loss: dict | nn.Module,
        init_cfg: InitCfg = TRUNC_NORMAL_INIT,
    ) -> None:
        super().__init__(loss, init_cfg)
        self.cls_head = nn.Linear(embed_dims, num_embed)

    def masked_loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Compare predictions from features (B, L, C) with targets (B, L, ...) where the mask is 1."""
        hidden = mask.flatten(1).bool()
        return self.loss_module(self.cls_head(feats[hidden]), target[hidden])


@MODELS.register_module()
class BEiTV1Head(TokenHead):
    """Predicts tokens of DALL-E (`BEiT <https://arxiv.org/abs/2106.08254>`_); see :class:`TokenHead`."""

    def loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss.

        Args:
            feats: Class token and patches, (B, 1 + L, C).
            target: Score of each token, (B, V, h, w), L = h * w.
            mask: 1 where patches are masked, (B, h, w).
        """
        return self.masked_loss(feats[:, 1:], target.argmax(dim=1).flatten(1), mask)


@MODELS.register_module()
class BEiTV2Head(TokenHead):
    """Predicts tokens twice (`BEiT v2 <https://arxiv.org/abs/2208.06366>`_); see :class:`TokenHead`."""

    def loss(
        self, feats: Tensor, feats_cls_pt: Tensor, target: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Compute the loss of the backbone's patches, and of those that saw its class token only.

        Args:
            feats: Patches, (B, L, C).
            feats_cls_pt: Patches of the extra layers, (B, L, C).
            target: The tokens, (B, L).
            mask: 1 where patches are masked, (B, h, w), L = h * w.
        """
        return self.masked_loss(feats, target, mask), self.masked_loss(feats_cls_pt, target, mask)


@MODELS.register_module()
class iTPNClipHead(TokenHead):
    """Predicts features of CLIP (`iTPN <https://arxiv.org/abs/2211.12735>`_); see :class:`TokenHead`."""

    def loss(self, feats: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Compute the loss of patches (B, L, C) and targets (B, L, D) where the mask (B, h, w) is 1."""
        return self.masked_loss(feats, target, mask.to(feats.device, non_blocking=True))


@MODELS.register_module()
class CAEHead(LossHead):
    """Passes the tokens of DALL-E at masked patches to the loss (`CAE <https://arxiv.org/abs/2202.03026>`_).

    Args:
        loss: The loss, or its config.
        init_cfg: How the weights are initialised.
    """

    def loss(
        self,
        logits: Tensor,
        logits_target: Tensor,
        latent_pred: Tensor,
        latent_target: Tensor,
        mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return the loss of the tokens, and that of the alignment.

        Args:
            logits: Scores of the tokens at masked patches, (N, V).
            logits_target: Score of each token, (B, V, h, w), L = h * w.
            latent_pred: What the regressor predicts.
            latent_target: What the teacher says.
            mask: True where patches are masked, (B, L).
        """
        target = logits_target.argmax(dim=1).flatten(1)[mask]
        return self.loss_module(logits, target, latent_pred, latent_target)
