package providercontract

import "fmt"

// can is the need for a fault.
func can(f Fault) func(*SCM) string {
	return func(s *SCM) string {
		if s.Inject[f] == nil {
			return fmt.Sprintf("fault %q", f)
		}
		return ""
	}
}

func edits(s *SCM) string {
	if s.Edit == nil {
		return "Edit"
	}
	return ""
}

func deletes(s *SCM) string {
	if s.Delete == nil {
		return "Delete"
	}
	return ""
}

func words(s *SCM) string {
	if s.Word == nil {
		return "Word"
	}
	return ""
}

func others(s *SCM) string {
	if s.Other == nil {
		return "Other"
	}
	return ""
}

func superseded(s *SCM) string {
	if s.Other == nil || s.Unfinished != nil {
		return "status that ends where somebody else makes one"
	}
	return ""
}

// both makes a case for a read and one for a write. name has a verb for which.
func both(name string, f Fault, run func(*Bench, Request)) []Case {
	var cases []Case
	for _, r := range []Request{Read, Write} {
		cases = append(cases, Case{
			Name: fmt.Sprintf(name, r), needs: can(f), run: func(b *Bench) { run(b, r) },
		})
	}
	return cases
}
