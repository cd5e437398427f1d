"""What the tests of options share."""

from __future__ import annotations

from mmpretrain.config import Config


def config(**changes) -> Config:
    loader = dict(batch_size=8, num_workers=4)
    return Config(
        dict(
            train_cfg=dict(by_epoch=True, max_epochs=5),
            train_dataloader=dict(loader),
            val_dataloader=dict(loader),
            test_dataloader=dict(loader),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
        )
        | changes
    )
