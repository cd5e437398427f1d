"""Image retrieval: prototypes from everywhere, matching, training."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmpretrain.errors import ArgumentError, ConfigError
from mmpretrain.models import ImageToImageRetriever
from mmpretrain.structures import DataSample

PROTOTYPE = torch.tensor(np.random.RandomState(1).randn(5, 3), dtype=torch.float32)

QUERIES = torch.tensor(np.random.RandomState(2).randn(2, 3, 2, 2), dtype=torch.float32)

#: What the reference environment (mmpretrain 1.2) gave for the same encoder, prototype and queries.
SCORES = [
    [
        -0.8079252243041992,
        -0.016046255826950073,
        -0.6478354930877686,
        -0.3434743881225586,
        0.6254187822341919,
    ],
    [0.6714633, 0.4102986, 0.3345454, 0.3326005, -0.657382],
]


def encoder() -> nn.Module:
    module = nn.Sequential(nn.Flatten(), nn.Linear(12, 3))
    for name, tensor in module.state_dict().items():
        r = np.random.RandomState(zlib.crc32(name.encode()) % 2**31)
        tensor.copy_(torch.tensor(r.randn(*tensor.shape), dtype=torch.float32) * 0.5)
    return module


class Images(torch.utils.data.Dataset):
    """The queries and one more image, each with its number."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> dict:
        image = torch.full((3, 2, 2), 1.0) if index == 2 else QUERIES[index]
        return {"inputs": image, "data_samples": DataSample(metainfo={"sample_idx": index})}


def collate(samples: list[dict]) -> dict:
    batch = {key: [sample[key] for sample in samples] for key in samples[0]}
    return {"inputs": torch.stack(batch["inputs"]), "data_samples": batch["data_samples"]}


@pytest.fixture
def retriever():
    return ImageToImageRetriever(encoder(), PROTOTYPE, topk=3).eval()


def test_numbers_of_the_reference_environment(retriever):
    given = [DataSample().set_gt_label(0), None]
    out = retriever(QUERIES, given, mode="predict")
    assert out[0] is given[0]
    torch.testing.assert_close(torch.stack([s.pred_score for s in out]), torch.tensor(SCORES))
    assert [sample.pred_label.tolist() for sample in out] == [[4, 1, 3], [0, 1, 2]]
    retriever.topk = -1
    assert len(retriever(QUERIES, mode="predict")[0].pred_label) == 5
    assert retriever(QUERIES).shape == (2, 3)


def test_prototype_from_a_file(retriever, tmp_path):
    path = str(tmp_path / "proto.pth")
    retriever.dump_prototype(path)
    other = ImageToImageRetriever(encoder(), path, similarity_fn=lambda a, b: a @ b.T)
    score = other(QUERIES, mode="predict")[0].pred_score
    torch.testing.assert_close(score, encoder()(QUERIES)[0] @ PROTOTYPE.T)
    assert not any("prototype" in key for key in other.state_dict())


@pytest.mark.parametrize("kind", ["loader", "config"])
def test_prototype_from_images(kind):
    loader = DataLoader(Images(), batch_size=2, collate_fn=collate)
    config = {
        "batch_size": 2,
        "num_workers": 0,
        "dataset": Images(),
        "sampler": {"type": "DefaultSampler", "shuffle": True},
        "collate_fn": {"type": "default_collate"},
    }
    retriever = ImageToImageRetriever(encoder(), loader if kind == "loader" else config)
    out = retriever(QUERIES, mode="predict")
    assert [sample.pred_label[0].item() for sample in out] == [0, 1], "each image is most similar to itself"
    assert retriever.training, "encoding the prototype leaves the mode as it was"


def test_training():
    head = {"type": "LinearClsHead", "num_classes": 2, "in_channels": 3}
    retriever = ImageToImageRetriever(encoder(), PROTOTYPE, head=head)
    retriever.head.fc.weight.data += 0.1
    samples = [DataSample().set_gt_label(i) for i in range(2)]
    loss = retriever((QUERIES), samples, mode="loss")["loss"]
    loss.backward()
    assert retriever.image_encoder[1].weight.grad.abs().sum() > 0


def test_errors(retriever):
    with pytest.raises(ConfigError, match="no head"):
        retriever(QUERIES, [], mode="loss")
    with pytest.raises(ArgumentError, match="mode must be"):
        retriever(QUERIES, mode="other")
    with pytest.raises(ConfigError, match="prototype must be"):
        ImageToImageRetriever(encoder(), 3)
    retriever.similarity = "distance"
    with pytest.raises(ConfigError, match="similarity_fn must be a function or 'cosine_similarity'"):
        retriever(QUERIES, mode="predict")


def test_pretrained(tmp_path):
    trained = ImageToImageRetriever(encoder(), PROTOTYPE)
    path = str(tmp_path / "trained.pth")
    torch.save({"state_dict": trained.state_dict()}, path)
    fresh = ImageToImageRetriever(nn.Sequential(nn.Flatten(), nn.Linear(12, 3)), PROTOTYPE, pretrained=path)
    fresh.init_weights()
    assert torch.equal(fresh.image_encoder[1].weight, trained.image_encoder[1].weight)
