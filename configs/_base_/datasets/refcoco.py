data_preprocessor = dict(
    mean=[122.770938, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='RandomApply',
        prob=0.5,
        transforms=[
            dict(
                type='ColorJitter',
                backend='cv2',
                brightness=0.4,
                contrast=0.4,
                hue=0.1,
                saturation=0.4,
            ),
        ],
    ),
    dict(
        type='mmdet.RandomCrop',
        crop_size=(0.8, 0.8),
        allow_negative_crop=False,
        crop_type='relative_range',
    ),
    dict(
        type='RandomChoiceResize',
        keep_ratio=False,
        scales=[(384, 384), (360, 360), (344, 344), (312, 312), (300, 300), (286, 286), (270, 270)],
    ),
    dict(type='RandomTranslatePad', aug_translate=True, size=384),
    dict(type='CleanCaption', keys='text'),
    dict(
        type='PackInputs',
        algorithm_keys=['text', 'gt_bboxes', 'scale_factor'],
        meta_keys=['image_id'],
    ),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(384, 384), backend='pillow', interpolation='bicubic'),
    dict(type='CleanCaption', keys='text'),
    dict(
        type='PackInputs',
        algorithm_keys=['text', 'gt_bboxes', 'scale_factor'],
        meta_keys=['image_id'],
    ),
]

train_dataloader = dict(
    drop_last=True,
    batch_size=16,
    num_workers=8,
    dataset=dict(
        type='RefCOCO',
        split_file='refcoco/refs(unc).p',
        data_root='data/coco',
        ann_file='refcoco/instances.json',
        split='train',
        data_prefix='train2014',
        pipeline=train_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=True),
)

val_dataloader = dict(
    batch_size=16,
    num_workers=8,
    dataset=dict(
        type='RefCOCO',
        split_file='refcoco/refs(unc).p',
        data_root='data/coco',
        ann_file='refcoco/instances.json',
        split='val',
        data_prefix='train2014',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='VisualGroundingMetric')

test_dataloader = dict(
    batch_size=16,
    num_workers=8,
    dataset=dict(
        type='RefCOCO',
        split_file='refcoco/refs(unc).p',
        data_root='data/coco',
        ann_file='refcoco/instances.json',
        split='testA',
        data_prefix='train2014',
        pipeline=test_pipeline,
    ),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

test_evaluator = val_evaluator
