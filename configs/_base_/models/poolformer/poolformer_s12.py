_base_ = 'poolformer_m36.py'

model = dict(backbone=dict(arch='s12'), head=dict(in_channels=512))
