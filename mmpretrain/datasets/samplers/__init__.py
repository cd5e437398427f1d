"""The order in which samples are read."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("EpochSampler",),
        "default": ("DefaultSampler", "InfiniteSampler", "SequentialSampler"),
        "repeat_aug": ("RepeatAugSampler",),
        "weighted": ("BalancedSampler", "WeightedSampler"),
    },
)
