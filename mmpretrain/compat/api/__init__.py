"""What custom code uses of MMEngine and MMCV, and mmpretrain itself does not need."""
