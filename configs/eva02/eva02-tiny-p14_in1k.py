_base_ = 'eva02-small-p14_in1k.py'

model = dict(backbone=dict(arch='t'), head=dict(in_channels=192))
