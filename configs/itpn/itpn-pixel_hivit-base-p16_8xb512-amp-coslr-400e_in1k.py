_base_ = 'itpn-pixel_hivit-large-p16_8xb512-amp-coslr-400e_in1k.py'

model = dict(backbone=dict(arch='base'), neck=dict(embed_dim=512))

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
