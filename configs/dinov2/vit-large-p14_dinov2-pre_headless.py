_base_ = 'vit-base-p14_dinov2-pre_headless.py'

model = dict(backbone=dict(arch='large'))
