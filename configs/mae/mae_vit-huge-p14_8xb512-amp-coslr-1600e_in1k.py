_base_ = 'mae_vit-base-p16_8xb512-amp-coslr-1600e_in1k.py'

model = dict(
    backbone=dict(arch='h', patch_size=14),
    neck=dict(patch_size=14, embed_dim=1280, num_patches=256),
    head=dict(patch_size=14),
)
