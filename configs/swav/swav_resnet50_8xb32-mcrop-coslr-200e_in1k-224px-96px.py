_base_ = [
    '../_base_/datasets/imagenet_bs32_byol.py',
    '../_base_/schedules/imagenet_lars_coslr_200e.py',
    '../_base_/default_runtime.py',
]

batch_size = 32
color_distort_strength = 1.0
num_crops = [2, 6]

view_pipeline1 = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow', crop_ratio_range=(0.14, 1.0)),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(type='ColorJitter', brightness=0.8, contrast=0.8, hue=0.2, saturation=0.8),
        ],
    ),
    dict(
        type='RandomGrayscale',
        channel_weights=(0.114, 0.587, 0.2989),
        keep_channels=True,
        prob=0.2,
    ),
    dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.5),
    dict(type='RandomFlip', prob=0.5),
]

view_pipeline2 = [
    dict(type='RandomResizedCrop', scale=96, backend='pillow', crop_ratio_range=(0.05, 0.14)),
    dict(
        type='RandomApply',
        prob=0.8,
        transforms=[
            dict(type='ColorJitter', brightness=0.8, contrast=0.8, hue=0.2, saturation=0.8),
        ],
    ),
    dict(
        type='RandomGrayscale',
        channel_weights=(0.114, 0.587, 0.2989),
        keep_channels=True,
        prob=0.2,
    ),
    dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.5),
    dict(type='RandomFlip', prob=0.5),
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='MultiView', num_views=[2, 6], transforms=[view_pipeline1, view_pipeline2]),
    dict(type='PackInputs'),
]

model = dict(
    type='SwAV',
    backbone=dict(type='ResNet', depth=50, norm_cfg=dict(type='SyncBN'), zero_init_residual=True),
    neck=dict(
        type='SwAVNeck',
        in_channels=2048,
        hid_channels=2048,
        out_channels=128,
        with_avg_pool=True,
    ),
    head=dict(
        type='SwAVHead',
        loss=dict(type='SwAVLoss', epsilon=0.05, feat_dim=128, num_crops=[2, 6], temperature=0.1),
    ),
    data_preprocessor=dict(
        mean=(123.675, 116.28, 103.53),
        std=(58.395, 57.12, 57.375),
        to_rgb=True,
    ),
)

train_dataloader = dict(
    drop_last=True,
    num_workers=8,
    dataset=dict(
        _delete_=True,
        type='ImageNet',
        data_root='data/imagenet/',
        ann_file='meta/train.txt',
        data_prefix=dict(img_path='train/'),
        pipeline=train_pipeline,
    ),
)

optim_wrapper = dict(optimizer=dict(lr=0.6))

param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        T_max=200,
        eta_min=0.0006,
        by_epoch=True,
        begin=0,
        end=200,
        convert_to_iter_based=True,
    ),
]

default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=3))

custom_hooks = [
    dict(
        type='SwAVHook',
        crops_for_assign=[0, 1],
        epoch_queue_starts=15,
        feat_dim=128,
        frozen_layers_cfg=dict(prototypes=5005),
        priority='VERY_HIGH',
        queue_length=3840,
        batch_size=32,
    ),
]

find_unused_parameters = True
