# I-JEPA (https://arxiv.org/abs/2301.08243), 600 epochs.
_base_ = ['../_base_/datasets/imagenet_bs512_mae.py', '../_base_/default_runtime.py']

train_dataloader = dict(batch_size=128)

model = dict(
    type='IJEPA',
    base_momentum=0.004,
    num_targets=4,
    target_scale=(0.15, 0.2),
    target_aspect=(0.75, 1.5),
    context_scale=(0.85, 1.0),
    backbone=dict(type='IJEPAViT', arch='b', patch_size=16),
    neck=dict(
        type='IJEPAPredictor',
        num_patches=196,
        embed_dim=768,
        predictor_embed_dim=384,
        depth=6,
        num_heads=12,
    ),
    head=dict(type='MIMHead', loss=dict(type='PixelReconstructionLoss', criterion='L2')),
    init_cfg=[
        dict(type='TruncNormal', layer='Linear', std=0.02),
        dict(type='Constant', layer='LayerNorm', val=1.0, bias=0.0),
    ],
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.001, weight_decay=0.04),
    paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.1,
        by_epoch=True,
        begin=0,
        end=15,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=585,
        eta_min=1e-6,
        by_epoch=True,
        begin=15,
        end=600,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingParamScheduler',
        param_name='weight_decay',
        T_max=600,
        eta_min_ratio=10,  # from 0.04 to 0.4, and what has none keeps none
        by_epoch=True,
        begin=0,
        end=600,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=600)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(seed=0, diff_rank_seed=True)
auto_scale_lr = dict(base_batch_size=2048)
