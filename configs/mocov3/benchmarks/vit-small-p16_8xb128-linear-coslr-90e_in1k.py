_base_ = 'vit-base-p16_8xb128-linear-coslr-90e_in1k.py'

model = dict(backbone=dict(arch='mocov3-small'), head=dict(in_channels=384))
