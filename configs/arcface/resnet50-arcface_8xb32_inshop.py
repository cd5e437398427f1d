_base_ = [
    '../_base_/datasets/inshop_bs32_448.py',
    '../_base_/schedules/cub_bs64.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_3rdparty-mill_in21k_20220331-faac000b.pth'

model = dict(
    type='ImageToImageRetriever',
    head=dict(
        type='ArcFaceClsHead',
        num_classes=3997,
        in_channels=2048,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0),
        init_cfg=None,
    ),
    image_encoder=[
        dict(
            type='ResNet',
            depth=50,
            init_cfg=dict(
                type='Pretrained',
                prefix='backbone',
                checkpoint='https://download.openmmlab.com/mmclassification/v0/resnet/resnet50_3rdparty-mill_in21k_20220331-faac000b.pth',
            ),
        ),
        dict(type='GlobalAveragePooling'),
    ],
    prototype=dict(
        batch_size=32,
        num_workers=4,
        dataset=dict(
            type='InShop',
            data_root='data/inshop',
            split='gallery',
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='Resize', scale=512),
                dict(type='CenterCrop', crop_size=448),
                dict(type='PackInputs'),
            ],
        ),
        sampler=dict(type='DefaultSampler', shuffle=False),
    ),
)

optim_wrapper = dict(optimizer=dict(lr=0.02))

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.01,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(type='CosineAnnealingLR', T_max=45, by_epoch=True, begin=5, end=50),
]

train_cfg = dict(max_epochs=50)

default_hooks = dict(
    logger=dict(interval=20),
    checkpoint=dict(max_keep_ckpts=3, rule='greater', save_best='auto'),
)

custom_hooks = [dict(type='PrepareProtoBeforeValLoopHook'), dict(type='SyncBuffersHook')]
auto_scale_lr = dict(base_batch_size=256, enable=True)
