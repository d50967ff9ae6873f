package v1alpha1

// Kind returns the name of the field that selects the SCM, such as "github",
// and "" unless exactly one does.
func (s ScmProviderSpec) Kind() string {
	kind, n := "", 0
	for name, set := range map[string]bool{
		"github":              s.GitHub != nil,
		"gitlab":              s.GitLab != nil,
		"bitbucketCloud":      s.BitbucketCloud != nil,
		"bitbucketDataCenter": s.BitbucketDataCenter != nil,
		"gitea":               s.Gitea != nil,
	} {
		if set {
			kind = name
			n++
		}
	}
	if n != 1 {
		return ""
	}
	return kind
}
