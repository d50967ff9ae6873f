#!/usr/bin/env bash
# Pushes the chart, writes the checksums, and signs everything: the images and the chart where they
# are, the files by their checksums. subjects.txt lists it all for an attestation of provenance.
#   VERSION=v1.2.3 DIST=dist REGISTRY=ghcr.io/argoproj-labs COSIGN=… HELM=… ORAS=… deploy/release/publish.sh
source "$(dirname "$0")/env.sh"
: "${REGISTRY:?where do the images go? such as REGISTRY=ghcr.io/argoproj-labs}"
chart="$REGISTRY/charts/commit-status-hub"

"$HELM" push "$DIST/commit-status-hub-${VERSION#v}.tgz" "oci://${chart%/*}"
chart+="@$("$ORAS" resolve "$chart:${VERSION#v}")"
# Artifact Hub looks for this under a tag of its own.
"$ORAS" push "${chart%@*}:artifacthub.io" --config /dev/null:application/vnd.cncf.artifacthub.config.v1+yaml \
	artifacthub-repo.yml:application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml

(cd "$DIST" && rm -f SHA256SUMS* subjects.txt && sha256sum -- * >SHA256SUMS)
"$COSIGN" sign-blob --yes --bundle "$DIST/SHA256SUMS.sigstore.json" "$DIST/SHA256SUMS"

while read -r image platform; do
	"$COSIGN" sign --yes "$image"
	if [[ $platform != all ]]; then
		program="$(basename "${image%@*}")"
		"$COSIGN" attest --yes --type spdxjson --predicate "$DIST/${program}_${VERSION}_image_${platform/\//_}.spdx.json" "$image"
	fi
done <"$DIST/images.txt"
"$COSIGN" sign --yes "$chart"

{
	cat "$DIST/SHA256SUMS"
	for reference in $(awk '$2 == "all" {print $1}' "$DIST/images.txt") "$chart"; do
		echo "${reference##*@sha256:}  ${reference%@*}"
	done
} >"$DIST/subjects.txt"
