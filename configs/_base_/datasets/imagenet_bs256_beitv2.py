dataset_type = 'ImageNet'
data_root = 'data/imagenet/'

data_preprocessor = dict(
    type='TwoNormDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    second_mean=[127.5, 127.5, 127.5],
    second_std=[127.5, 127.5, 127.5],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, hue=0.0, saturation=0.4),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandomResizedCropAndInterpolationWithTwoPic',
        scale=(0.2, 1.0),
        interpolation='bicubic',
        second_interpolation='bicubic',
        second_size=224,
        size=224,
    ),
    dict(
        type='BEiTMaskGenerator',
        input_size=(14, 14),
        max_num_patches=75,
        min_num_patches=16,
        num_masking_patches=75,
    ),
    dict(type='PackInputs'),
]

train_dataloader = dict(
    persistent_workers=True,
    batch_size=256,
    num_workers=8,
    dataset=dict(type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
