_base_ = 'vit-base-p16_pt-64xb64_in1k-384px.py'

model = dict(
    backbone=dict(patch_size=32),
    head=dict(loss=dict(_delete_=True, type='CrossEntropyLoss', loss_weight=1.0), topk=(1, 5)),
)
