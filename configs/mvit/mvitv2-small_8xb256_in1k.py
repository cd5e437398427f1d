_base_ = 'mvitv2-tiny_8xb256_in1k.py'

model = dict(backbone=dict(arch='small'))
