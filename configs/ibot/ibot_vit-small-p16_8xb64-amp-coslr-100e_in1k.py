# iBOT (https://arxiv.org/abs/2111.07832), 100 epochs.
_base_ = '../dino/dino_vit-small-p16_8xb64-amp-coslr-100e_in1k.py'

model = dict(
    type='iBOT',
    mask_ratio=(0.1, 0.5),
    mask_prob=0.5,
    backbone=dict(type='MaskTokenViT'),
    neck=dict(out_channels=8192),
    head=dict(out_channels=8192, teacher_temp=0.07, warmup_iters=75060),  # thirty epochs
    patch_head=dict(
        type='DINOHead',
        out_channels=8192,
        student_temp=0.1,
        warmup_teacher_temp=0.04,
        teacher_temp=0.07,
        warmup_iters=75060,
    ),
)
