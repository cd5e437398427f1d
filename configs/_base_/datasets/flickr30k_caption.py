data_preprocessor = dict(
    type='MultiModalDataPreprocessor',
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=384, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='CleanCaption', keys='gt_caption'),
    dict(type='PackInputs', algorithm_keys=['gt_caption'], meta_keys=['image_id']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(384, 384), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs', meta_keys=['image_id']),
]

train_dataloader = dict(
    drop_last=True,
    persistent_workers=True,
    batch_size=32,
    num_workers=5,
    dataset=dict(
        type='Flickr30kCaption',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='train',
        data_prefix='images',
        pipeline=train_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)

val_dataloader = dict(
    persistent_workers=True,
    batch_size=16,
    num_workers=5,
    dataset=dict(
        type='Flickr30kCaption',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='val',
        data_prefix='images',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='COCOCaption', ann_file='data/flickr30k_val_gt.json')

test_dataloader = dict(
    persistent_workers=True,
    batch_size=16,
    num_workers=5,
    dataset=dict(
        type='Flickr30kCaption',
        data_root='data/flickr30k',
        ann_file='annotations/dataset_flickr30k.json',
        split='test',
        data_prefix='images',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = dict(type='COCOCaption', ann_file='data/flickr30k_test_gt.json')
