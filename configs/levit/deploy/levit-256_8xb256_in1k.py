_base_ = '../levit-128_8xb256_in1k.py'

model = dict(backbone=dict(arch='256', deploy=True), head=dict(in_channels=512, deploy=True))
