_base_ = 'vit-base-p16_sam_headless.py'

model = dict(backbone=dict(arch='large'))
