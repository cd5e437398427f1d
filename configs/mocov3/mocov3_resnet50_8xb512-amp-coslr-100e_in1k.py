_base_ = [
    '../_base_/datasets/imagenet_bs512_mocov3.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

temperature = 1.0

model = dict(
    type='MoCoV3',
    backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=False),
    neck=dict(
        type='NonLinearNeck',
        in_channels=2048,
        hid_channels=4096,
        num_layers=2,
        out_channels=256,
        with_avg_pool=True,
        with_bias=False,
        with_last_bias=False,
        with_last_bn=True,
        with_last_bn_affine=False,
    ),
    head=dict(
        type='MoCoV3Head',
        loss=dict(type='CrossEntropyLoss', loss_weight=2.0),
        predictor=dict(
            type='NonLinearNeck',
            in_channels=256,
            hid_channels=4096,
            num_layers=2,
            out_channels=256,
            with_avg_pool=False,
            with_bias=False,
            with_last_bias=False,
            with_last_bn=False,
            with_last_bn_affine=False,
        ),
        temperature=1.0,
    ),
    base_momentum=0.01,
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(lr=9.6),
    paramwise_cfg=dict(
        custom_keys={
            'bias': dict(decay_mult=0, lars_exclude=True),
            'bn': dict(decay_mult=0, lars_exclude=True),
            'downsample.1': dict(decay_mult=0, lars_exclude=True),
        },
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=90,
        by_epoch=True,
        begin=10,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=100)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
auto_scale_lr = dict(base_batch_size=4096)
