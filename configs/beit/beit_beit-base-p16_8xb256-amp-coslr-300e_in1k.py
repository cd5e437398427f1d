_base_ = ['../_base_/datasets/imagenet_bs256_itpn.py', '../_base_/default_runtime.py']

data_preprocessor = dict(
    second_mean=[-31.875, -31.875, -31.875],
    second_std=[318.75, 318.75, 318.75],
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, hue=0.0, saturation=0.4),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(
        type='RandomResizedCropAndInterpolationWithTwoPic',
        scale=(0.08, 1.0),
        interpolation='bicubic',
        second_interpolation='lanczos',
        second_size=112,
        size=224,
    ),
    dict(
        type='BEiTMaskGenerator',
        input_size=(14, 14),
        max_num_patches=None,
        min_num_patches=16,
        num_masking_patches=75,
    ),
    dict(type='PackInputs'),
]

model = dict(
    type='BEiT',
    backbone=dict(
        type='BEiTPretrainViT',
        arch='base',
        patch_size=16,
        drop_path_rate=0.1,
        final_norm=True,
        layer_scale_init_value=0.1,
        out_type='raw',
        init_cfg=[
            dict(type='TruncNormal', std=0.02, layer='Linear'),
            dict(type='TruncNormal', std=0.02, layer='Conv2d'),
            dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        ],
    ),
    neck=None,
    head=dict(
        type='BEiTV1Head',
        embed_dims=768,
        loss=dict(type='CrossEntropyLoss'),
        num_embed=8192,
    ),
    target_generator=dict(
        type='DALL-E',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/mmselfsup/1.x/target_generator_ckpt/dalle_encoder.pth',
        ),
    ),
)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0015, betas=(0.9, 0.999), weight_decay=0.05),
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
