#!/usr/bin/env bash
# Builds the binaries and packs each, with its SBOM.
#   VERSION=v1.2.3 DIST=dist SYFT=… deploy/release/binaries.sh
source "$(dirname "$0")/env.sh"
platforms=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64)

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
for program in "${programs[@]}"; do
	for platform in "${platforms[@]}"; do
		name="${program}_${VERSION}_${platform/\//_}"
		CGO_ENABLED=0 GOOS="${platform%/*}" GOARCH="${platform#*/}" \
			go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o "$folder/$program" "./cmd/$program"
		"$SYFT" scan "file:$folder/$program" --quiet --source-name "$program" --source-version "$VERSION" \
			--output "spdx-json=$DIST/$name.spdx.json"
		cp LICENSE "$folder/"
		tar --create --file=- --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
			--directory="$folder" LICENSE "$program" | gzip -n >"$DIST/$name.tar.gz"
		rm "$folder/$program"
	done
done
