_base_ = 'mae_hivit-base-p16_8xb512-amp-coslr-800e_in1k.py'

model = dict(backbone=dict(arch='large'), neck=dict(embed_dim=768))
