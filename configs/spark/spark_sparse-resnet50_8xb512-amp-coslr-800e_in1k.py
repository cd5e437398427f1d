_base_ = ['../_base_/datasets/imagenet_bs512_mae.py', '../_base_/default_runtime.py']

model = dict(
    type='SparK',
    backbone=dict(type='SparseResNet', depth=50, drop_path_rate=0.05, out_indices=(0, 1, 2, 3)),
    neck=dict(
        type='SparKLightDecoder',
        feature_dim=512,
        last_act=False,
        mid_channels=0,
        upsample_ratio=32,
    ),
    head=dict(type='SparKPretrainHead', loss=dict(type='PixelReconstructionLoss', criterion='L2')),
    downsample_raito=32,
    enc_dec_norm_cfg=dict(type='SparseSyncBatchNorm2d'),
    enc_dec_norm_dim=2048,
    input_size=224,
    mask_ratio=0.6,
)

optimizer = dict(type='Lamb', lr=0.0016, betas=(0.9, 0.95), weight_decay=0.04)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=optimizer,
    clip_grad=dict(max_norm=5.0),
    paramwise_cfg=dict(
        bias_decay_mult=0.0,
        custom_keys=dict(mask_token=dict(decay_mult=0.0)),
        flat_decay_mult=0.0,
    ),
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
        T_max=760,
        by_epoch=True,
        begin=40,
        end=800,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingWeightDecay',
        T_max=800,
        eta_min=0.2,
        by_epoch=True,
        begin=0,
        end=800,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=800)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=2))
randomness = dict(diff_rank_seed=True, seed=0)
