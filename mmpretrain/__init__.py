"""An independent, modern implementation of the MMPretrain toolbox.

Importing this package imports neither torch nor OpenCV: the top-level API is resolved on first use.
"""

from mmpretrain.utils.former import serve_old_names
from mmpretrain.utils.lazy import lazy_package

__version__ = "2.0.0.dev0"

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "config": ("Config", "ConfigDict"),
        "apis": (
            "FeatureExtractor",
            "ImageClassificationInferencer",
            "ImageRetrievalInferencer",
            "ModelHub",
            "get_model",
            "inference_model",
            "init_model",
            "list_models",
        ),
    },
)

# `import mmcv` and its like are found from here on, where the real packages are not installed.
serve_old_names()
