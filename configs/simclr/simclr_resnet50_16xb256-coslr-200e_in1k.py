_base_ = 'simclr_resnet50_16xb256-coslr-800e_in1k.py'

train_dataloader = dict(batch_size=256)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(type='CosineAnnealingLR', T_max=190, by_epoch=True, begin=10, end=200),
]

train_cfg = dict(max_epochs=200)
