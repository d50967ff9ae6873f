#!/usr/bin/env bash
# Checks the alerts, tries each of them, and checks what the dashboard asks.
set -euo pipefail
cd "$(dirname "$0")"

PROMTOOL="$(./promtool.sh)"
if [ -z "$PROMTOOL" ]; then
	echo "== alerts are not checked" >&2
	exit
fi
export PROMTOOL
echo "== alerts are sound, and fire when they should"
"$PROMTOOL" check rules rules.yaml
"$PROMTOOL" test rules ./*_test.yaml
go test ../../test/monitoring
