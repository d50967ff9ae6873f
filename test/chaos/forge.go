package chaos

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

const (
	appID = 1
	// known is how many commits each repository has.
	known = 1000

	// What one of the GitHubs allows a minute is about what there is to write, so that a hub
	// which disregards it is found out. A replica that takes over counts as spent what the
	// one before may have sent, so where leaders change all the time it gets little; the
	// other SCMs have no such limit.
	writesPerMinute = 45
	// All of them allow few requests at once, with room for answers that are read before
	// the fake is done with them, and for requests of a replica that is gone.
	inFlight = 4
	// grace is for what was on its way when a pause began.
	grace = time.Second
)

// forge is an SCM, and the gate before it.
type forge struct {
	*wire.Server
	name      string
	gate      *faults.Gate
	peers     *peers
	providers []Provider
	// specs are the ScmProviders' specs, and secrets the data of their Secrets, in the
	// order of providers.
	specs   []v1alpha1.ScmProviderSpec
	secrets []map[string][]byte
	// writes is whether a request writes, and of which provider, "" for none of ours.
	writes func(*http.Request) (provider string)
	// read reads the writes among calls.
	read func([]wire.Call) ([]Write, error)
	// shown is what is shown at a place, the newest of it, nil for nothing.
	shown func(Place) *Row
	// limits says that it allows only so many writes a minute.
	limits bool
	// share is that of the SCM where its installations have none of their own.
	share int
	// limited says how it tells that there are too many requests.
	limited func(Kind) (status int, body string)
}

// newGitHub makes a GitHub with so many owners, each with an installation of the App: what
// a secondary limit takes from one comes back within minutes only. perMinute 0 is no limit.
func newGitHub(peers *peers, name string, owners, perMinute int) (*forge, error) {
	limits := github.Limits{WritesPerMinute: perMinute, RequestsPerHour: 1_000_000, MaxInFlight: 3 * inFlight, Grace: grace}
	server := github.New(github.WithLimits(limits))
	f := &forge{Server: &server.Server, name: name, peers: peers, limits: perMinute > 0}
	if f.limits {
		f.share = 3
	}
	if err := f.open(); err != nil {
		return nil, err
	}
	key := server.AddApp(appID)
	for n := range owners {
		owner := fmt.Sprintf("%s%d", name, n)
		installation := int64(100 + n)
		server.Install(appID, installation, owner)
		p := Provider{Name: owner, Repositories: []string{owner + "/shop", owner + "/other"}}
		for _, repository := range p.Repositories {
			server.AddRepo(repository, history()...)
		}
		f.providers = append(f.providers, p)
		f.specs = append(f.specs, v1alpha1.ScmProviderSpec{
			GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL("http://" + f.gate.Address()), AppID: appID, InstallationID: installation},
			RateLimit: likeForges(perMinute),
		})
		f.secrets = append(f.secrets, map[string][]byte{"privateKey": key})
	}
	f.writes = func(r *http.Request) string {
		parts := strings.Split(r.URL.Path, "/")
		if r.Method == http.MethodGet || len(parts) < 5 || parts[4] != "check-runs" {
			return ""
		}
		return parts[2]
	}
	runs := func() map[int64]github.CheckRun { return runsOf(server, f.providers) }
	f.read = func(calls []wire.Call) ([]Write, error) {
		all := runs()
		return f.readAll(calls, func(call wire.Call) (w Write, ours bool, err error) {
			if call.Operation != github.OpCreateCheckRun && call.Operation != github.OpUpdateCheckRun {
				return w, false, nil
			}
			w, err = githubWrite(call, all)
			w.Provider, _, _ = strings.Cut(w.Repository, "/")
			return w, true, err
		})
	}
	f.shown = func(at Place) (newest *Row) {
		for _, r := range server.CheckRuns(at.Repository, at.SHA) {
			if r.Name == at.Name {
				newest = &Row{Content{githubPhase(r.Status, r.Conclusion), r.Summary, r.DetailsURL}, r.ID}
			}
		}
		return newest
	}
	f.limited = githubLimited
	return f, nil
}

func githubLimited(k Kind) (status int, body string) {
	if k == Secondary {
		return http.StatusForbidden, `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}`
	}
	return http.StatusTooManyRequests, `{"message":"API rate limit exceeded"}`
}

// newGitLab makes a GitLab with one user.
func newGitLab(peers *peers) (*forge, error) {
	limits := gitlab.Limits{MaxInFlight: 3 * inFlight, Grace: grace}
	server := gitlab.New(gitlab.WithLimits(limits))
	f := &forge{Server: &server.Server, name: "gitlab", peers: peers, share: 5}
	if err := f.open(); err != nil {
		return nil, err
	}
	server.AddUser("robot")
	p := Provider{Name: "gitlab", Repositories: []string{"acme/platform/shop", "acme/platform/other"}, Forward: true}
	for _, project := range p.Repositories {
		server.AddProject(project, history()...)
		server.AddMember(project, "robot", gitlab.Developer)
	}
	f.providers = []Provider{p}
	f.specs = []v1alpha1.ScmProviderSpec{{
		GitLab:    &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL("http://" + f.gate.Address() + "/api/v4")},
		RateLimit: likeForges(0),
	}}
	f.secrets = []map[string][]byte{{"token": []byte(server.AddToken("robot"))}}
	f.writes = func(r *http.Request) string {
		if r.Method == http.MethodGet || !strings.Contains(r.URL.Path, "/statuses/") {
			return ""
		}
		return p.Name
	}
	f.read = func(calls []wire.Call) ([]Write, error) {
		return f.readAll(calls, func(call wire.Call) (w Write, ours bool, err error) {
			if call.Operation != gitlab.OpSetStatus {
				return w, false, nil
			}
			w, err = gitlabWrite(call)
			w.Provider = p.Name
			return w, true, err
		})
	}
	f.shown = func(at Place) (newest *Row) {
		for _, s := range server.Statuses(at.Repository, at.SHA) {
			if s.Name == at.Name && !s.Retried {
				newest = &Row{Content{gitlabPhases[s.State], s.Description, s.TargetURL}, s.ID}
			}
		}
		return newest
	}
	f.limited = func(Kind) (int, string) { return http.StatusTooManyRequests, "Retry later\n" }
	return f, nil
}

// targets are what faults come to: each installation where there are many, or all together
// where each gets little to do.
func (f *forge) targets() (all []Target) {
	if f.share > 0 {
		return []Target{{Name: f.name, Share: f.share}}
	}
	for _, p := range f.providers {
		all = append(all, Target{Name: p.Name, Share: 2, Limits: true})
	}
	return all
}

// has reports whether a target is one of targets.
func (f *forge) has(target string) bool {
	return slices.ContainsFunc(f.targets(), func(t Target) bool { return t.Name == target })
}

// writesAs reports whether a provider is one of the SCM's.
func (f *forge) writesAs(provider string) bool {
	return slices.ContainsFunc(f.providers, func(p Provider) bool { return p.Name == provider })
}

// provider is the one that a fault is about.
func (f *forge) provider(fault Fault) string {
	if fault.Target != f.name {
		return fault.Target
	}
	return f.providers[fault.Variant%len(f.providers)].Name
}

// open opens the gate before the SCM.
func (f *forge) open() (err error) {
	f.gate, err = faults.NewGate(strings.TrimPrefix(f.Root(), "http://"), f.peers.welcome)
	return err
}

func (f *forge) close() {
	f.gate.Close()
	f.Close()
}

// sent are the calls, and who made them.
func (f *forge) sent() (all []Sent) {
	for _, call := range f.Calls() {
		all = append(all, Sent{call.At, f.peers.of(call.Peer, call.At), f.name + " " + call.Method + " " + call.Path})
	}
	return all
}

func likeForges(perMinute int) *v1alpha1.RateLimit {
	return &v1alpha1.RateLimit{WritesPerMinute: new(int64(perMinute)), RequestsPerHour: new(int64(0)), MaxInFlight: new(int64(inFlight))}
}

// history are the commits of each repository.
func history() []string {
	shas := make([]string, known)
	for n := range shas {
		shas[n] = commit(n)
	}
	return shas
}

// runsOf are all check runs by their ID.
func runsOf(server *github.Server, providers []Provider) map[int64]github.CheckRun {
	all := map[int64]github.CheckRun{}
	for _, p := range providers {
		for _, repository := range p.Repositories {
			for _, sha := range history() {
				for _, run := range server.CheckRuns(repository, sha) {
					all[run.ID] = run
				}
			}
		}
	}
	return all
}

// readAll reads the calls that are ours to read.
func (f *forge) readAll(calls []wire.Call, read func(wire.Call) (Write, bool, error)) (writes []Write, err error) {
	for _, call := range calls {
		w, ours, err := read(call)
		if err != nil {
			return nil, err
		}
		if ours {
			w.Instance = f.peers.of(call.Peer, call.At)
			writes = append(writes, w)
		}
	}
	return writes, nil
}
