"""The Python interface to trained models."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base": ("BaseInferencer",),
        "ensemble": ("EnsembleInferencer",),
        "feature_extractor": ("FeatureExtractor",),
        "image_classification": ("ImageClassificationInferencer",),
        "image_retrieval": ("ImageRetrievalInferencer",),
        "inference": ("inference_model",),
        "index": ("ModelHub", "list_models"),
        "model": ("get_model", "init_model", "open_model"),
    },
)
