_base_ = 'eva02-base-p14_in1k.py'

model = dict(backbone=dict(arch='l'), head=dict(in_channels=1024))
