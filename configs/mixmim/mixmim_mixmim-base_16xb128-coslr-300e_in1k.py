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
    dict(
        type='RandomResizedCrop',
        scale=224,
        backend='pillow',
        crop_ratio_range=(0.2, 1.0),
        interpolation='bicubic',
    ),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackInputs'),
]

model = dict(
    type='MixMIM',
    backbone=dict(
        type='MixMIMPretrainTransformer',
        arch='B',
        drop_path_rate=0.0,
        drop_rate=0.0,
        mask_ratio=0.5,
    ),
    neck=dict(
        type='MixMIMPretrainDecoder',
        decoder_depth=8,
        decoder_embed_dim=512,
        decoder_num_heads=16,
        embed_dim=1024,
        encoder_stride=32,
        num_patches=49,
    ),
    head=dict(
        type='MixMIMPretrainHead',
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
        norm_pix=True,
    ),
)

train_dataloader = dict(pin_memory=True, batch_size=128, dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0012, betas=(0.9, 0.95), weight_decay=0.05),
    paramwise_cfg=dict(custom_keys=dict(bias=dict(decay_mult=0.0), ln=dict(decay_mult=0.0))),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=40,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=260,
        by_epoch=True,
        begin=40,
        end=300,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=300)
default_hooks = dict(checkpoint=dict(interval=10, max_keep_ckpts=1))
randomness = dict(diff_rank_seed=True, seed=0)
auto_scale_lr = dict(base_batch_size=2048)
