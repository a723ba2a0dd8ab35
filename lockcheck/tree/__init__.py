"""A kernel tree, read far enough to hold a model's ``at: file:line`` against it."""
