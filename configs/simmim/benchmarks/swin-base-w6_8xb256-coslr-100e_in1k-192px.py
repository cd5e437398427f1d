_base_ = [
    '../../_base_/models/swin_transformer/base_224.py',
    '../../_base_/datasets/imagenet_bs256_swin_192.py',
    '../../_base_/schedules/imagenet_sgd_coslr_100e.py',
    '../../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        img_size=192,
        drop_path_rate=0.1,
        stage_cfgs=dict(block_cfgs=dict(window_size=6)),
        init_cfg=dict(type='Pretrained', prefix='backbone.', checkpoint=''),
    ),
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(_delete_=True, type='AdamW', lr=0.005, weight_decay=0.05),
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(
        custom_keys={
            '.absolute_pos_embed': dict(decay_mult=0.0),
            '.bias': dict(decay_mult=0.0),
            '.norm': dict(decay_mult=0.0),
            '.relative_position_bias_table': dict(decay_mult=0.0),
        },
        layer_decay_rate=0.9,
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.00019999999999999998,
        by_epoch=True,
        begin=0,
        end=20,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=80,
        eta_min=1e-06,
        by_epoch=True,
        begin=20,
        end=100,
        convert_to_iter_based=True,
    ),
]

default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(seed=0)
