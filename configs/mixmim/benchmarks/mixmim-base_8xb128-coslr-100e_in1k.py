_base_ = [
    '../../_base_/models/mixmim/mixmim_base.py',
    '../../_base_/datasets/imagenet_bs64_hivit_224.py',
    '../../_base_/default_runtime.py',
]

model = dict(backbone=dict(init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint='')))

train_dataloader = dict(
    persistent_workers=True,
    batch_size=128,
    num_workers=16,
    dataset=dict(split='train'),
)

val_dataloader = dict(
    persistent_workers=True,
    pin_memory=True,
    num_workers=8,
    dataset=dict(split='val'),
    collate_fn=dict(type='default_collate'),
)

test_dataloader = val_dataloader

optim_wrapper = dict(
    type='OptimWrapper',
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=0.002, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys={'.bias': dict(decay_mult=0.0), '.ln': dict(decay_mult=0.0)},
        layer_decay_rate=0.7,
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-06,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=95,
        eta_min=1e-06,
        by_epoch=True,
        begin=5,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=100, val_interval=10, by_epoch=True)
val_cfg = dict()
test_cfg = dict()
default_hooks = dict(checkpoint=dict(max_keep_ckpts=1))
