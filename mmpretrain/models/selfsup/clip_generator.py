"""Features of CLIP as targets of masked image modelling: https://arxiv.org/abs/2103.00020.

Shapes: B images, N = 1 + L tokens of an image, C channels of the transformer, D of the output.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from mmpretrain import checkpoints
from mmpretrain.checkpoints.layouts import weights_of
from mmpretrain.errors import CheckpointError
from mmpretrain.models.layers.activation import QuickGELU
from mmpretrain.models.layers.position_embed import resize_pos_embed
from mmpretrain.models.layers.shape import to_tokens
from mmpretrain.registry import MODELS

#: Channels of an attention head in all models of CLIP.
HEAD_DIMS = 64


class ClipBlock(nn.Module):
    """Attention and a feed-forward network, under the names of OpenAI's checkpoints.

    Args:
        width: Number of channels.
        heads: Number of attention heads; by default as many as OpenAI's models have.
    """

    def __init__(self, width: int, heads: int | None = None) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads or max(1, width // HEAD_DIMS), batch_first=True)
        self.ln_1 = nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, width * 4))
        self.mlp.add_module("gelu", QuickGELU())
        self.mlp.add_module("c_proj", nn.Linear(width * 4, width))
        self.ln_2 = nn.LayerNorm(width)

    def forward(
        self, x: Tensor, need_weights: bool = False, attn_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Transform tokens (B, N, C); return also the attention (B, N, N) if it is wanted.

        Args:
            x: The tokens.
            need_weights: Return the attention.
            attn_mask: Added to the logits of the attention, (N, N).
        """
        y = self.ln_1(x)
        mixed, weights = self.attn(y, y, y, need_weights=need_weights, attn_mask=attn_mask)
        x = x + mixed
        return x + self.mlp(self.ln_2(x)), weights


class ClipTransformer(nn.Module):
    """The blocks of a tower.

    Args:
        width: Number of channels.
        layers: Number of blocks.
        heads: See :class:`ClipBlock`.
    """

    def __init__(self, width: int, layers: int, heads: int | None = None) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(ClipBlock(width, heads) for _ in range(layers))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Transform tokens (B, N, C); return also the attention (B, N, N) of the last block."""
        weights = None
        for i, block in enumerate(self.resblocks):
            x, weights = block(x, need_weights=i == len(self.resblocks) - 1)
        return x, weights


class ClipVisual(nn.Module):
    """CLIP's vision transformer.

    Args:
        width: Number of channels.
        layers: Number of blocks.
        patch_size: Size of a patch.
        grid: Number of patches along each side.
        output_dim: Number of channels of the output.
        heads: See :class:`ClipBlock`.
    """

    def __init__(
        self,
        width: int,
        layers: int,
        patch_size: int,
        grid: int,
        output_dim: int,
        heads: int | None = None,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.conv1 = nn.Conv2d(3, width, patch_size, patch_size, bias=False)
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.positional_embedding = nn.Parameter(torch.zeros(grid**2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = ClipTransformer(width, layers, heads)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, output_dim))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (B, N, D) of images (B, 3, H, W), and the attention (B, N, N) of the last block."""
        patches = self.conv1(x)
        hw = (patches.shape[2], patches.shape[3])
        token = self.class_embedding.expand(len(x), 1, -1)
        positions = resize_pos_embed(self.positional_embedding[None], (self.grid, self.grid), hw)
        tokens, attention = self.transformer(
            self.ln_pre(torch.cat((token, to_tokens(patches)), dim=1) + positions)
        )
        return self.ln_post(tokens) @ self.proj, attention


class Clip(nn.Module):
    """Both towers of a CLIP model; the one for texts only holds its weights.

    Args:
        weights: OpenAI's weights, whose shapes say what the model is like.

    Raises:
        CheckpointError: If they are not those of a CLIP model with a vision transformer.
    """

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        try:
            width, _, patch_size, _ = weights["visual.conv1.weight"].shape
            positions, output_dim = (
                len(weights["visual.positional_embedding"]),
                weights["visual.proj"].shape[1],
            )
            context, text_width = weights["positional_embedding"].shape
            vocabulary = len(weights["token_embedding.weight"])
            text_dim = weights["text_projection"].shape[1]
        except (KeyError, ValueError, IndexError) as error:
            raise CheckpointError(
                f"The weights are not those of a CLIP model with a vision transformer: {error}",
                hint="CLIPGenerator takes OpenAI's checkpoints, such as ViT-B/16.",
            ) from error
        layers = _count_blocks(weights, "visual.transformer.resblocks.")
        self.visual = ClipVisual(width, layers, patch_size, round((positions - 1) ** 0.5), output_dim)
        self.transformer = ClipTransformer(text_width, _count_blocks(weights, "transformer.resblocks."))
        self.token_embedding = nn.Embedding(vocabulary, text_width)
        self.positional_embedding = nn.Parameter(torch.zeros(context, text_width))
        self.ln_final = nn.LayerNorm(text_width)
        self.text_projection = nn.Parameter(torch.zeros(text_width, text_dim))
        self.logit_scale = nn.Parameter(torch.zeros([]))

    def encode_image(self, image: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (B, N, D) of images (B, 3, H, W), and the attention (B, N, N) of the last block."""
        return self.visual(image.to(self.visual.conv1.weight.dtype))


def clip_from(weights: Mapping[str, Tensor]) -> Clip:
    """Make the CLIP model that OpenAI's weights are of.

    Raises:
        CheckpointError: If they are not those of a CLIP model with a vision transformer.
    """
    model = Clip(weights).eval()
    wanted = {key: value.shape for key, value in model.state_dict().items()}
    wrong = [key for key, shape in wanted.items() if key not in weights or weights[key].shape != shape]
    if wrong:
        raise CheckpointError(
            f"{len(wrong)} of the {len(wanted)} weights of a CLIP model are missing, or have another shape; "
            f"the first is {wrong[0]}"
        )
    model.load_state_dict({key: weights[key].float() for key in wanted})
    return model


def _count_blocks(weights: Mapping[str, Tensor], prefix: str) -> int:
    return len({key[len(prefix) :].split(".")[0] for key in weights if key.startswith(prefix)})


@MODELS.register_module()
class CLIPGenerator(nn.Module):
    """Makes targets with CLIP, for `MILAN <https://arxiv.org/abs/2208.06049>`_ and EVA.

    Args:
        tokenizer_path: Checkpoint of a CLIP model with a vision transformer, in OpenAI's layout.
    """

    def __init__(self, tokenizer_path: str) -> None:
        super().__init__()
        self.tokenizer_path = tokenizer_path
        try:
            self.tokenizer = clip_from(weights_of(checkpoints.open(tokenizer_path, "cpu")))
        except CheckpointError as error:
            raise CheckpointError(error.message, where=tokenizer_path, hint=error.hint) from None

    @torch.no_grad()
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Features (B, 1 + L, D) of images (B, 3, H, W), and the attention (B, 1 + L, 1 + L)."""
        return self.tokenizer.encode_image(x)
