"""From a record of a data set to what the model takes."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(__name__, {})
