_base_ = ['../_base_/datasets/imagenet_bs512_mocov3.py', '../_base_/default_runtime.py']

temperature = 0.2

view_pipeline1 = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow', crop_ratio_range=(0.08, 1.0)),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, hue=0.1, saturation=0.2),
        ],
    ),
    dict(
        type='RandomGrayscale',
        channel_weights=(0.114, 0.587, 0.2989),
        keep_channels=True,
        prob=0.2,
    ),
    dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=1.0),
    dict(type='Solarize', prob=0.0, thr=128),
    dict(type='RandomFlip', prob=0.5),
]

view_pipeline2 = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow', crop_ratio_range=(0.08, 1.0)),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(type='ColorJitter', brightness=0.4, contrast=0.4, hue=0.1, saturation=0.2),
        ],
    ),
    dict(
        type='RandomGrayscale',
        channel_weights=(0.114, 0.587, 0.2989),
        keep_channels=True,
        prob=0.2,
    ),
    dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.1),
    dict(type='Solarize', prob=0.2, thr=128),
    dict(type='RandomFlip', prob=0.5),
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MultiView', num_views=[1, 1], transforms=[view_pipeline1, view_pipeline2]),
    dict(type='PackInputs'),
]

model = dict(
    type='MoCoV3',
    backbone=dict(type='MoCoV3ViT', arch='base', img_size=224, patch_size=16, stop_grad_conv1=True),
    neck=dict(
        type='NonLinearNeck',
        in_channels=768,
        hid_channels=4096,
        num_layers=3,
        out_channels=256,
        with_avg_pool=False,
        with_bias=False,
        with_last_bias=False,
        with_last_bn=True,
        with_last_bn_affine=False,
    ),
    head=dict(
        type='MoCoV3Head',
        loss=dict(type='CrossEntropyLoss', loss_weight=0.4),
        predictor=dict(
            type='NonLinearNeck',
            in_channels=256,
            hid_channels=4096,
            num_layers=2,
            out_channels=256,
            with_avg_pool=False,
            with_bias=False,
            with_last_bias=False,
            with_last_bn=True,
            with_last_bn_affine=False,
        ),
        temperature=0.2,
    ),
    base_momentum=0.01,
)

train_dataloader = dict(batch_size=256, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0024, weight_decay=0.1),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=40,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=260,
        by_epoch=True,
        begin=40,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
find_unused_parameters = True
auto_scale_lr = dict(base_batch_size=4096)
