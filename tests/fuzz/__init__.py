"""Strangers' input at random: seeded mutations and weird valid models through the whole pipeline, within limits."""
