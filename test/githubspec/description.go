package githubspec

import (
	"context"
	"fmt"
)

// described is where GitHub's OpenAPI description is.
var described = npmPackage{
	name:      "@octokit/openapi",
	version:   "23.0.2",
	integrity: "pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==",
}

// descriptionPath is the entry for github.com.
const descriptionPath = "package/generated/api.github.com.json"

// Description returns the part of GitHub's OpenAPI description that the hub uses.
// It is fetched once with npm and kept in the user's cache folder.
func Description(ctx context.Context) ([]byte, error) {
	name := fmt.Sprintf("api.github.com-%s-%s.json", described.version, digest(paths))
	return described.kept(ctx, "openapi", name, []string{descriptionPath}, func(whole entries) ([]byte, error) {
		return subset(whole[descriptionPath])
	})
}
