#!/bin/sh
# Checks the models of locks: exit status 0 clean, 1 findings, 2 could not analyse.
set -e
cd "$(dirname "$0")/.."
lockcheck check
lockcheck rules test
