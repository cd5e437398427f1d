_base_ = [
    '../../_base_/models/davit/davit-base.py',
    '../../_base_/datasets/imagenet21k_bs128.py',
    '../../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../../_base_/default_runtime.py',
]

dataset_type = 'ImageNet'
data_preprocessor = dict(num_classes=1000)
bgr_mean = [103.53, 116.28, 123.675]
bgr_std = [57.375, 57.12, 58.395]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=448, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandAugment',
        hparams=dict(interpolation='bicubic', pad_val=[104, 116, 124]),
        magnitude_level=9,
        magnitude_std=0.5,
        num_policies=2,
        policies='timm_increasing',
        total_level=10,
    ),
    dict(
        type='RandomErasing',
        erase_prob=0.25,
        fill_color=bgr_mean,
        fill_std=bgr_std,
        max_area_ratio=1 / 3,
        min_area_ratio=0.02,
        mode='rand',
    ),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=512, backend='pillow', edge='short', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=448),
    dict(type='PackInputs'),
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='huge',
        img_size=448,
        patch_size=14,
        drop_path_rate=0.3,
        final_norm=False,
        out_type='avg_featmap',
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
    neck=None,
    head=dict(in_channels=1280, init_cfg=[dict(type='TruncNormal', std=2e-05, layer='Linear')]),
)

train_dataloader = dict(
    dataset=dict(type=dataset_type, data_root='data/imagenet', pipeline=train_pipeline),
)

val_dataloader = dict(
    batch_size=128,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_dataloader = val_dataloader
test_evaluator = val_evaluator

optim_wrapper = dict(
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(lr=0.004),
    paramwise_cfg=dict(
        custom_keys={
            '.bias': dict(decay_mult=0.0),
            '.cls_token': dict(decay_mult=0.0),
            '.ln': dict(decay_mult=0.0),
            '.pos_embed': dict(decay_mult=0.0),
        },
        layer_decay_rate=0.75,
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
    dict(
        type='CosineAnnealingLR',
        T_max=45,
        eta_min=1e-06,
        by_epoch=True,
        begin=5,
        end=50,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=50)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(diff_rank_seed=True, seed=0)
