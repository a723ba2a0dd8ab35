"""Results as bytes, one module per format. Nothing here decides: severity, message and help come with the finding."""
