_base_ = 'xcit-small-12-p8_8xb128_in1k.py'

model = dict(backbone=dict(patch_size=16))
