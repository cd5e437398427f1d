# Continue with CLIP's pre-training on images of your own, without texts.
_base_ = 'continued_dinov2-vit-small-p14_1xb64-amp-coslr-50e.py'

data_preprocessor = dict(
    mean=[122.7709383, 116.7460125, 104.09373615],
    std=[68.5005327, 66.6321579, 70.32316305],
)

model = dict(
    backbone=dict(
        _delete_=True,
        type='VisionTransformer',
        arch='l',
        img_size=224,
        patch_size=14,
        pre_norm=True,
        out_type='featmap',
        drop_path_rate=0.1,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='vit-large-p14_clip-openai-pre_3rdparty',
            prefix='backbone.',
        ),
    ),
    neck=dict(in_channels=1024),
)
