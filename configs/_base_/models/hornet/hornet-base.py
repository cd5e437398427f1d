_base_ = 'hornet-base-gf.py'

model = dict(backbone=dict(arch='base'))
