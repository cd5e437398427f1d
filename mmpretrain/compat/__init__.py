"""Compatibility: configs and parts of MMClassification 0.x, and parts of 1.x that have a successor.

Registries find the parts by name, as they find all others. Other rooms do not import this one; they reach it
through :func:`mmpretrain.utils.former.compat`.
"""
