#!/bin/sh
# Sets up an environment from nothing: lists the variables that it needs, plans, and applies.
# Usage: bootstrap.sh [ENVIRONMENT]
set -eu
environment=${1:-staging}

fbsync env --environment "$environment"
fbsync plan --environment "$environment"
fbsync apply --environment "$environment" --yes
