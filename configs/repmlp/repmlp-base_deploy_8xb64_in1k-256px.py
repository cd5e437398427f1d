_base_ = [
    '../_base_/models/repmlp-base_224.py',
    '../_base_/datasets/imagenet21k_bs128.py',
    '../_base_/schedules/imagenet_bs4096_AdamW.py',
    '../_base_/default_runtime.py',
]

dataset_type = 'ImageNet'
data_preprocessor = dict(num_classes=1000)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=256),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='PackInputs'),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ResizeEdge', scale=292, backend='pillow', edge='short'),
    dict(type='CenterCrop', crop_size=256),
    dict(type='PackInputs'),
]

model = dict(backbone=dict(img_size=256, deploy=True))

train_dataloader = dict(
    batch_size=64,
    dataset=dict(type=dataset_type, data_root='data/imagenet', pipeline=train_pipeline),
)

val_dataloader = dict(
    batch_size=64,
    num_workers=5,
    dataset=dict(type=dataset_type, data_root='data/imagenet', split='val', pipeline=test_pipeline),
    sampler=dict(type='DefaultSampler', shuffle=False),
)

val_evaluator = dict(type='Accuracy', topk=(1, 5))
test_dataloader = val_dataloader
test_evaluator = val_evaluator
optim_wrapper = dict(clip_grad=dict(max_norm=1.0))
auto_scale_lr = dict(base_batch_size=512)
