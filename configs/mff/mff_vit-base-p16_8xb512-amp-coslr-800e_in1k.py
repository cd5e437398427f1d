_base_ = ['../_base_/datasets/imagenet_bs512_mae.py', '../_base_/default_runtime.py']

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='ToPIL', to_rgb=True),
    dict(type='torchvision/Resize', size=224),
    dict(type='torchvision/RandomCrop', padding=4, padding_mode='reflect', size=224),
    dict(type='torchvision/RandomHorizontalFlip', p=0.5),
    dict(type='ToNumpy', to_bgr=True),
    dict(type='PackInputs'),
]

model = dict(
    type='MFF',
    backbone=dict(
        type='MFFViT',
        arch='b',
        patch_size=16,
        mask_ratio=0.75,
        out_indices=[0, 2, 4, 6, 8, 11],
    ),
    neck=dict(
        type='MAEPretrainDecoder',
        patch_size=16,
        decoder_depth=8,
        decoder_embed_dim=512,
        decoder_num_heads=16,
        embed_dim=768,
        in_chans=3,
        mlp_ratio=4.0,
    ),
    head=dict(
        type='MAEPretrainHead',
        patch_size=16,
        loss=dict(type='PixelReconstructionLoss', criterion='L2'),
        norm_pix=True,
    ),
    init_cfg=[
        dict(type='Xavier', distribution='uniform', layer='Linear'),
        dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
    ],
)

train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0024, betas=(0.9, 0.95), weight_decay=0.05),
    paramwise_cfg=dict(
        custom_keys=dict(
            bias=dict(decay_mult=0.0),
            cls_token=dict(decay_mult=0.0),
            ln=dict(decay_mult=0.0),
            mask_token=dict(decay_mult=0.0),
            pos_embed=dict(decay_mult=0.0),
        ),
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-09,
        by_epoch=True,
        begin=0,
        end=40,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=760,
        by_epoch=True,
        begin=40,
        end=800,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=800)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
resume = True
randomness = dict(diff_rank_seed=True, seed=2)
auto_scale_lr = dict(base_batch_size=4096)
