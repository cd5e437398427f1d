"""Tests of the pages about evaluations."""
