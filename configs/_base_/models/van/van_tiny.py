_base_ = 'van_small.py'

model = dict(backbone=dict(arch='tiny'), head=dict(in_channels=256))
