_base_ = '../_base_/models/swin_transformer/large_224.py'

data_preprocessor = dict(mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], to_rgb=False)
model = dict(backbone=dict(arch='tiny', out_indices=(1, 2, 3)), neck=None, head=None)
