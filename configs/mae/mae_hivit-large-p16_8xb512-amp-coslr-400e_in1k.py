_base_ = 'mae_vit-base-p16_8xb512-amp-coslr-400e_in1k.py'

model = dict(backbone=dict(type='MAEHiViT', arch='large'), neck=dict(decoder_depth=6))

optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys=dict(
            _delete_=True,
            bias=dict(decay_mult=0.0),
            mask_token=dict(decay_mult=0.0),
            norm=dict(decay_mult=0.0),
            pos_embed=dict(decay_mult=0.0),
        ),
    ),
)

find_unused_parameters = True
