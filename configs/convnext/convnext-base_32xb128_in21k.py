_base_ = 'convnext-large_64xb64_in21k.py'

train_dataloader = dict(batch_size=128)
