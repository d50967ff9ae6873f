package gitea

import "os"

// Skip is the environment variable that leaves Gitea out where it is "1": building it
// takes minutes. Where CI is set, it is not obeyed.
const Skip = "COMMIT_STATUS_HUB_SKIP_GITEA"

// Skipped says that Gitea is left out, and why; "" where it is not.
func Skipped() string {
	if os.Getenv(Skip) != "1" {
		return ""
	}
	if ci := os.Getenv("CI"); ci != "" && ci != "false" {
		return ""
	}
	return "SKIPPED (" + Skip + "=1): nothing is tried against a real Gitea"
}
