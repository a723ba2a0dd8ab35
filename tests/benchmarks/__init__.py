"""Speed and memory, measured on generated models: ``python -m tests.benchmarks``. Not part of the test run."""
