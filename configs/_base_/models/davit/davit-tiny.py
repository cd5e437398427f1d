_base_ = 'davit-base.py'

model = dict(backbone=dict(arch='t', drop_path_rate=0.1), head=dict(in_channels=768))
