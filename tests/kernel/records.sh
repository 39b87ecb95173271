#!/bin/sh
# Recordings go into folders that were not there, and can be replayed; where none can be written, that is said.
# Usage: records.sh KERNEL_LOCKSTEP
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
"$1" --seed 1 --rulesets 2 --packets 100 --record "$folder/new/folder" || exit $?
"$1" --replay "$folder/new/folder" || exit 1
echo > "$folder/file"
if said=$("$1" --seed 1 --rulesets 2 --packets 100 --record "$folder/file/folder" 2>&1); then
  echo "written where a file stands: $said"
  exit 1
fi
case $said in
  *"$folder/file/folder cannot be made"*) ;;
  *) echo "the folder is not named: $said"; exit 1 ;;
esac
