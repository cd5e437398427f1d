_base_ = 'hornet-base-gf.py'

model = dict(backbone=dict(arch='small-gf', drop_path_rate=0.4), head=dict(in_channels=768))
