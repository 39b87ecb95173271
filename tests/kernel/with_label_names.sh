#!/bin/bash
# Runs a command where labels 3, 64 and 77 of connections have names: both conntrack(8) and the engine look for them in
# /etc, so it gets a mount namespace with an /etc of its own.
# Usage: with_label_names.sh COMMAND [ARGUMENT...]
set -euo pipefail

if [ "${WITH_LABEL_NAMES:-}" != inside ]; then
  unshare --mount true 2>/dev/null && WITH_LABEL_NAMES=inside exec unshare --mount "$0" "$@"
  echo "NOT TESTED: the names of labels (no root, or no mount namespace)" >&2
  exec "$@"
fi
etc=$(mktemp -d)
trap 'rmdir "$etc"' EXIT
mount -t tmpfs none "$etc"
cp -a /etc/. "$etc"
mkdir -p "$etc/xtables"
printf '3 web server\n64 bulk\n77 last\n' >"$etc/xtables/connlabel.conf"
mount --move "$etc" /etc
"$@"
