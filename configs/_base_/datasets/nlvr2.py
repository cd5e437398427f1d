data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

train_pipeline = [
    dict(
        type='ApplyToList',
        collate_keys=['img', 'scale_factor', 'ori_shape'],
        scatter_key='img_path',
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='RandomResizedCrop', scale=384, backend='pillow', interpolation='bicubic'),
            dict(type='RandomFlip', direction='horizontal', prob=0.5),
        ],
    ),
    dict(type='CleanCaption', keys='text'),
    dict(type='PackInputs', algorithm_keys=['text'], meta_keys=['image_id']),
]

test_pipeline = [
    dict(
        type='ApplyToList',
        collate_keys=['img', 'scale_factor', 'ori_shape'],
        scatter_key='img_path',
        transforms=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(384, 384), backend='pillow', interpolation='bicubic'),
        ],
    ),
    dict(type='PackInputs', algorithm_keys=['text'], meta_keys=['image_id']),
]

train_dataloader = dict(
    drop_last=True,
    persistent_workers=True,
    batch_size=16,
    num_workers=8,
    dataset=dict(
        type='NLVR2',
        data_root='data/nlvr2',
        ann_file='dev.json',
        data_prefix='dev',
        pipeline=train_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)

val_dataloader = dict(
    persistent_workers=True,
    batch_size=64,
    num_workers=8,
    dataset=dict(
        type='NLVR2',
        data_root='data/nlvr2',
        ann_file='dev.json',
        data_prefix='dev',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='Accuracy')
test_dataloader = val_dataloader
test_evaluator = val_evaluator
