_base_ = [
    '../../_base_/models/davit/davit-small.py',
    '../../_base_/datasets/imagenet_bs64_swin_224.py',
    '../../_base_/schedules/imagenet_bs4096_AdamW.py',
    '../../_base_/default_runtime.py',
]

data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])

model = dict(
    backbone=dict(
        _delete_=True,
        type='BEiTViT',
        arch='base',
        img_size=224,
        patch_size=16,
        drop_path_rate=0.1,
        out_type='avg_featmap',
        use_abs_pos_emb=False,
        use_rel_pos_bias=True,
        use_shared_rel_pos_bias=False,
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
    optimizer=dict(lr=0.004, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys={
            '.bias': dict(decay_mult=0.0),
            '.gamma': dict(decay_mult=0.0),
            '.ln': dict(decay_mult=0.0),
            'q_bias': dict(decay_mult=0.0),
            'v_bias': dict(decay_mult=0.0),
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
        end=20,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-06,
        by_epoch=True,
        begin=20,
        end=100,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=100)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
randomness = dict(seed=0)
auto_scale_lr = dict(base_batch_size=1024)
