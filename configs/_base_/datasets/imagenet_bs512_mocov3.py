dataset_type = 'ImageNet'
data_root = 'data/imagenet/'

data_preprocessor = dict(
    type='SelfSupDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

view_pipeline1 = [
    dict(type='RandomResizedCrop', scale=224, backend='pillow', crop_ratio_range=(0.2, 1.0)),
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
    dict(type='RandomResizedCrop', scale=224, backend='pillow', crop_ratio_range=(0.2, 1.0)),
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

train_dataloader = dict(
    persistent_workers=True,
    pin_memory=True,
    batch_size=512,
    num_workers=8,
    dataset=dict(type=dataset_type, data_root=data_root, split='train', pipeline=train_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
