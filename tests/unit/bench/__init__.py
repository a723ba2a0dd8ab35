"""Tests of one room each, where a model file would not show it."""
