_base_ = 'van_base.py'

model = dict(backbone=dict(arch='large', drop_path_rate=0.2))
