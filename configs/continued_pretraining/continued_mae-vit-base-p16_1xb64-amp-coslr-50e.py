# Continue with MAE's pre-training on images of your own.
_base_ = 'continued_dinov2-vit-small-p14_1xb64-amp-coslr-50e.py'

model = dict(
    mask_size=32,
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='base',
        img_size=224,
        patch_size=16,
        out_type='featmap',
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='mae_vit-base-p16_8xb512-amp-coslr-1600e_in1k',
            prefix='backbone.',
        ),
    ),
    neck=dict(in_channels=768),
)
