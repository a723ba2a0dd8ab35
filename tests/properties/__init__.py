"""Properties that hold for every model, tried on random ones."""
