_base_ = 'vit-huge-p14_8xb128-coslr-50e_in1k.py'

runner_type = 'FlexibleRunner'

model = dict(
    backbone=dict(arch='large', patch_size=16, drop_path_rate=0.2),
    head=dict(in_channels=1024),
)

optim_wrapper = dict(type='DeepSpeedOptimWrapper')

strategy = dict(
    type='DeepSpeedStrategy',
    fp16=dict(
        enabled=True,
        fp16_master_weights_and_grads=False,
        hysteresis=2,
        initial_scale_power=15,
        loss_scale=0,
        loss_scale_window=500,
        min_loss_scale=1,
    ),
    inputs_to_half=['inputs'],
    zero_optimization=dict(
        allgather_bucket_size=50000000,
        allgather_partitions=True,
        contiguous_gradients=True,
        cpu_offload=False,
        overlap_comm=True,
        reduce_bucket_size=50000000,
        reduce_scatter=True,
        stage=1,
    ),
)
