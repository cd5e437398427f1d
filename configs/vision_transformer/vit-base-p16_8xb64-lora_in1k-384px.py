_base_ = 'vit-base-p16_64xb64_in1k-384px.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='LoRAModel',
        alpha=16,
        drop_rate=0.1,
        module=dict(
            type='VisionTransformer',
            arch='b',
            img_size=384,
            patch_size=16,
            drop_rate=0.1,
            init_cfg=dict(type='Pretrained', prefix='backbone', checkpoint=''),
        ),
        rank=16,
        targets=[dict(type='qkv')],
    ),
    head=dict(init_cfg=[dict(type='TruncNormal', std=2e-05, layer='Linear')]),
)

test_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=256, backend='pillow', edge='short'),
            dict(type='CenterCrop', crop_size=224),
            dict(type='PackInputs'),
        ],
    ),
)

param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=0.0001,
        by_epoch=True,
        begin=0,
        end=5,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=45,
        eta_min=1e-06,
        by_epoch=True,
        begin=5,
        end=50,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(max_epochs=50)
default_hooks = dict(checkpoint=dict(max_keep_ckpts=3))
