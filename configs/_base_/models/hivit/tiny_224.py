_base_ = 'base_224.py'

model = dict(backbone=dict(arch='tiny', drop_path_rate=0.05), head=dict(in_channels=384))
