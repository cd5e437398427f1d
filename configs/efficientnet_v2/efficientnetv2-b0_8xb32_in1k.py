_base_ = 'efficientnetv2-l_8xb32_in1k-480px.py'

data_preprocessor = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
bgr_mean = [103.53, 116.28, 123.675]
bgr_std = [57.375, 57.12, 58.395]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=192, backend='pillow', interpolation='bicubic'),
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
    dict(type='EfficientNetCenterCrop', crop_size=224, crop_padding=0),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(arch='b0'))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
