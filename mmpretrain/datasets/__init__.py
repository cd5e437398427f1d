"""Data sets, their wrappers, and how samples become batches."""

from mmpretrain.utils.lazy import lazy_package

__getattr__, __dir__, __all__ = lazy_package(
    __name__,
    {
        "base_dataset": ("BaseDataset", "force_full_init"),
        "collate": ("default_collate", "pseudo_collate"),
        "custom": ("CustomDataset",),
        "digits": ("Digits",),
        "downloaded": ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST"),
        "exchange": ("use_data",),
        "from_spec": ("dataset_from_spec",),
        "huggingface": ("HuggingFaceDataset",),
        "imagenet": ("ImageNet", "ImageNet21k", "Places205"),
        "labelled_dataset": ("LabelledTable",),
        "listed": ("CUB", "Caltech101", "FGVCAircraft", "Food101", "InShop", "OxfordIIITPet", "SUN397"),
        "lmdb_dataset": ("LMDBDataset",),
        "matlab": ("DTD", "Flowers102", "StanfordCars"),
        "multi_label": ("VOC", "MultiLabelDataset", "MultiTaskDataset"),
        "nlvr2": ("NLVR2",),
        "packed.dataset": ("PackedDataset",),
        "shards": ("ShardDataset",),
        "unlabelled": ("ImageListDataset",),
        "table": ("TableDataset",),
        "mmpretrain.compat.datasets.builder": ("DATASETS", "PIPELINES", "SAMPLERS", "build_dataset"),
        "wrappers": ("ClassBalancedDataset", "ConcatDataset", "KFoldDataset", "RepeatDataset"),
    },
    reexports=["samplers", "transforms"],
)
