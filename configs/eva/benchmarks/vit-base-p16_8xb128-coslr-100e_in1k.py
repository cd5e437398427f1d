_base_ = [
    '../../_base_/models/davit/davit-small.py',
    '../../_base_/datasets/imagenet_bs64_swin_224.py',
    '../../_base_/schedules/imagenet_bs1024_adamw_swin.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='base',
        img_size=224,
        patch_size=16,
        drop_path_rate=0.1,
        final_norm=False,
        out_type='avg_featmap',
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
    neck=None,
    head=dict(init_cfg=[dict(type='TruncNormal', std=0.02, layer='Linear')]),
)

train_dataloader = dict(batch_size=128)
val_dataloader = train_dataloader
test_dataloader = train_dataloader

optim_wrapper = dict(
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(lr=0.0004),
    paramwise_cfg=dict(
        custom_keys={
            '.bias': dict(decay_mult=0.0),
            '.cls_token': dict(decay_mult=0.0),
            '.ln': dict(decay_mult=0.0),
            '.pos_embed': dict(decay_mult=0.0),
        },
        layer_decay_rate=0.65,
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
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

train_cfg = dict(max_epochs=100)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(diff_rank_seed=True, seed=0)
