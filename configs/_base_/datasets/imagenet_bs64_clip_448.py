dataset_type = 'ImageNet'

img_norm_cfg = dict(
    mean=[122.7709383, 116.7460125, 104.09373615000001],
    std=[68.5005327, 66.6321579, 70.32316304999999],
    to_rgb=True,
)

evaluation = dict(interval=10, metric='accuracy')
image_size = 448

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', backend='pillow', interpolation='bicubic', size=448),
    dict(type='RandomFlip', direction='horizontal', flip_prob=0.5),
    dict(
        type='RandomErasing',
        erase_prob=0.25,
        fill_color=[104.09373615000001, 116.7460125, 122.7709383],
        fill_std=[70.32316304999999, 66.6321579, 68.5005327],
        max_area_ratio=1 / 3,
        min_area_ratio=0.02,
        mode='rand',
    ),
    dict(
        type='Normalize',
        mean=[122.7709383, 116.7460125, 104.09373615000001],
        std=[68.5005327, 66.6321579, 70.32316304999999],
        to_rgb=True,
    ),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='Collect', keys=['img', 'gt_label']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', backend='pillow', interpolation='bicubic', size=(448, -1)),
    dict(type='CenterCrop', crop_size=448),
    dict(
        type='Normalize',
        mean=[122.7709383, 116.7460125, 104.09373615000001],
        std=[68.5005327, 66.6321579, 70.32316304999999],
        to_rgb=True,
    ),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='Collect', keys=['img']),
]

data = dict(
    samples_per_gpu=64,
    test=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    train=dict(
        type=dataset_type,
        data_root='data/imagenet',
        split='train',
        pipeline=train_pipeline,
    ),
    val=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    workers_per_gpu=8,
)
