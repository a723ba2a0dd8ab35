"""Tests of the room that reads kernel trees."""
