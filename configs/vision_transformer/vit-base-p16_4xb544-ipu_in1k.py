_base_ = [
    '../_base_/models/vit-base-p16.py',
    '../_base_/datasets/imagenet_bs64_pil_resize_autoaug.py',
    '../_base_/default_runtime.py',
]

img_norm_cfg = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True)
fp16 = dict(accum_type='half', loss_scale=256.0, velocity_accum_type='half')

ipu_model_cfg = dict(
    train_ckpt_nodes=[
        'backbone.layers.0', 'backbone.layers.1', 'backbone.layers.2', 'backbone.layers.3',
        'backbone.layers.4', 'backbone.layers.5', 'backbone.layers.6', 'backbone.layers.7',
        'backbone.layers.8', 'backbone.layers.9', 'backbone.layers.10', 'backbone.layers.11',
    ],
    train_split_edges=[
        dict(ipu_id=0, layer_to_call='backbone.patch_embed'),
        dict(ipu_id=1, layer_to_call='backbone.layers.3'),
        dict(ipu_id=2, layer_to_call='backbone.layers.6'),
        dict(ipu_id=3, layer_to_call='backbone.layers.9'),
    ],
)

options_cfg = dict(
    eval_cfg=dict(deviceIterations=1),
    partialsType='half',
    randomSeed=42,
    train_cfg=dict(
        Training=dict(gradientAccumulation=32),
        availableMemoryProportion=[0.3, 0.3, 0.3, 0.3],
        executionStrategy='SameAsIpu',
    ),
)

pretrained = 'https://download.openmmlab.com/mmclassification/v0/vit/pretrain/vit-base-p16_3rdparty_pt-64xb64_in1k-224_20210928-02284250.pth'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='Normalize', mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToTensor', keys=['gt_label']),
    dict(type='ToHalf', keys=['img']),
    dict(type='Collect', keys=['img', 'gt_label']),
]

test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(224, -1), backend='pillow', keep_ratio=True),
    dict(type='CenterCrop', crop_size=224),
    dict(type='Normalize', mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5], to_rgb=True),
    dict(type='ImageToTensor', keys=['img']),
    dict(type='ToHalf', keys=['img']),
    dict(type='Collect', keys=['img']),
]

model = dict(
    backbone=dict(
        init_cfg=dict(
            _delete_=True,
            type='Pretrained',
            prefix='backbone',
            checkpoint='https://download.openmmlab.com/mmclassification/v0/vit/pretrain/vit-base-p16_3rdparty_pt-64xb64_in1k-224_20210928-02284250.pth',
        ),
    ),
    head=dict(loss=dict(_delete_=True, type='CrossEntropyLoss', loss_weight=1.0)),
)

data = dict(
    drop_last=True,
    samples_per_gpu=17,
    test=dict(pipeline=test_pipeline),
    test_dataloader=dict(samples_per_gpu=4, workers_per_gpu=1),
    train=dict(pipeline=train_pipeline),
    train_dataloader=dict(mode='async'),
    val=dict(pipeline=test_pipeline),
    val_dataloader=dict(samples_per_gpu=4, workers_per_gpu=1),
    workers_per_gpu=16,
)

optimizer = dict(
    type='SGD',
    lr=0.08,
    momentum=0.9,
    weight_decay=1e-05,
    paramwise_cfg=dict(
        custom_keys={'.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)},
    ),
)

paramwise_cfg = dict(
    custom_keys={'.cls_token': dict(decay_mult=0.0), '.pos_embed': dict(decay_mult=0.0)},
)

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.08, momentum=0.9, weight_decay=1e-05),
    paramwise_cfg=paramwise_cfg,
)

train_cfg = dict(by_epoch=False, max_iters=5000)
val_cfg = dict()
test_cfg = dict()

param_scheduler = [
    dict(type='LinearLR', start_factor=0.02, by_epoch=False, begin=0, end=800),
    dict(type='CosineAnnealingLR', T_max=4200, by_epoch=False, begin=800, end=5000),
]

runner = dict(
    type='IterBasedRunner',
    ipu_model_cfg=ipu_model_cfg,
    max_iters=5000,
    options_cfg=options_cfg,
)

default_hooks = dict(checkpoint=dict(interval=1000))
