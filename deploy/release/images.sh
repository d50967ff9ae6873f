#!/usr/bin/env bash
# Builds the images and pushes them, with the SBOM of each platform's image. images.txt lists what
# was pushed: a reference by digest, and "all" or the platform.
#   VERSION=v1.2.3 DIST=dist REGISTRY=ghcr.io/argoproj-labs KO=… ORAS=… SYFT=… deploy/release/images.sh
source "$(dirname "$0")/env.sh"
: "${REGISTRY:?where do the images go? such as REGISTRY=ghcr.io/argoproj-labs}"
platforms=(linux/amd64 linux/arm64)

labels="org.opencontainers.image.source=https://github.com/argoproj-labs/commit-status-hub"
labels+=",org.opencontainers.image.version=$VERSION,org.opencontainers.image.revision=$(git rev-parse HEAD)"
labels+=",org.opencontainers.image.licenses=Apache-2.0"

: >"$DIST/images.txt"
for program in "${programs[@]}"; do
	repository="$REGISTRY/$program"
	pushed="$(KO_DOCKER_REPO="$repository" "$KO" build --bare --tags="$VERSION" --platform="$(IFS=,; echo "${platforms[*]}")" \
		--sbom=none --image-label="$labels" "./cmd/$program")"
	reference="$repository@${pushed##*@}"
	echo "$reference all" >>"$DIST/images.txt"
	for platform in "${platforms[@]}"; do
		image="$repository@$("$ORAS" resolve --platform "$platform" "$reference")"
		echo "$image $platform" >>"$DIST/images.txt"
		"$SYFT" scan "registry:$image" --quiet --source-name "$repository" --source-version "$VERSION" \
			--output "spdx-json=$DIST/${program}_${VERSION}_image_${platform/\//_}.spdx.json"
	done
done
