_base_ = ['../_base_/datasets/imagenet_bs256_beitv2.py', '../_base_/default_runtime.py']

drop_path_rate = 0.0
layer_scale_init_value = 0.1

vqkd_encoder = dict(
    arch='base',
    img_size=224,
    patch_size=16,
    in_channels=3,
    drop_path_rate=0.0,
    drop_rate=0.0,
    final_norm=True,
    frozen_stages=-1,
    interpolate_mode='bicubic',
    layer_cfgs=dict(),
    layer_scale_init_value=0.0,
    norm_cfg=dict(type='LN', eps=1e-06),
    out_indices=-1,
    out_type='featmap',
    patch_cfg=dict(),
    use_abs_pos_emb=True,
    use_rel_pos_bias=False,
    use_shared_rel_pos_bias=False,
    with_cls_token=True,
    init_cfg=None,
)

model = dict(
    type='BEiT',
    backbone=dict(
        type='BEiTPretrainViT',
        arch='base',
        patch_size=16,
        drop_path_rate=0.0,
        final_norm=False,
        layer_scale_init_value=0.1,
        out_indices=[-4, -1],
        out_type='raw',
        init_cfg=[
            dict(type='TruncNormal', std=0.02, layer='Linear'),
            dict(type='TruncNormal', std=0.02, layer='Conv2d'),
            dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        ],
    ),
    neck=dict(
        type='BEiTV2Neck',
        backbone_arch='base',
        drop_path_rate=0.0,
        early_layers=9,
        layer_scale_init_value=0.1,
        num_layers=2,
    ),
    head=dict(
        type='BEiTV2Head',
        embed_dims=768,
        loss=dict(type='CrossEntropyLoss'),
        num_embed=8192,
    ),
    target_generator=dict(
        type='VQKD',
        encoder_config=vqkd_encoder,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmselfsup/1.x/target_generator_ckpt/vqkd_encoder.pth',
        ),
    ),
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0015, betas=(0.9, 0.98), weight_decay=0.05),
    clip_grad=dict(max_norm=3.0),
    paramwise_cfg=dict(
        custom_keys={
            '.bias': dict(decay_mult=0.0),
            '.cls_token': dict(decay_mult=0.0),
            '.gamma': dict(decay_mult=0.0),
            '.ln': dict(decay_mult=0.0),
            '.pos_embed': dict(decay_mult=0.0),
            'q_bias': dict(decay_mult=0.0),
            'v_bias': dict(decay_mult=0.0),
        },
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=10,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-05,
        by_epoch=True,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(diff_rank_seed=True, seed=0)
find_unused_parameters = True
auto_scale_lr = dict(base_batch_size=2048)
