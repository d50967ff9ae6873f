package chaos

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// slots is how many CommitStatuses a member has for each ScmProvider, commits how
	// many commits they are about at a time, and names how many names. Members choose
	// among the same, so that they meet.
	slots, commits, names = 4, 3, 3
	// commitLasts is how many changes a member makes before it knows one commit more.
	commitLasts = 100
)

// Act is one change that a member's users make.
type Act struct {
	// Verb is create, update, delete, or move: the GitRepo then goes to Repository.
	Verb string
	// Provider is the ScmProvider, and the GitRepo of the same name.
	Provider string
	// Object is the CommitStatus, and Spec what it is to want from now on.
	Object     string
	Spec       v1alpha1.CommitStatusSpec
	Repository string
}

// work is what the users of one member have asked for, and what they do next.
type work struct {
	random    *rand.Rand
	providers []Provider
	specs     map[string]v1alpha1.CommitStatusSpec
	// at is the repository of each GitRepo.
	at    map[string]string
	acts  int
	texts int
}

// Provider is a ScmProvider as members know it.
type Provider struct {
	Name string
	// Repositories are those that its GitRepos move between.
	Repositories []string
	// Forward says that texts change with the phase only, and a phase that is begun is
	// not taken back: GitLab refuses that.
	Forward bool
}

func newWork(seed uint64, member int, providers []Provider) *work {
	w := &work{
		random: rand.New(rand.NewPCG(seed, uint64(100+member))), providers: providers,
		specs: map[string]v1alpha1.CommitStatusSpec{}, at: map[string]string{},
	}
	for _, p := range providers {
		w.at[p.Name] = p.Repositories[0]
	}
	return w
}

// fill creates what is not there.
func (w *work) fill() (acts []Act) {
	for _, p := range w.providers {
		for slot := range slots {
			name := object(p, slot)
			if _, ok := w.specs[name]; ok {
				continue
			}
			act := w.create(p, name)
			if p.Forward {
				act.Spec.Phase = w.terminal()
				act = w.keep(act.Verb, p, name, act.Spec)
			}
			acts = append(acts, act)
		}
	}
	return acts
}

// finish ends what cannot be brought to anything else: of an SCM that goes forward only,
// statuses that are not over.
func (w *work) finish() (acts []Act) {
	for _, p := range w.providers {
		for slot := range slots {
			name := object(p, slot)
			if spec, ok := w.specs[name]; ok && p.Forward && !spec.Phase.Terminal() {
				spec.Phase, spec.Description = w.terminal(), w.text()
				acts = append(acts, w.keep("update", p, name, spec))
			}
		}
	}
	return acts
}

// next is the next change.
func (w *work) next() Act {
	w.acts++
	p := w.provider()
	if w.random.IntN(50) == 0 {
		w.at[p.Name] = p.Repositories[w.random.IntN(len(p.Repositories))]
		return Act{Verb: "move", Provider: p.Name, Repository: w.at[p.Name]}
	}
	name := object(p, w.random.IntN(slots))
	spec, ok := w.specs[name]
	if !ok {
		return w.create(p, name)
	}
	switch dice := w.random.IntN(100); {
	case dice < 10:
		delete(w.specs, name)
		return Act{Verb: "delete", Provider: p.Name, Object: name}
	case dice < 22:
		spec.SHA = w.sha()
	case dice < 28:
		spec.Name = w.name()
	case dice < 45 && !p.Forward:
		spec.Description = w.text()
	default:
		spec.Phase, spec.Description = w.phase(spec.Phase, p.Forward), w.text()
	}
	return w.keep("update", p, name, spec)
}

// provider is one of all, and the last twice as often: it is alone with its SCM.
func (w *work) provider() Provider {
	last := len(w.providers) - 1
	return w.providers[min(w.random.IntN(last+2), last)]
}

func (w *work) create(p Provider, name string) Act {
	return w.keep("create", p, name, v1alpha1.CommitStatusSpec{
		GitRepoRef: v1alpha1.ObjectReference{Name: p.Name},
		SHA:        w.sha(), Name: w.name(), Phase: v1alpha1.PhaseQueued, Description: w.text(),
		URL: "https://ci.example.com/" + name,
	})
}

func (w *work) keep(verb string, p Provider, name string, spec v1alpha1.CommitStatusSpec) Act {
	w.specs[name] = spec
	return Act{Verb: verb, Provider: p.Name, Object: name, Spec: spec}
}

// phase is another phase than the one before.
func (w *work) phase(before v1alpha1.Phase, forward bool) v1alpha1.Phase {
	if forward && before == v1alpha1.PhaseInProgress {
		return w.terminal()
	}
	for {
		all := []v1alpha1.Phase{v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, w.terminal()}
		if phase := all[w.random.IntN(len(all))]; phase != before {
			return phase
		}
	}
}

func (w *work) terminal() v1alpha1.Phase {
	return []v1alpha1.Phase{v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled}[w.random.IntN(3)]
}

func (w *work) name() string { return fmt.Sprintf("check-%d", w.random.IntN(names)) }

func (w *work) sha() string { return commit(w.acts/commitLasts + w.random.IntN(commits)) }

// text is a description: often one that others have too, else one that no other change has.
func (w *work) text() string {
	w.texts++
	if w.random.IntN(3) == 0 {
		return "as everywhere"
	}
	return fmt.Sprintf("step %d of %x", w.texts, w.random.Uint32())
}

// pace is how fast the users of one member are.
type pace struct{ random *rand.Rand }

func newPace(seed uint64, member int) pace {
	return pace{rand.New(rand.NewPCG(seed, uint64(200+member)))}
}

func (p pace) next() time.Duration {
	return leastBetween + time.Duration(p.random.Int64N(int64(mostBetween-leastBetween)))
}

func object(p Provider, slot int) string { return fmt.Sprintf("%s-%d", p.Name, slot) }

// commit is the n-th commit of every repository.
func commit(n int) string { return fmt.Sprintf("%040x", n+1) }
