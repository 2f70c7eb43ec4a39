#!/bin/sh
# A Slurm array of eight shards: sbatch slurm.sh SEED
# The array's own variables name the shard. When all have ended:
#   sbatch --dependency=afterany:JOBID --wrap 'torture report merge --report Reports/merged Reports/shards/*'
#SBATCH --array=1-8
#SBATCH --cpus-per-task=2
#SBATCH --time=00:30:00
set -eu
seed=${1:?give a seed: a number or a commit hash}
exec torture run --seed "$seed" --seeds 400 --quiet \
  --report "Reports/shards/$SLURM_ARRAY_TASK_ID"
