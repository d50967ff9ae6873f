#!/usr/bin/env bash
# Writes the notes of the release, beside the folder of its files: they are no file of it.
#   VERSION=v1.2.3 DIST=dist [CHANGELOG=CHANGELOG.md] deploy/release/notes.sh
source "$(dirname "$0")/env.sh"
go run ./deploy/release/cmd/notes "$VERSION" <"${CHANGELOG:-CHANGELOG.md}" >"$DIST.notes.md"
