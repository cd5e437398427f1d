_base_ = '../levit-128_8xb256_in1k.py'

model = dict(
    backbone=dict(arch='384', deploy=True, drop_path_rate=0.1),
    head=dict(in_channels=768, deploy=True),
)
