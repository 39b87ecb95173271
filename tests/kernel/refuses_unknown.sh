#!/bin/sh
# Each program that is named must refuse, as wrong usage, an option that it does not know, a value that is missing and
# one that is no number.
refuses() {
  said=$("$@" 2>&1)
  code=$?
  [ "$code" -eq 2 ] && return 0
  echo "$*: exit $code instead of 2"
  echo "$said"
  exit 1
}
for program in "$@"; do
  refuses "$program" --no-such-option 1
  refuses "$program" --no-such-option
  case $program in
    *scenario_kernel) ;;  # files stand beside its options, and it takes no number
    *capture_lockstep) refuses "$program" --only ;;
    *host_routes_test) refuses "$program" --seed ; refuses "$program" --seed 1x ; refuses "$program" 30 ;;
    *) refuses "$program" --seed ; refuses "$program" --seed 1x ; refuses "$program" 1 ;;
  esac
done
