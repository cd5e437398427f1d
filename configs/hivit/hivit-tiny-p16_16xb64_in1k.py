_base_ = 'hivit-base-p16_16xb64_in1k.py'

model = dict(backbone=dict(arch='tiny', drop_path_rate=0.05), head=dict(in_channels=384))
