_base_ = 'eva02-small-p14_headless.py'

model = dict(backbone=dict(arch='l', sub_ln=True))
