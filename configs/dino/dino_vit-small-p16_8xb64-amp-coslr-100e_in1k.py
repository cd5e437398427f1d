# DINO (https://arxiv.org/abs/2104.14294), 100 epochs.
_base_ = ['../_base_/datasets/imagenet_bs64_mcrop.py', '../_base_/default_runtime.py']

model = dict(
    type='DINO',
    num_crops=(2, 8),
    base_momentum=0.004,
    freeze_prototypes_iters=2502,  # one epoch
    backbone=dict(type='VisionTransformer', arch='deit-small', patch_size=16, drop_path_rate=0.1),
    neck=dict(type='DINONeck', in_channels=384, out_channels=65536),
    head=dict(
        type='DINOHead',
        out_channels=65536,
        student_temp=0.1,
        warmup_teacher_temp=0.04,
        teacher_temp=0.04,
    ),
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    clip_grad=dict(max_norm=3.0),
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.04),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=90,
        eta_min=1e-6,
        by_epoch=True,
        begin=10,
        end=100,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        T_max=100,
        eta_min_ratio=10,  # from 0.04 to 0.4, and what has none keeps none
        by_epoch=True,
        begin=0,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
auto_scale_lr = dict(base_batch_size=512)
