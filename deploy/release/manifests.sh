#!/usr/bin/env bash
# Writes the manifests in one file each, the hub's with the image that images.sh pushed.
#   VERSION=v1.2.3 DIST=dist deploy/release/manifests.sh
source "$(dirname "$0")/env.sh"
image="$(awk '$2 == "all" && $1 ~ "/commit-status-hub@" {print $1}' "$DIST/images.txt")"
[[ -n $image ]] || {
	echo "$DIST/images.txt has no image of the hub" >&2
	exit 1
}
for manifest in deploy/install/*.yaml; do
	sed "s#image: ghcr.io/argoproj-labs/commit-status-hub:latest#image: ${image/@/:$VERSION@}#" "$manifest" >"$DIST/$(basename "$manifest")"
done
