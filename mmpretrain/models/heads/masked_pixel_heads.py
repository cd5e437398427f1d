"""Heads that compare reconstructed images with the originals."""

from __future__ import annotations

from torch import Tensor, nn

from mmpretrain.errors import ConfigError
from mmpretrain.models.heads.loss_head import LossHead
from mmpretrain.registry import MODELS


def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images into square patches: (B, C, H, W) -> (B, L, patch_size**2 * C)."""
    height, width = images.shape[2:]
    if height % patch_size or width % patch_size:
        raise ConfigError(
            f"Images of {height}x{width} pixels cannot be cut into patches of {patch_size}", key="patch_size"
        )
    rows = images.unflatten(3, (-1, patch_size)).unflatten(2, (-1, patch_size))  # (B, C, h, p, w, p)
    return rows.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, patch_size: int, channels: int) -> Tensor:
    """Undo :func:`patchify` for square images."""
    edge = round(patches.shape[1] ** 0.5)
    if edge**2 != patches.shape[1]:
        raise ConfigError(f"{patches.shape[1]} patches do not make a square image")
    rows = patches.unflatten(2, (patch_size, patch_size, channels)).unflatten(1, (edge, edge))
    return rows.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def normalize_patches(patches: Tensor) -> Tensor:
    """Subtract the mean of each patch, and divide by its standard deviation."""
    mean, var = patches.mean(dim=-1, keepdim=True), patches.var(dim=-1, keepdim=True)
    return (patches - mean) / (var + 1e-6) ** 0.5


@MODELS.register_module()
class MIMHead(LossHead):
    """Passes predictions, targets and the mask to the loss.

    Args:
        loss: The loss, or its config.
    """

    def __init__(self, loss: dict | nn.Module) -> None:
        super().__init__(loss)

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compute the loss of patches (B, L, C), where the mask (B, L) is 1 if there is one."""
        return self.loss_module(pred, target, mask)


@MODELS.register_module()
class SimMIMHead(MIMHead):
    """Compares images where patches were masked (`SimMIM <https://arxiv.org/abs/2111.09886>`_).

    Args:
        patch_size: Edge of what one entry of the mask stands for.
        loss: The loss, or its config.
    """

    def __init__(self, patch_size: int, loss: dict | nn.Module) -> None:
        super().__init__(loss)
        self.patch_size = patch_size

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Compare images (B, C, H, W) where the mask (B, H / patch_size, W / patch_size) is 1."""
        size = self.patch_size
        pixels = mask.repeat_interleave(size, 1).repeat_interleave(size, 2)
        return super().loss(pred, target, pixels[:, None])


@MODELS.register_module()
class MAEPretrainHead(MIMHead):
    """Compares patches with those of the original (`MAE <https://arxiv.org/abs/2111.06377>`_).

    Args:
        loss: The loss, or its config.
        norm_pix: Whether to normalise each patch of the original.
        patch_size: Edge of the patches.
        in_channels: Number of channels of the images.
    """

    def __init__(
        self,
        loss: dict | nn.Module,
        norm_pix: bool = False,
        patch_size: int = 16,
        in_channels: int = 3,
    ) -> None:
        super().__init__(loss)
        self.norm_pix = norm_pix
        self.patch_size = patch_size
        self.in_channels = in_channels

    def patchify(self, imgs: Tensor) -> Tensor:
        """Cut images into patches: (B, C, H, W) -> (B, L, patch_size**2 * C)."""
        return patchify(imgs, self.patch_size)

    def unpatchify(self, x: Tensor) -> Tensor:
        """Undo :meth:`patchify` for square images."""
        return unpatchify(x, self.patch_size, self.in_channels)

    def construct_target(self, target: Tensor) -> Tensor:
        """Return the patches to predict, (B, L, patch_size**2 * C), of images (B, C, H, W)."""
        patches = self.patchify(target)
        return normalize_patches(patches) if self.norm_pix else patches

    def loss(self, pred: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
        """Compare predicted patches (B, L, D) with images (B, C, H, W), where the mask (B, L) is 1."""
        return super().loss(pred, self.construct_target(target), mask)


@MODELS.register_module()
class MixMIMPretrainHead(MAEPretrainHead):
    """Takes mixed images apart before comparing (`MixMIM <https://arxiv.org/abs/2205.13137>`_).

    Args:
        loss: The loss, or its config.
        norm_pix: Whether to normalise each patch of the original.
        patch_size: Edge of the patches.
    """

    def __init__(self, loss: dict | nn.Module, norm_pix: bool = False, patch_size: int = 16) -> None:
        super().__init__(loss, norm_pix, patch_size)

    def loss(self, x_rec: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        """Compare patches with images.

        Args:
            x_rec: Predicted patches (2 * B, L, D): of the images, then of those mixed into them, whose order
                is that of the images reversed.
            target: The images, (B, C, H, W).
            mask: Where patches come from the first half, (B, L, 1).
        """
        first, second = x_rec.chunk(2)
        return super().loss(first * mask + second.flip(0) * (1 - mask), target)


@MODELS.register_module()
class SparKPretrainHead(MAEPretrainHead):
    """Compares images patch by patch where they were masked (`SparK <https://arxiv.org/abs/2301.03580>`_).

    Args:
        loss: The loss, or its config.
        norm_pix: Whether to normalise each patch of the original.
        patch_size: Edge of the patches: how much the backbone reduces images.
    """

    def __init__(self, loss: dict | nn.Module, norm_pix: bool = True, patch_size: int = 32) -> None:
        super().__init__(loss, norm_pix, patch_size)

    def forward(self, pred: Tensor, target: Tensor, active_mask: Tensor) -> Tensor:
        """Compare images (B, C, H, W) where the mask (B, 1, H / patch_size, W / patch_size) is False."""
        hidden = active_mask.logical_not().int().flatten(1)
        return self.loss(self.patchify(pred), target, hidden)
