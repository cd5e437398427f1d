_base_ = ['../_base_/datasets/imagenet_bs256_itpn.py', '../_base_/default_runtime.py']

data_preprocessor = dict(
    second_mean=[-31.875, -31.875, -31.875],
    second_std=[318.75, 318.75, 318.75],
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomFlip', prob=0.5),
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
    type='CAE',
    backbone=dict(
        type='CAEPretrainViT',
        arch='b',
        patch_size=16,
        bias='qv_bias',
        layer_scale_init_value=0.1,
    ),
    neck=dict(
        type='CAENeck',
        embed_dims=768,
        decoder_depth=4,
        layer_scale_init_value=0.1,
        mlp_ratio=4,
        num_heads=12,
        regressor_depth=4,
    ),
    head=dict(type='CAEHead', loss=dict(type='CAELoss', lambd=2)),
    base_momentum=0.0,
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
    paramwise_cfg=dict(bias_decay_mult=0.0, flat_decay_mult=0.0, norm_decay_mult=0.0),
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
        T_max=290,
        eta_min=1e-05,
        by_epoch=True,
        begin=10,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=3))
randomness = dict(diff_rank_seed=True, seed=0)
find_unused_parameters = True
auto_scale_lr = dict(base_batch_size=2048)
