#!/bin/sh
# Eight shards with GNU parallel, on this machine or with --sshlogin on others, then one report.
# usage: gnu-parallel.sh SEED [SSHLOGIN…]   (each login has torture at the same path, and /dev/fuse)
set -eu
seed=${1:?give a seed: a number or a commit hash}
shift
logins=${*:-:}
rm -rf Reports/shards
mkdir -p Reports/shards
# A shard that finds a violation exits with 1; the merged report decides, so all are let finish.
parallel --jobs 1 --sshlogin "$(echo "$logins" | tr ' ' ',')" --workdir "$PWD" \
  --env TORTURE_SHARDS --return 'Reports/shards/{}' --cleanup \
  'torture run --seed '"$seed"' --seeds 400 --shard {}/8 --report Reports/shards/{} --quiet' \
  ::: 1 2 3 4 5 6 7 8 || true
torture report merge --report Reports/merged Reports/shards/*
