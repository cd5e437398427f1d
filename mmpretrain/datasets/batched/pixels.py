"""What changes the values of a batch of images, each by its own strength.

Images are (B, C, H, W) float32 with whole numbers from 0 to 255, blue first, as in a pipeline. Strengths are
(B, 1, 1, 1). The results are whole numbers again, rounded or cut as the functions of
``transforms.functional.color`` do.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

#: Weights of blue, green and red in a grey level.
_GREY = (0.114, 0.587, 0.299)


def has_colors(images: Tensor) -> bool:
    """Whether they are BGR, with or without an alpha channel."""
    return images.shape[1] in (3, 4)


def grey_of(images: Tensor) -> Tensor:
    """The grey level, (B, 1, H, W); the mean of channels that are no colours."""
    if images.shape[1] == 1:
        return images
    if not has_colors(images):
        return images.mean(1, keepdim=True)
    weights = images.new_tensor(_GREY).view(1, 3, 1, 1)
    return (images[:, :3] * weights).sum(1, keepdim=True).round_()


def cut(images: Tensor) -> Tensor:
    """Clip to 0..255 and drop the fraction."""
    return images.clamp(0, 255).floor_()


def blend(images: Tensor, factor: Tensor, other: Tensor) -> Tensor:
    """``factor`` of the images and the rest of ``other``."""
    return other + factor * (images - other)


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with black."""
    return cut(images * factor)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the mean grey level."""
    mean = grey_of(images).mean((1, 2, 3), keepdim=True).add_(0.5).floor_()
    return cut(blend(images, factor, mean))


def saturation(images: Tensor, factor: Tensor, rounds: bool = False) -> Tensor:
    """Blend with the grey image; images without colours stay as they are.

    Args:
        images: The images.
        factor: 0 gives a grey image, 1 the image itself.
        rounds: Round, as OpenCV does, instead of dropping what follows the point, as Pillow does.
    """
    if not has_colors(images):
        return images
    grey = grey_of(images)
    mixed = blend(images[:, :3], factor, grey)
    return _with_alpha(mixed.clamp(0, 255).round_() if rounds else cut(mixed), images)


def hue(images: Tensor, shift: Tensor) -> Tensor:
    """Turn the hue by ``shift`` (B, 1, 1) of 256 steps, with the whole numbers that Pillow computes with.

    Images without colours stay as they are.
    """
    if not has_colors(images):
        return images
    blue, green, red = images[:, :3].unbind(1)
    high, low = images[:, :3].amax(1), images[:, :3].amin(1)
    spread = (high - low).clamp(min=1)
    sector = torch.where(
        red == high,
        (green - blue) / spread,
        torch.where(green == high, 2 + (blue - red) / spread, 4 + (red - green) / spread),
    )
    turned = (((sector / 6 + 1) % 1 * 255).floor() * (high > low) + shift) % 256
    strength = ((high - low) * 255 / high.clamp(min=1)).floor() / 255
    return _with_alpha(_from_hue(turned * (6 / 255), strength, high), images)


def _from_hue(sector: Tensor, strength: Tensor, value: Tensor) -> Tensor:
    """Colours (B, 3, H, W) of a hue in sixths of the circle, a saturation in 0..1, and a value."""
    part = sector - sector.floor()
    low = (value * (1 - strength)).round()
    falling = (value * (1 - strength * part)).round()
    rising = (value * (1 - strength * (1 - part))).round()
    number = sector.floor().long() % 6
    by_sector = {
        0: (low, rising, value), 1: (low, value, falling), 2: (rising, value, low),
        3: (value, falling, low), 4: (value, low, rising), 5: (falling, low, value),
    }  # fmt: skip
    out = torch.stack(by_sector[0], 1)
    for index in range(1, 6):
        out = torch.where((number == index)[:, None], torch.stack(by_sector[index], 1), out)
    return out


def _with_alpha(colors: Tensor, images: Tensor) -> Tensor:
    return torch.cat([colors, images[:, 3:]], 1) if images.shape[1] == 4 else colors


def sharpness(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the smoothed image."""
    channels = images.shape[1]
    kernel = images.new_full((3, 3), 1.0)
    kernel[1, 1] = 5.0
    padded = F.pad(images, (1, 1, 1, 1), mode="reflect" if min(images.shape[-2:]) > 1 else "replicate")
    smooth = F.conv2d(padded, (kernel / 13).expand(channels, 1, 3, 3), groups=channels).round_()
    return cut(blend(images, factor, smooth))


def invert(images: Tensor) -> Tensor:
    """Replace each value v by 255 - v."""
    return 255 - images


def solarize(images: Tensor, threshold: Tensor) -> Tensor:
    """Invert the values from a threshold on."""
    return torch.where(images < threshold, images, 255 - images)


def solarize_add(images: Tensor, summand: Tensor, threshold: float) -> Tensor:
    """Add to the values below a threshold, up to 255."""
    return torch.where(images < threshold, cut(images + summand), images)


def posterize(images: Tensor, bits: Tensor) -> Tensor:
    """Keep the highest bits."""
    step = 2 ** (8 - bits)
    return (images / step).floor_() * step


def auto_contrast(images: Tensor) -> Tensor:
    """Stretch each channel to 0..255."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    flat = low >= high
    # In double precision, as the tables of the pipeline: whole results must not fall just below a whole
    # number.
    scale = 255.0 / torch.where(flat, torch.ones_like(high), high - low).double()
    stretched = cut(images * scale + -low * scale).to(images.dtype)
    return torch.where(flat, images, stretched)


def equalize(images: Tensor) -> Tensor:
    """Equalise the histogram of each channel."""
    batch, channels, height, width = images.shape
    levels = images.clamp(0, 255).long().reshape(batch * channels, height * width)
    counts = torch.zeros(batch * channels, 256, dtype=torch.int64, device=images.device)
    counts.scatter_add_(1, levels, torch.ones_like(levels))
    largest = counts.gather(1, levels.amax(1, keepdim=True))
    step = (height * width - largest) // 255
    table = (counts.cumsum(1) + step // 2) // step.clamp(min=1)
    table = F.pad(table[:, :-1], (1, 0)).clamp(max=255)
    equal = table.gather(1, levels).reshape(images.shape).to(images.dtype)
    return torch.where((step == 0).view(batch, channels, 1, 1), images, equal)


def blur(images: Tensor, radius: Tensor) -> Tensor:
    """Blur with a Gaussian filter of standard deviation ``radius`` (B, 1, 1, 1); the border is repeated."""
    sides = [_gaussian(radius.view(-1, 1, 1), edge) for edge in images.shape[-2:]]
    return (sides[0][:, None] @ images @ sides[1].transpose(1, 2)[:, None]).clamp_(0, 255).round_()


def _gaussian(radius: Tensor, edge: int) -> Tensor:
    """Weights of an axis with repeated borders, (B, edge, edge)."""
    reach = 3 * edge if edge < 32 else edge  # what lies beyond weighs nothing unless the image is tiny
    place = torch.arange(edge, device=radius.device, dtype=torch.float32)[:, None]
    source = torch.arange(-reach, edge + reach, device=radius.device, dtype=torch.float32)
    weight = torch.exp(-0.5 * ((source - place) / radius.clamp(min=1e-3)) ** 2)  # (B, edge, edge + 2 * reach)
    weight = weight / weight.sum(-1, keepdim=True)
    target = source.clamp(0, edge - 1).long().expand(len(radius), edge, -1)
    return torch.zeros(len(radius), edge, edge, device=radius.device).scatter_add_(2, target, weight)
