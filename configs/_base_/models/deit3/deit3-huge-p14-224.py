_base_ = 'deit3-base-p16-224.py'

model = dict(
    backbone=dict(arch='h', patch_size=14, drop_path_rate=0.55),
    head=dict(in_channels=1280),
)
