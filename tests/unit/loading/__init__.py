"""Tests of the model reader."""
