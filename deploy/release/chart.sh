#!/usr/bin/env bash
# Packages the chart, with the version in it.
#   VERSION=v1.2.3 DIST=dist HELM=… deploy/release/chart.sh
source "$(dirname "$0")/env.sh"
"$HELM" package deploy/chart --version "${VERSION#v}" --app-version "$VERSION" --destination "$DIST"
