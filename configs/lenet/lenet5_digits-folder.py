# The same training from an image folder, as `mmpretrain demo-data digits data/digits` writes it:
# a pattern for your own pictures.
_base_ = 'lenet5_digits.py'

data_root = 'data/digits'

train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root=data_root,
        data_prefix='train',
        pipeline=[dict(type='LoadImageFromFile', color_type='grayscale'), *_base_.train_pipeline],
    ),
)

val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CustomDataset',
        data_root=data_root,
        data_prefix='val',
        pipeline=[dict(type='LoadImageFromFile', color_type='grayscale'), *_base_.test_pipeline],
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
