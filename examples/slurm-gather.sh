#!/bin/bash
#SBATCH --job-name=gather
#
# Gather a list with a Slurm array: each task copies a part of the images.
#
#   export LIST=images.list IMAGE=reg.example.com/all:sync-1
#   job=$(sbatch --parsable --array=0-3 slurm-gather.sh)
#   sbatch --dependency=afterok:$job slurm-publish.sh
#
# LIST and the folder in which this is submitted are on a disk that all nodes
# share.  EXAMPLES names the folder of this script, if the tasks do not start in
# it: Slurm runs a copy of the script from elsewhere.

set -eu -o pipefail
: "${LIST:?}" "${IMAGE:?}" "${SLURM_ARRAY_TASK_ID:?submit this with --array}"
part=gather.$SLURM_ARRAY_TASK_ID
rm -f "$part.stream"

"${EXAMPLES:-.}/part-of-list.sh" "$LIST" "$SLURM_ARRAY_TASK_ID" \
    "$SLURM_ARRAY_TASK_COUNT" |
    acedt-resolve --name "$LIST" - | acedt-fetch | acedt-push "$IMAGE" \
    >"$part.new"
# Only a stream that is whole gets this name.
mv "$part.new" "$part.stream"
