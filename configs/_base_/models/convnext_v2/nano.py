_base_ = 'atto.py'

model = dict(backbone=dict(arch='nano'), head=dict(in_channels=640))
