_base_ = [
    '../../_base_/models/resnet50_label_smooth.py',
    '../../_base_/datasets/imagenet_bs256_rsb_a12.py',
    '../../_base_/schedules/imagenet_bs2048_rsb.py',
    '../../_base_/default_runtime.py',
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='NumpyToPIL', to_rgb=True),
    dict(
        type='torchvision/TrivialAugmentWide',
        fill=None,
        interpolation='bicubic',
        num_magnitude_bins=31,
    ),
    dict(type='PILToNumpy', to_bgr=True),
    dict(
        type='RandomErasing',
        erase_prob=0.25,
        fill_color=[103.53, 116.28, 123.675],
        fill_std=[57.375, 57.12, 58.395],
        max_area_ratio=1 / 3,
        min_area_ratio=0.02,
        mode='rand',
    ),
    dict(type='PackInputs'),
]

model = dict(
    backbone=dict(
        drop_path_rate=0.05,
        norm_cfg=dict(type='SyncBN', requires_grad=True),
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
    head=dict(loss=dict(use_sigmoid=True)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.1), dict(type='CutMix', alpha=1.0)]),
)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(lr=0.016),
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        flat_decay_mult=0.0,
        layer_decay_rate=0.7,
        norm_decay_mult=0.0,
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(type='CosineAnnealingLR', T_max=295, eta_min=1e-06, by_epoch=True, begin=5, end=300),
]

train_cfg = dict(_delete_=True, max_epochs=300, by_epoch=True)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
randomness = dict(diff_rank_seed=True, seed=0)
