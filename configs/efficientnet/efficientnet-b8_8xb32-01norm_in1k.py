_base_ = 'efficientnet-b0_8xb32-01norm_in1k.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='EfficientNetRandomCrop', scale=672),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='EfficientNetCenterCrop', crop_size=672),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(arch='b8'), head=dict(in_channels=2816))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
