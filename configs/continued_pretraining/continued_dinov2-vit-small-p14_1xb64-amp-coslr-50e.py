# Continue with DINOv2's pre-training on images of your own:
# mmpretrain train continued_dinov2-vit-small-p14_1xb64-amp-coslr-50e --data FOLDER
_base_ = ['../_base_/datasets/imagenet_bs32_byol.py', '../_base_/default_runtime.py']

train_dataloader = dict(batch_size=64)

model = dict(
    type='ContinuedPretraining',
    base_momentum=0.004,
    mask_ratio=0.5,
    mask_size=28,  # 2 x 2 patches
    global_weight=1.0,
    backbone=dict(
        type='VisionTransformer',
        arch='dinov2-small',
        img_size=224,
        patch_size=14,
        layer_scale_init_value=1e-5,
        out_type='featmap',
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='vit-small-p14_dinov2-pre_3rdparty',
            prefix='backbone.',
        ),
    ),
    neck=dict(type='FeaturePredictor', in_channels=384, hid_channels=2048),
    head=dict(type='MIMHead', loss=dict(type='CosineSimilarityLoss', shift_factor=1.0)),
)

optim_wrapper = dict(
    type='AmpOptimWrapper',
    loss_scale='dynamic',
    clip_grad=dict(max_norm=3.0),
    constructor='LearningRateDecayOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=5e-5, weight_decay=0.05),
    paramwise_cfg=dict(layer_decay_rate=0.8, norm_decay_mult=0.0, bias_decay_mult=0.0),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.01,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=45,
        eta_min=1e-6,
        by_epoch=True,
        begin=5,
        end=50,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
auto_scale_lr = dict(base_batch_size=64)
