"""The program and the facts: frozen values with names resolved. Nothing here knows YAML, rules or words."""
