_base_ = 'hornet-base-gf.py'

model = dict(backbone=dict(arch='large-gf', drop_path_rate=0.2), head=dict(in_channels=1536))
