#!/bin/bash
# Runs a command where labels 3, 64 and 77 of connections have names: both conntrack(8) and the engine look for them in
# /etc, so it gets a mount namespace with an /etc of its own; who is not root, a user namespace around it, with what he
# may read of /etc.
# Usage: with_label_names.sh COMMAND [ARGUMENT...]
set -euo pipefail

if [ "${WITH_LABEL_NAMES:-}" != inside ]; then
  for way in "--mount" "--map-root-user --mount"; do
    unshare $way mount -n -t tmpfs none /etc 2>/dev/null && WITH_LABEL_NAMES=inside exec unshare $way "$0" "$@"
  done
  echo "NOT TESTED: the names of labels (no root, and no user namespace in which one may mount)"
  exec "$@"
fi
etc=$(mktemp -d)
trap 'rmdir "$etc"' EXIT
mount -n -t tmpfs none "$etc"
# Without what this user may not read.
cp -R --preserve=mode,links /etc/. "$etc" 2>/dev/null || true
mkdir -p "$etc/xtables"
printf '3 web server\n64 bulk\n77 last\n' >"$etc/xtables/connlabel.conf"
# Without a note of it in /run, where others cannot write.
mount -n --move "$etc" /etc
"$@"
