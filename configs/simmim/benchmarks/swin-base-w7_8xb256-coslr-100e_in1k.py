_base_ = 'swin-base-w6_8xb256-coslr-100e_in1k-192px.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
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
        fill_color=[103.53, 116.28, 123.675],
        fill_std=[57.375, 57.12, 58.395],
        max_area_ratio=1 / 3,
        min_area_ratio=0.02,
        mode='rand',
    ),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, backend='pillow', edge='short', interpolation='bicubic'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(img_size=224, stage_cfgs=dict(block_cfgs=dict(window_size=7))))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
