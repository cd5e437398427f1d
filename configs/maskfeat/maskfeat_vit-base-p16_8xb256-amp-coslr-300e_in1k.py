_base_ = ['../_base_/datasets/imagenet_bs256_itpn.py', '../_base_/default_runtime.py']

data_preprocessor = dict(
    _delete_=True,
    type='SelfSupDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, crop_ratio_range=(0.5, 1.0), interpolation='bicubic'),
    dict(type='RandomFlip', direction='horizontal', prob=0.5),
    dict(type='BEiTMaskGenerator', input_size=14, min_num_patches=15, num_masking_patches=78),
    dict(type='PackInputs'),
]

model = dict(
    type='MaskFeat',
    backbone=dict(type='MaskFeatViT', arch='b', patch_size=16),
    neck=dict(
        type='LinearNeck',
        in_channels=768,
        norm_cfg=None,
        out_channels=108,
        init_cfg=dict(type='TruncNormal', std=0.02, bias=0, layer='Linear'),
    ),
    head=dict(type='MIMHead', loss=dict(type='PixelReconstructionLoss', criterion='L2')),
    target_generator=dict(type='HOGGenerator', gaussian_window=16, nbins=9, pool=8),
)

train_dataloader = dict(pin_memory=True, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0016, betas=(0.9, 0.999), weight_decay=0.05),
    clip_grad=dict(max_norm=0.02),
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        custom_keys=dict(mask_token=dict(decay_mult=0.0)),
        flat_decay_mult=0.0,
        norm_decay_mult=0.0,
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-06,
        by_epoch=True,
        begin=0,
        end=30,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=270,
        eta_min=1e-06,
        by_epoch=True,
        begin=30,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
auto_scale_lr = dict(base_batch_size=2048)
