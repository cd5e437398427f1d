_base_ = 'deit-base-distilled_16xb64_in1k.py'

model = dict(backbone=dict(arch='deit-small'), head=dict(in_channels=384))
train_dataloader = dict(batch_size=256)
