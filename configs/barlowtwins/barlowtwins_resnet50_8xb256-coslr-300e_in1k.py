_base_ = [
    '../_base_/datasets/imagenet_bs32_byol.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='BarlowTwins',
    backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=True),
    neck=dict(
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=8192,
        num_layers=3,
        out_channels=8192,
        with_avg_pool=True,
        with_last_bn=False,
        with_last_bn_affine=False,
        init_cfg=dict(type='Kaiming', distribution='uniform', layer=['Linear']),
    ),
    head=dict(
        type='LatentCrossCorrelationHead',
        in_channels=8192,
        loss=dict(type='CrossCorrelationLoss'),
    ),
)

train_dataloader = dict(batch_size=256)

optim_wrapper = dict(
    optimizer=dict(lr=1.6),
    paramwise_cfg=dict(
        custom_keys={
            'bias': dict(decay_mult=0, lars_exclude=True, lr_mult=0.024),
            'bn': dict(decay_mult=0, lars_exclude=True, lr_mult=0.024),
            'downsample.1': dict(decay_mult=0, lars_exclude=True, lr_mult=0.024),
        },
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.00016,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=290,
        eta_min=0.0016,
        by_epoch=True,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=300)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
auto_scale_lr = dict(base_batch_size=2048)
