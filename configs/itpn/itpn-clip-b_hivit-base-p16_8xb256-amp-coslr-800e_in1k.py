_base_ = ['../_base_/datasets/imagenet_bs256_itpn.py', '../_base_/default_runtime.py']

model = dict(
    type='iTPN',
    backbone=dict(
        type='iTPNHiViT',
        arch='base',
        drop_path_rate=0.1,
        layer_scale_init_value=0.1,
        reconstruction_type='clip',
        rpe=True,
    ),
    neck=dict(
        type='iTPNPretrainDecoder',
        patch_size=16,
        embed_dim=512,
        fpn_depth=2,
        fpn_dim=256,
        in_chans=3,
        mlp_ratio=4.0,
        num_outs=3,
        reconstruction_type='clip',
    ),
    head=dict(
        type='iTPNClipHead',
        embed_dims=512,
        loss=dict(type='CosineSimilarityLoss', shift_factor=1.0),
        num_embed=512,
    ),
    target_generator=dict(
        type='CLIPGenerator',
        tokenizer_path='https://download.openmmlab.com/mmselfsup/1.x/target_generator_ckpt/clip_vit_base_16.pth.tar',
    ),
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    optimizer=dict(type='AdamW', lr=0.0015, betas=(0.9, 0.999), weight_decay=0.05),
    clip_grad=dict(max_norm=3.0),
    paramwise_cfg=dict(
        custom_keys={
            '.gamma': dict(decay_mult=0.0),
            '.norm': dict(decay_mult=0.0),
            '.pos_embed': dict(decay_mult=0.0),
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
        end=800,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=800)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
randomness = dict(diff_rank_seed=True, seed=0)
find_unused_parameters = True
auto_scale_lr = dict(base_batch_size=2048)
