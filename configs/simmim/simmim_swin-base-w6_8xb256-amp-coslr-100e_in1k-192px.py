_base_ = 'simmim_swin-base-w6_16xb128-amp-coslr-100e_in1k-192px.py'

train_dataloader = dict(batch_size=256)
