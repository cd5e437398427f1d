# DINOv2 (https://arxiv.org/abs/2304.07193): its objective, 100 epochs on ImageNet.
_base_ = '../dino/dino_vit-small-p16_8xb64-amp-coslr-100e_in1k.py'

head = dict(
    type='DINOHead',
    out_channels=65536,
    centering='sinkhorn',
    student_temp=0.1,
    warmup_teacher_temp=0.04,
    teacher_temp=0.07,
    warmup_iters=75060,  # thirty epochs
)

model = dict(
    type='DINOv2',
    base_momentum=0.008,
    backbone=dict(
        type='MaskTokenViT',
        arch='dinov2-small',
        patch_size=14,
        drop_path_rate=0.3,
        layer_scale_init_value=1e-5,
    ),
    neck=dict(out_channels=65536),
    head=dict(_delete_=True, **head),
    patch_neck=dict(type='DINONeck', in_channels=384, out_channels=65536),
    patch_head=head,
    spread=dict(type='KoLeoLoss', loss_weight=0.1),
)

small_crop = [
    dict(
        type='RandomResizedCrop',
        scale=98,
        crop_ratio_range=(0.05, 0.32),
        backend='pillow',
        interpolation='bicubic',
    ),
    *_base_.colours,
    dict(type='GaussianBlur', magnitude_range=(0.1, 2.0), magnitude_std='inf', prob=0.5),
]
large_crop1 = [dict(_base_.large_crop1[0], crop_ratio_range=(0.32, 1.0)), *_base_.large_crop1[1:]]
large_crop2 = [dict(_base_.large_crop2[0], crop_ratio_range=(0.32, 1.0)), *_base_.large_crop2[1:]]

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='MultiView',
                num_views=[1, 1, 8],
                transforms=[large_crop1, large_crop2, small_crop],
            ),
            dict(type='PackInputs'),
        ],
    ),
)
