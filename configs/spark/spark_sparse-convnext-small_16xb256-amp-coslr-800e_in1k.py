_base_ = 'spark_sparse-resnet50_8xb512-amp-coslr-800e_in1k.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='SparseConvNeXt',
        arch='small',
        drop_path_rate=0.2,
        gap_before_output=False,
        out_indices=(0, 1, 2, 3),
    ),
    enc_dec_norm_cfg=dict(type='SparseLN2d', eps=1e-06),
    enc_dec_norm_dim=768,
)

train_dataloader = dict(batch_size=256)
