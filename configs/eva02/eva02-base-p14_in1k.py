_base_ = [
    '../_base_/models/revvit/revvit-small.py',
    '../_base_/datasets/imagenet_bs16_eva_448.py',
    '../_base_/schedules/imagenet_bs2048_AdamW.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        type='ViTEVA02',
        arch='b',
        img_size=448,
        patch_size=14,
        final_norm=False,
        sub_ln=True,
    ),
)
