"""The CLIP model whose features are targets, and its parts, as 1.x constructs them.

Shapes: N tokens, B images, C channels.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmpretrain.errors import ArgumentError
from mmpretrain.models.selfsup.clip_generator import Clip, ClipBlock, ClipTransformer, ClipVisual, clip_from


class LayerNorm(nn.LayerNorm):
    """Normalises in float32, whatever the type of its input."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., C)."""
        return super().forward(x.float()).to(x.dtype)


class ResidualAttentionBlock(ClipBlock):
    """Attention and a feed-forward network.

    Args:
        d_model: Number of channels.
        n_head: Number of attention heads.
        attn_mask: Added to the logits of the attention, (N, N).
        return_attention: Return the attention too.
    """

    def __init__(
        self, d_model: int, n_head: int, attn_mask: Tensor | None = None, return_attention: bool = False
    ) -> None:
        super().__init__(d_model, n_head)
        self.attn_mask = attn_mask
        self.return_attention = return_attention

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor | None]:  # type: ignore[override]
        """Transform tokens (N, B, C); the attention is (B, N, N)."""
        mask = None if self.attn_mask is None else self.attn_mask.to(x)
        out, weights = super().forward(x.transpose(0, 1), self.return_attention, mask)
        out = out.transpose(0, 1)
        return (out, weights) if self.return_attention else out


class Transformer(nn.Module):
    """Blocks one after the other.

    Args:
        width: Number of channels.
        layers: Number of blocks.
        heads: Number of attention heads.
        attn_mask: Added to the logits of the attention, (N, N).
    """

    def __init__(self, width: int, layers: int, heads: int, attn_mask: Tensor | None = None) -> None:
        super().__init__()
        self.width = width
        self.layers = layers
        self.resblocks = nn.ModuleList(
            ResidualAttentionBlock(width, heads, attn_mask, return_attention=i == layers - 1)
            for i in range(layers)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None, list[Tensor]]:
        """Transform tokens (N, B, C).

        Returns:
            The tokens, the attention (B, N, N) of the last block, and what each block puts out, (B, N, C).
        """
        outs, weights = [], None
        for block in self.resblocks:
            out = block(x)
            x, weights = out if isinstance(out, tuple) else (out, None)
            outs.append(x.transpose(0, 1))
        return x, weights, outs


class VisionTransformer(ClipVisual):
    """CLIP's vision transformer.

    Args:
        input_resolution: Edge of the images.
        patch_size: Size of a patch.
        width: Number of channels.
        layers: Number of blocks.
        heads: Number of attention heads.
        output_dim: Number of channels of the output.
        finetune: See :func:`build_clip_model`.
        average_targets: See :func:`build_clip_model`.
    """

    def __init__(
        self,
        input_resolution: int,
        patch_size: int,
        width: int,
        layers: int,
        heads: int,
        output_dim: int,
        finetune: bool = False,
        average_targets: int = 1,
    ) -> None:
        refuse_scripts(finetune, average_targets, "VisionTransformer")
        super().__init__(width, layers, patch_size, input_resolution // patch_size, output_dim, heads)
        self.input_resolution = input_resolution
        self.output_dim = output_dim
        scale = width**-0.5
        for parameter in (self.class_embedding, self.positional_embedding, self.proj):
            nn.init.normal_(parameter, std=scale)


class CLIP(Clip):
    """Both towers of a CLIP model with a vision transformer, with random weights.

    Args:
        embed_dim: Number of channels of the output.
        image_resolution: Edge of the images.
        vision_layers: Number of blocks of the tower for images.
        vision_width: Its number of channels.
        vision_patch_size: Size of a patch.
        context_length: Number of tokens of a text.
        vocab_size: Number of different ones.
        transformer_width: Number of channels of the tower for texts.
        transformer_heads: Its number of attention heads.
        transformer_layers: Its number of blocks.
        finetune: See :func:`build_clip_model`.
        average_targets: See :func:`build_clip_model`.
    """

    def __init__(
        self,
        embed_dim: int,
        image_resolution: int,
        vision_layers: int,
        vision_width: int,
        vision_patch_size: int,
        context_length: int,
        vocab_size: int,
        transformer_width: int,
        transformer_heads: int,
        transformer_layers: int,
        finetune: bool = False,
        average_targets: int = 1,
    ) -> None:
        refuse_scripts(finetune, average_targets, "CLIP")
        if not isinstance(vision_layers, int):
            raise ArgumentError(
                f"vision_layers must be a number of blocks, got {vision_layers!r}",
                hint="CLIP's ResNets make no targets, in 1.x neither.",
                key="vision_layers",
            )
        nn.Module.__init__(self)
        heads = vision_width // 64
        self.visual = VisionTransformer(
            image_resolution, vision_patch_size, vision_width, vision_layers, heads, embed_dim
        )
        self.transformer = ClipTransformer(transformer_width, transformer_layers, transformer_heads)
        self.context_length = context_length
        self.vocab_size = vocab_size
        self.token_embedding = nn.Embedding(vocab_size, transformer_width)
        self.positional_embedding = nn.Parameter(torch.empty(context_length, transformer_width))
        self.ln_final = LayerNorm(transformer_width)
        self.text_projection = nn.Parameter(torch.empty(transformer_width, embed_dim))
        self.logit_scale = nn.Parameter(torch.ones([]) * 2.6593)  # log(1 / 0.07)
        self.initialize_parameters()

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights of the tower for images."""
        return self.visual.conv1.weight.dtype

    def initialize_parameters(self) -> None:
        """Start the tower for texts with small random weights."""
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        nn.init.normal_(self.text_projection, std=self.text_projection.shape[0] ** -0.5)

    def build_attention_mask(self) -> Tensor:
        """Minus infinity where a token would look at later ones, (context_length, context_length)."""
        size = (self.context_length, self.context_length)
        return torch.full(size, float("-inf")).triu_(1)


def build_clip_model(
    state_dict: Mapping[str, Tensor], finetune: bool = False, average_targets: int = 1
) -> Clip:
    """Make the CLIP model that OpenAI's weights are of.

    Args:
        state_dict: The weights.
        finetune: Must be False: other values are for scripts outside of MMPretrain.
        average_targets: Must be 1, for the same reason.

    Raises:
        CheckpointError: If the weights are not those of a CLIP model with a vision transformer.
    """
    refuse_scripts(finetune, average_targets, "build_clip_model")
    return clip_from(state_dict)


def refuse_scripts(finetune: bool, average_targets: int, name: str) -> None:
    """Refuse what 1.x's CLIP only offers to scripts outside of it.

    Raises:
        ArgumentError: If one of them is wanted.
    """
    if finetune or average_targets != 1:
        raise ArgumentError(
            f"{name} makes targets only, got finetune={finetune!r}, average_targets={average_targets!r}",
            hint="Fine-tune CLIP's vision transformer as a VisionTransformer backbone.",
            key="finetune" if finetune else "average_targets",
        )
