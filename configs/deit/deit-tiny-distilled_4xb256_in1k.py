_base_ = 'deit-base-distilled_16xb64_in1k.py'

model = dict(backbone=dict(arch='deit-tiny'), head=dict(in_channels=192))
train_dataloader = dict(batch_size=256)
