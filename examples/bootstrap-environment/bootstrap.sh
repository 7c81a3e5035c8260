#!/bin/sh
# Sets an environment up from nothing: which variables it needs, what would be done, and then the deed.
# Usage: bootstrap.sh [ENVIRONMENT]
set -eu
environment=${1:-staging}

fbsync env --environment "$environment"
fbsync plan --environment "$environment"
fbsync apply --environment "$environment" --yes
