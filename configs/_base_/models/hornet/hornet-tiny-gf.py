_base_ = 'hornet-base-gf.py'

model = dict(backbone=dict(arch='tiny-gf', drop_path_rate=0.2), head=dict(in_channels=512))
