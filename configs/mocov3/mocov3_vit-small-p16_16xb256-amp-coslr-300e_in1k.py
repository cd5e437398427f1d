_base_ = 'mocov3_vit-base-p16_16xb256-amp-coslr-300e_in1k.py'

model = dict(backbone=dict(arch='mocov3-small'), neck=dict(in_channels=384))
