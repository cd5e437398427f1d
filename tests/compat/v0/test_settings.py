# ruff: noqa: E501  (settings as configs of then have them, one a line)
"""Settings of MMClassification 0.11 to 0.25, each in a whole config: all of it is translated and fits.

One setting a case: the forms that a key had in different versions, and what configs of users set.
"""

from __future__ import annotations

import pytest

from mmpretrain.config import Config
from mmpretrain.config.validate import validate

BASE = """
model = dict(type='ImageClassifier', backbone=dict(type='ResNet', depth=18, num_stages=4, out_indices=(3,), style='pytorch'),
  neck=dict(type='GlobalAveragePooling'), head=dict(type='LinearClsHead', num_classes=1000, in_channels=512, loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1,5)))
dataset_type='ImageNet'
img_norm_cfg = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True)
train_pipeline = [dict(type='LoadImageFromFile'), dict(type='RandomResizedCrop', size=224), dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'),
 dict(type='Normalize', **img_norm_cfg), dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'])]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', size=(256,-1)), dict(type='CenterCrop', crop_size=224), dict(type='Normalize', **img_norm_cfg), dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data = dict(samples_per_gpu=32, workers_per_gpu=2, train=dict(type=dataset_type, data_prefix='data/imagenet/train', pipeline=train_pipeline),
 val=dict(type=dataset_type, data_prefix='data/imagenet/val', ann_file='data/imagenet/meta/val.txt', pipeline=test_pipeline),
 test=dict(type=dataset_type, data_prefix='data/imagenet/val', ann_file='data/imagenet/meta/val.txt', pipeline=test_pipeline))
evaluation = dict(interval=1, metric='accuracy')
optimizer = dict(type='SGD', lr=0.1, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy='step', step=[30, 60, 90])
runner = dict(type='EpochBasedRunner', max_epochs=100)
checkpoint_config = dict(interval=1)
log_config = dict(interval=100, hooks=[dict(type='TextLoggerHook')])
dist_params = dict(backend='nccl')
log_level = 'INFO'
load_from = None
resume_from = None
workflow = [('train', 1)]
"""
LOAD = "dict(type='LoadImageFromFile')"
PACK = "dict(type='Normalize', **img_norm_cfg), dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'])"


def pipe(steps):
    return f"data['train']['pipeline'] = [{LOAD}, {steps}, {PACK}]"


CASES = {
    "fp16": "fp16 = dict(loss_scale=512.)",
    "fp16 dynamic": "fp16 = dict(loss_scale='dynamic')",
    "fp16 hook": "optimizer_config=dict(type='Fp16OptimizerHook', loss_scale='dynamic')",
    "fp16 hook grad": "optimizer_config=dict(type='Fp16OptimizerHook', grad_clip=dict(max_norm=5.), loss_scale=512., distributed=False)",
    "fp16 empty": "fp16=dict()",
    "mixup011": "model['train_cfg']=dict(mixup=dict(alpha=0.2, num_classes=1000))\nmodel['head']=dict(type='MultiLabelLinearClsHead', num_classes=1000, in_channels=512, loss=dict(type='CrossEntropyLoss', loss_weight=1.0, use_soft=True))",
    "cutmix011": "model['train_cfg']=dict(cutmix=dict(alpha=0.2, num_classes=1000, cutmix_prob=1.))",
    "augments one": "model['train_cfg']=dict(augments=dict(type='BatchMixup', alpha=0.2, num_classes=1000, prob=1.))",
    "augments many": "model['train_cfg']=dict(augments=[dict(type='BatchMixup', alpha=0.8, prob=0.5, num_classes=1000), dict(type='BatchCutMix', alpha=1.0, prob=0.5, num_classes=1000)])",
    "augments ident": "model['train_cfg']=dict(augments=[dict(type='BatchMixup', alpha=0.8, prob=0.4, num_classes=1000), dict(type='Identity', prob=0.6)])",
    "resizemix": "model['train_cfg']=dict(augments=dict(type='BatchResizeMix', alpha=1.0, num_classes=1000, prob=1.0))",
    "total_epochs": "del runner\ntotal_epochs=200",
    "iter runner": "runner=dict(type='IterBasedRunner', max_iters=1000)\nevaluation=dict(interval=100, metric='accuracy')\ncheckpoint_config=dict(interval=100, by_epoch=False)\nlog_config=dict(interval=10, hooks=[dict(type='TextLoggerHook', by_epoch=False)])",
    "precise bn": "custom_hooks=[dict(type='PreciseBNHook', num_samples=8192, interval=1)]",
    "ema": "custom_hooks=[dict(type='EMAHook', momentum=4e-5, priority='ABOVE_NORMAL')]",
    "ema2": "custom_hooks=[dict(type='EMAHook', momentum=0.0002, interval=1, warm_up=100, resume_from=None)]",
    "paramwise": "optimizer=dict(type='AdamW', lr=5e-4, weight_decay=0.05, eps=1e-8, betas=(0.9,0.999), paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys={'.absolute_pos_embed': dict(decay_mult=0.0), '.relative_position_bias_table': dict(decay_mult=0.0)}))\noptimizer_config=dict(grad_clip=dict(max_norm=5.0))",
    "lars": "optimizer=dict(type='LARS', lr=1.6, momentum=0.9, weight_decay=1e-4)",
    "lamb": "optimizer=dict(type='Lamb', lr=0.005, weight_decay=0.02)",
    "rmsprop": "optimizer=dict(type='RMSprop', lr=0.064, alpha=0.9, momentum=0.9, eps=0.0316, weight_decay=1e-5)",
    "kfold": "data['train']=dict(type='KFoldDataset', dataset=dict(type=dataset_type, data_prefix='data/imagenet/train', pipeline=train_pipeline), fold=0, num_splits=5, test_mode=False, seed=0)",
    "repeataug2": "sampler=dict(type='RepeatAugSampler')",
    "loader parts": "data['train_dataloader']=dict(samples_per_gpu=16, drop_last=True, persistent_workers=True, shuffle=True)\ndata['val_dataloader']=dict(samples_per_gpu=64)\ndata['test_dataloader']=dict(samples_per_gpu=64, workers_per_gpu=4)",
    "loader more": "data['pin_memory']=True\ndata['persistent_workers']=True\ndata['prefetch_factor']=4\ndata['drop_last']=True",
    "wandb": "log_config=dict(interval=10, hooks=[dict(type='TextLoggerHook'), dict(type='MMClsWandbHook', init_kwargs=dict(project='p'), log_checkpoint=True, log_checkpoint_metadata=True, num_eval_images=100)])",
    "loggers": "log_config=dict(interval=10, hooks=[dict(type='TextLoggerHook'), dict(type='TensorboardLoggerHook'), dict(type='MlflowLoggerHook', exp_name='x'), dict(type='WandbLoggerHook', init_kwargs=dict(project='p'))])",
    "neptune": "log_config=dict(interval=10, hooks=[dict(type='TextLoggerHook'), dict(type='NeptuneLoggerHook', init_kwargs=dict(project='p')), dict(type='DvcliveLoggerHook')])",
    "runtime": "cudnn_benchmark=True\nfind_unused_parameters=True\nopencv_num_threads=0\nmp_start_method='fork'\ngpu_ids=[0]\nseed=0\ndeterministic=True\nauto_resume=True\ndevice='cuda'\nwork_dir='w'",
    "gpus": "gpus=1\nlocal_rank=0\nlauncher='none'\ndistributed=False",
    "poly": "lr_config=dict(policy='poly', min_lr=0, by_epoch=False, warmup='constant', warmup_iters=5000)",
    "cos": "lr_config=dict(policy='CosineAnnealing', min_lr=0, warmup='linear', warmup_iters=2500, warmup_ratio=0.25)",
    "cos cooldown": "lr_config=dict(policy='CosineAnnealingCooldown', min_lr=1e-5, cool_down_time=10, cool_down_ratio=0.1, by_epoch=True, warmup_by_epoch=True, warmup='linear', warmup_iters=5, warmup_ratio=1e-6)",
    "exp": "lr_config=dict(policy='exp', gamma=0.9)",
    "inv": "lr_config=dict(policy='inv', gamma=0.1, power=0.5)",
    "fixed": "lr_config=dict(policy='fixed')",
    "onecycle": "lr_config=dict(policy='OneCycle', max_lr=0.1)",
    "flat": "lr_config=dict(policy='FlatCosineAnnealing', start_percent=0.5, min_lr=1e-6)",
    "restart": "lr_config=dict(policy='CosineRestart', periods=[50,50], restart_weights=[1,0.5], min_lr=1e-5)",
    "step int": "lr_config=dict(policy='step', step=30, gamma=0.5)",
    "step warm": "lr_config=dict(policy='step', step=[15], warmup='linear', warmup_iters=500, warmup_ratio=0.001, warmup_by_epoch=False)",
    "Step": "lr_config=dict(policy='Step', step=[15])",
    "lighting": pipe(
        "dict(type='RandomResizedCrop', size=224), dict(type='Lighting', eigval=[55.4625, 4.7940, 1.1475], eigvec=[[-0.5675, 0.7192, 0.4009],[-0.5808, -0.0045, -0.8140],[-0.5836, -0.6948, 0.4203]], alphastd=0.1, to_rgb=True)"
    ),
    "jitter": pipe(
        "dict(type='RandomResizedCrop', size=224), dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4)"
    ),
    "erasing": pipe(
        "dict(type='RandomResizedCrop', size=224, backend='pillow', interpolation='bicubic'), dict(type='RandomErasing', erase_prob=0.25, mode='rand', min_area_ratio=0.02, max_area_ratio=1/3, fill_color=img_norm_cfg['mean'][::-1], fill_std=img_norm_cfg['std'][::-1])"
    ),
    "randaug": pipe(
        "dict(type='RandAugment', policies=[dict(type='AutoContrast'), dict(type='Equalize'), dict(type='Invert'), dict(type='Rotate', magnitude_key='angle', magnitude_range=(0,30)), dict(type='Posterize', magnitude_key='bits', magnitude_range=(4,0)), dict(type='Cutout', magnitude_key='shape', magnitude_range=(1,41)), dict(type='Shear', magnitude_key='magnitude', magnitude_range=(0,0.3), direction='horizontal'), dict(type='ColorTransform', magnitude_key='magnitude', magnitude_range=(0,0.9))], num_policies=2, total_level=10, magnitude_level=9, magnitude_std=0.5, hparams=dict(pad_val=[104,116,124], interpolation='bicubic'))"
    ),
    "eff crop": pipe(
        "dict(type='RandomResizedCrop', size=224, efficientnet_style=True, interpolation='bicubic', backend='pillow')"
    )
    + "\ntest_pipeline[1:3]=[dict(type='CenterCrop', crop_size=224, efficientnet_style=True, interpolation='bicubic', backend='pillow')]",
    "resize": pipe(
        "dict(type='Resize', size=(248,-1), interpolation='bicubic', backend='pillow'), dict(type='RandomCrop', size=224, padding=4, pad_if_needed=True, pad_val=0, padding_mode='constant')"
    ),
    "resize short": pipe(
        "dict(type='Resize', size=256, adaptive_side='short'), dict(type='CenterCrop', crop_size=(224,224)), dict(type='RandomGrayscale', gray_prob=0.1)"
    ),
    "resize long": pipe(
        "dict(type='Resize', size=(256,-1), adaptive_side='long'), dict(type='Pad', size=(256,256), pad_val=0)"
    ),
    "pad square": pipe("dict(type='Pad', pad_to_square=True, pad_val=0), dict(type='Resize', size=224)"),
    "albu": pipe(
        "dict(type='Resize', size=224), dict(type='Albu', transforms=[dict(type='Blur', blur_limit=3, p=0.1)])"
    ),
    "autoaug": pipe(
        "dict(type='RandomResizedCrop', size=224), dict(type='AutoAugment', policies=[[dict(type='Posterize', bits=4, prob=0.4), dict(type='Rotate', angle=30., prob=0.6)], [dict(type='Solarize', thr=256/9*4, prob=0.6), dict(type='AutoContrast', prob=0.6)]])"
    ),
    "single ops": pipe(
        "dict(type='Resize', size=224), dict(type='Shear', magnitude=0.1, prob=0.5), dict(type='Translate', magnitude=0.1), dict(type='Rotate', angle=10.), dict(type='Invert'), dict(type='Equalize'), dict(type='Contrast', magnitude=0.1), dict(type='Brightness', magnitude=0.1), dict(type='Sharpness', magnitude=0.1), dict(type='Cutout', shape=4)"
    ),
    "to float": "data['train']['pipeline']=[dict(type='LoadImageFromFile', to_float32=True, color_type='color', file_client_args=dict(backend='disk')), dict(type='Resize', size=(224,224)), dict(type='Normalize', **img_norm_cfg), dict(type='DefaultFormatBundle') if False else dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'], meta_keys=('filename','ori_shape','img_shape'))]",
    "transpose": "data['train']['pipeline']=[dict(type='LoadImageFromFile'), dict(type='Resize', size=(224,224)), dict(type='Normalize', **img_norm_cfg), dict(type='Transpose', keys=['img'], order=(2,0,1)), dict(type='ToTensor', keys=['img','gt_label']), dict(type='Collect', keys=['img','gt_label'])]",
    "norm first": "data['train']['pipeline']=[dict(type='LoadImageFromFile'), dict(type='Normalize', **img_norm_cfg), dict(type='Resize', size=(224,224)), dict(type='RandomFlip'), dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'])]",
    "pretrained": "model['pretrained']='torchvision://resnet18'",
    "backbone pretrained": "model['backbone']['init_cfg']=dict(type='Pretrained', checkpoint='torchvision://resnet18')",
    "lsr": "model['head']['loss']=dict(type='LabelSmoothLoss', label_smooth_val=0.1, num_classes=1000, reduction='mean', loss_weight=1.0, mode='original')\nmodel['head']['cal_acc']=False",
    "lsr mode": "model['head']['loss']=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='classy_vision')",
    "focal": "model['head']=dict(type='MultiLabelLinearClsHead', num_classes=1000, in_channels=512, loss=dict(type='FocalLoss', gamma=2.0, alpha=0.25))",
    "asl": "model['head']=dict(type='MultiLabelLinearClsHead', num_classes=20, in_channels=512, loss=dict(type='AsymmetricLoss', gamma_pos=0.0, gamma_neg=4.0, clip=0.05))",
    "voc": "data['train']=dict(type='VOC', data_prefix='data/VOCdevkit/VOC2007/', ann_file='data/VOCdevkit/VOC2007/ImageSets/Main/trainval.txt', pipeline=train_pipeline)\nevaluation=dict(interval=1, metric=['mAP','CP','OP','CR','OR','CF1','OF1'])",
    "metrics": "evaluation=dict(interval=1, metric=['accuracy','precision','recall','f1_score','support'], metric_options={'topk':(1,), 'thrs':(0.,0.5), 'average_mode':'none'})",
    "eval opts": "evaluation=dict(interval=5, start=10, metric='accuracy', save_best='accuracy_top-1', rule='greater', by_epoch=True, gpu_collect=True, greater_keys=['x'], out_dir=None, priority='LOW')",
    "ckpt opts": "checkpoint_config=dict(interval=5, by_epoch=True, max_keep_ckpts=3, save_last=True, save_optimizer=True, out_dir='x', sync_buffer=False, create_symlink=True, filename_tmpl='e_{}.pth')",
    "concat": "data['train']=[dict(type=dataset_type, data_prefix='a', pipeline=train_pipeline), dict(type=dataset_type, data_prefix='b', pipeline=train_pipeline)]",
    "concat lists": "data['train']=dict(type=dataset_type, data_prefix=['a','b'], ann_file=['a.txt','b.txt'], pipeline=train_pipeline)",
    "concat type": "data['train']=dict(type='ConcatDataset', datasets=[dict(type=dataset_type, data_prefix='a', pipeline=train_pipeline)])",
    "classes file": "data['train']['classes']='classes.txt'",
    "extensions": "data['train']['extensions']=('.jpg','.png')",
    "filecl": "data['train']['file_client_args']=dict(backend='disk')",
    "cifar": "data['train']=dict(type='CIFAR100', data_prefix='data/cifar100', pipeline=[dict(type='RandomCrop', size=32, padding=4), dict(type='RandomFlip', flip_prob=0.5, direction='horizontal'), dict(type='Normalize', mean=[1,2,3],std=[1,2,3],to_rgb=False), dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'])])",
    "mnist": "data['train']=dict(type='MNIST', data_prefix='data/mnist', pipeline=[dict(type='Resize', size=32), dict(type='Normalize', mean=[33.46], std=[78.87], to_rgb=True), dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']), dict(type='Collect', keys=['img','gt_label'])])\nmodel['backbone']=dict(type='LeNet5', num_classes=10)\nmodel['neck']=None\nmodel['head']=dict(type='ClsHead', loss=dict(type='CrossEntropyLoss', loss_weight=1.0), topk=(1,))",
    "swin": "model['backbone']=dict(type='SwinTransformer', arch='tiny', img_size=224, drop_path_rate=0.2)\nmodel['head']=dict(type='LinearClsHead', num_classes=1000, in_channels=768, init_cfg=None, loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='original'), cal_acc=False)\nmodel['init_cfg']=[dict(type='TruncNormal', layer='Linear', std=0.02, bias=0.), dict(type='Constant', layer='LayerNorm', val=1., bias=0.)]",
    "vit": "model['backbone']=dict(type='VisionTransformer', arch='b', img_size=224, patch_size=16, drop_rate=0.1, init_cfg=[dict(type='Kaiming', layer='Conv2d', mode='fan_in', nonlinearity='linear')])\nmodel['neck']=None\nmodel['head']=dict(type='VisionTransformerClsHead', num_classes=1000, in_channels=768, loss=dict(type='LabelSmoothLoss', label_smooth_val=0.1, mode='classy_vision'))",
    "vit outputcls": "model['backbone']=dict(type='VisionTransformer', arch='b', output_cls_token=False)\nmodel['head']=dict(type='LinearClsHead', num_classes=1000, in_channels=768)\nmodel['neck']=None",
    "mobilenet": "model['backbone']=dict(type='MobileNetV3', arch='large')\nmodel['head']=dict(type='StackedLinearClsHead', num_classes=1000, in_channels=960, mid_channels=[1280], dropout_rate=0.2, act_cfg=dict(type='HSwish'), loss=dict(type='CrossEntropyLoss'), init_cfg=dict(type='Normal', layer='Linear', mean=0., std=0.01, bias=0.), topk=(1,5))",
    "grad cumul": "optimizer_config=dict(type='GradientCumulativeOptimizerHook', cumulative_iters=4)",
    "grad cumul16": "optimizer_config=dict(type='GradientCumulativeFp16OptimizerHook', cumulative_iters=4, loss_scale='dynamic')",
    "dist opt": "optimizer_config=dict(type='DistOptimizerHook', update_interval=4, grad_clip=None)",
    "detect anomalous": "optimizer_config=dict(grad_clip=None, detect_anomalous_params=True)",
    "evalhooks": "custom_hooks=[dict(type='ClassNumCheckHook'), dict(type='CheckInvalidLossHook', interval=50), dict(type='ClosureHook', fn_name='after_train_epoch', fn=print)]",
    "workflow": "workflow=[('train',2),('val',1)]",
    "momentum": "momentum_config=dict(policy='CosineAnnealing', min_momentum=0.85)\n",
    "timm": "model['backbone']=dict(type='TIMMBackbone', model_name='resnet18', pretrained=False)",
    "custom imports str": "custom_imports=dict(imports='os', allow_failed_imports=False)",
}


@pytest.mark.parametrize("case", CASES)
def test_settings(case):
    cfg = Config.fromstring(f"{BASE}{CASES[case]}\n", ".py")
    assert [str(problem) for problem in validate(cfg.modern(), files=False)] == []
