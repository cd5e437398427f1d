_base_ = 'xcit-large-24-p8_8xb128_in1k.py'

model = dict(backbone=dict(patch_size=16))
