_base_ = 'eva-g-p14_headless.py'

model = dict(backbone=dict(patch_size=16))
