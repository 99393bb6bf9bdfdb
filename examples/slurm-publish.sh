#!/bin/bash
#SBATCH --job-name=publish
#
# The end of slurm-gather.sh: publish the index of all parts.  A part that is
# missing or was cut short is found by its end record, or by --images.

set -eu -o pipefail
: "${LIST:?}" "${IMAGE:?}"
sources=$("${EXAMPLES:-.}/part-of-list.sh" "$LIST" 0 1 | wc -l)
cat gather.*.stream | acedt-index --images "$sources" "$IMAGE"
