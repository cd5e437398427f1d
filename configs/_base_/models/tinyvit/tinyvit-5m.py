_base_ = 'tinyvit-11m.py'

model = dict(backbone=dict(arch='5m', drop_path_rate=0.0), head=dict(in_channels=320))
