_base_ = 'deit3-base-p16_64xb64_in1k.py'

model = dict(backbone=dict(arch='m'), head=dict(in_channels=512))
