_base_ = 'vit-huge-p14_8xb128-coslr-50e_in1k.py'

model = dict(
    backbone=dict(arch='large', patch_size=16, drop_path_rate=0.2),
    head=dict(in_channels=1024),
)
