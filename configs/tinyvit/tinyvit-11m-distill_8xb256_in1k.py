_base_ = 'tinyvit-5m-distill_8xb256_in1k.py'

model = dict(backbone=dict(arch='11m', drop_path_rate=0.1), head=dict(in_channels=448))
