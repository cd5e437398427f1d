_base_ = [
    '../_base_/models/resnet101_cifar.py',
    '../_base_/datasets/imagenet21k_bs128.py',
    '../_base_/default_runtime.py',
]

dataset_type = 'VOC'
data_preprocessor = dict(num_classes=20, mean=[0, 0, 0], std=[255, 255, 255], to_onehot=True)
checkpoint = 'https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=448, crop_ratio_range=(0.7, 1.0)),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=448),
    dict(
        type='PackInputs',
        meta_keys=(
            'sample_idx', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'flip',
            'flip_direction', 'gt_label_difficult',
        ),
    ),
]

model = dict(
    backbone=dict(
        type='ResNet',
        init_cfg=dict(
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet101_8xb32_in1k_20210831-539c63f8.pth',
        ),
    ),
    neck=None,
    head=dict(
        type='CSRAClsHead',
        num_classes=20,
        loss=dict(use_sigmoid=True),
        lam=0.1,
        num_heads=1,
    ),
)

train_dataloader = dict(
    batch_size=16,
    dataset=dict(
        type=dataset_type,
        data_root='data/VOC2007',
        split='trainval',
        pipeline=train_pipeline,
    ),
)

val_dataloader = dict(
    batch_size=16,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/VOC2007', split='test', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = [
    dict(type='VOCMultiLabelMetric'),
    dict(type='VOCMultiLabelMetric', average='micro'),
    dict(type='VOCAveragePrecision'),
]

test_dataloader = val_dataloader
test_evaluator = val_evaluator

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.0002, momentum=0.9, weight_decay=0.0001),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10))),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-07,
        by_epoch=True,
        begin=0,
        end=1,
        convert_to_iter_based=True,
    ),
    dict(type='StepLR', step_size=6, gamma=0.1, by_epoch=True),
]

train_cfg = dict(max_epochs=20, val_interval=1, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
