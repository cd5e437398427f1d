_base_ = ['../_base_/datasets/imagenet_bs512_mae.py', '../_base_/default_runtime.py']

model = dict(
    type='EVA',
    backbone=dict(
        type='MAEViT',
        arch='b',
        patch_size=16,
        mask_ratio=0.75,
        init_cfg=[
            dict(type='Xavier', distribution='uniform', layer='Linear'),
            dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        ],
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
        predict_feature_dim=512,
        init_cfg=[
            dict(type='Xavier', distribution='uniform', layer='Linear'),
            dict(type='Constant', bias=0.0, layer='LayerNorm', val=1.0),
        ],
    ),
    head=dict(
        type='MIMHead',
        loss=dict(type='CosineSimilarityLoss', scale_factor=2.0, shift_factor=2.0),
    ),
    target_generator=dict(
        type='CLIPGenerator',
        tokenizer_path='https://download.openmmlab.com/mmselfsup/1.x/target_generator_ckpt/clip_vit_base_16.pth.tar',
    ),
    init_cfg=None,
)

train_dataloader = dict(batch_size=256)

optim_wrapper = dict(
    type='OptimWrapper',
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
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=40,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=360,
        by_epoch=True,
        begin=40,
        end=400,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=400)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
resume = True
randomness = dict(diff_rank_seed=True, seed=0)
find_unused_parameters = True
auto_scale_lr = dict(base_batch_size=4096)
