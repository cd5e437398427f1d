_base_ = 'poolformer_m36.py'

model = dict(backbone=dict(arch='m48'))
