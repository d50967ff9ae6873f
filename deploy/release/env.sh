# What all steps of a release need. Each script here is a step; `make release` runs them in order.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

: "${VERSION:?which version? such as VERSION=v1.2.3}"
: "${DIST:?which folder for the files? such as DIST=dist}"
[[ $VERSION =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] || {
	echo "VERSION is no semantic version with a v before it: $VERSION" >&2
	exit 1
}
mkdir -p "$DIST"

# Files and images have the time of their commit, so that a second build makes the same.
SOURCE_DATE_EPOCH="$(git log -1 --format=%ct)"
export VERSION SOURCE_DATE_EPOCH

# The programs, each of which has a folder, an image and binaries.
programs=(cmd/*/)
programs=("${programs[@]#cmd/}")
programs=("${programs[@]%/}")
