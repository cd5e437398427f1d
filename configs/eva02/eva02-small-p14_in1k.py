_base_ = [
    '../_base_/models/revvit/revvit-base.py',
    '../_base_/datasets/imagenet_bs16_eva_336.py',
    '../_base_/schedules/imagenet_bs2048_AdamW.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(type='ViTEVA02', arch='s', img_size=336, patch_size=14, final_norm=False),
    head=dict(in_channels=384),
)
